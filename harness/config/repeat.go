package config

import (
	"os"
	"path/filepath"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/repeat"
)

// Request returns what the run was asked for, as a record says it.
func (c Config) Request() *record.Request {
	target := c.Target
	if filepath.Dir(target) == filepath.Join(c.Root, "fixtures", "targets") {
		target = strings.TrimSuffix(filepath.Base(target), ".yaml")
	}
	_, err := os.Stat(filepath.Join(c.Root, "Makefile"))
	return &record.Request{
		TargetFile: target, Image: c.Image, Container: c.Container, Samples: c.Samples, UpgradeFrom: c.UpgradeFrom, AllowDestructive: c.AllowDestructive,
		WithoutMake: os.IsNotExist(err),
	}
}

// RepeatCommand returns the command that runs a focus again, with the same target, image, profile and seed.
func (c Config) RepeatCommand(focus string) string {
	return repeat.Of(c.Describe()).On(focus, "").String()
}

// Describe returns what a record says of a run that has this configuration, before anything is known of its target.
func (c Config) Describe() record.Run {
	return record.Run{
		PolicySHA256: c.PolicySHA256, Image: c.Image, Mutant: c.Mutant, Choices: c.Choices, Profile: c.Profile, Seed: c.Seed, Focus: c.Focus,
		Service: c.Service, Request: c.Request(), Version: c.Version, Procs: c.Procs,
	}
}
