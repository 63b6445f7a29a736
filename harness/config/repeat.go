package config

import (
	"fmt"
	"path/filepath"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// RepeatCommand returns the command that runs a focus again, with the same target, image, profile and seed.
func (c Config) RepeatCommand(focus string) string {
	target := c.Target
	if filepath.Dir(target) == filepath.Join(c.Root, "fixtures", "targets") {
		target = strings.TrimSuffix(filepath.Base(target), ".yaml")
	}
	if target == "embedded" && c.Image == "" && c.Container == "" {
		target = ""
	}
	profile := c.Profile
	if profile == Quick {
		profile = ""
	}
	seed := ""
	if c.Seed != 0 {
		seed = fmt.Sprint(c.Seed)
	}
	command := "make e2e"
	for _, flag := range [][2]string{
		{"FOCUS", focus}, {"TARGET", target}, {"HERO_IMAGE", c.Image}, {"CONTAINER", c.Container}, {"PROFILE", profile}, {"SEED", seed},
	} {
		if flag[1] == "" {
			continue
		}
		quoted, err := syntax.Quote(flag[1], syntax.LangPOSIX)
		if err != nil {
			quoted = flag[1] // only a NUL cannot be quoted
		}
		command += " " + flag[0] + "=" + quoted
	}
	return command
}
