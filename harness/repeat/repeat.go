// Package repeat writes the commands that a person types after a run: with the same target, image, profile and seed.
package repeat

import (
	"fmt"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// Command is a run as a command line. Empty members are left out, because they have defaults.
type Command struct {
	Target, Image, Container string
	Mutant, Choices          string
	UpgradeFrom              string
	Focus, Service, Profile  string
	Seed                     int64
	Procs, Samples           int
	AllowDestructive         bool
	// WithoutMake calls the program itself, as a distribution has no Makefile.
	WithoutMake bool
}

// ownImages is the prefix of images that a run builds itself: HERO_IMAGE is for others.
const ownImages = "hero_chaos/"

const (
	quick    = "quick"
	embedded = "embedded"
)

// Of returns the command that repeats a run. Records of older programs do not say what was asked for: then it is what was tested.
func Of(run record.Run) Command {
	c := Command{
		Mutant: run.Mutant, Choices: run.Choices, Focus: run.Focus, Service: run.Service, Profile: run.Profile, Seed: run.Seed,
		Target: run.Target,
	}
	if asked := run.Request; asked != nil {
		c.Target, c.Image, c.Container = asked.TargetFile, asked.Image, asked.Container
		c.AllowDestructive, c.WithoutMake = asked.AllowDestructive, asked.WithoutMake
		c.UpgradeFrom = asked.UpgradeFrom
		if asked.Samples > 1 {
			c.Samples = asked.Samples
		}
	} else {
		c.Image = run.Image
	}
	if strings.HasPrefix(c.Image, ownImages) {
		c.Image = "" // the target builds it again
	}
	if c.Target == embedded && c.Image == "" && c.Container == "" {
		c.Target = ""
	}
	if c.Profile == quick {
		c.Profile = ""
	}
	return c
}

// On returns the command for one promise, and for one service if it is named.
func (c Command) On(promise, service string) Command {
	c.Focus, c.Service = promise, ""
	if service != "" {
		c.Focus += "/" + service
	}
	return c
}

// Whole returns the command for every promise and service in the profile in which an image can be promoted.
func (c Command) Whole() Command {
	c.Focus, c.Service, c.Profile = "", "", "faithful"
	return c
}

// String returns the command for a POSIX shell.
func (c Command) String() string {
	flags := append(c.place(), []flag{
		{"MUTANT", "mutant", c.Mutant},
		{"CHOICES", "choices", c.Choices},
		{"UPGRADE_FROM", "upgrade-from", c.UpgradeFrom},
		{"PROFILE", "profile", c.Profile},
		{"SEED", "seed", number(c.Seed)},
		{"PROCS", "procs", number(int64(c.Procs))},
		{"SAMPLES", "samples", number(int64(c.Samples))},
	}...)
	flags = append([]flag{{"FOCUS", "focus", c.Focus}, {"SERVICE", "service", c.Service}}, flags...)
	if c.AllowDestructive {
		flags = append(flags, flag{"ALLOW_DESTRUCTIVE", "allow-destructive", "1"})
	}
	return c.write("e2e", "run", flags)
}

// Inspect returns the command that looks at the same image without breaking anything.
func (c Command) Inspect() string { return c.write("inspect", "inspect", c.place()) }

// Discover returns the command that writes a target file from the same image.
func (c Command) Discover() string {
	c.Target = ""
	return c.write("discover", "discover", c.place())
}

// Promote returns the command that judges a record, as a gate does.
func (c Command) Promote(record, digest string) string {
	return c.program() + words([]string{"promote", record, "--digest", digest})
}

// flag is a flag by its names for make and for the program.
type flag struct{ variable, name, value string }

// place returns the flags that say what is tested.
func (c Command) place() []flag {
	return []flag{{"TARGET", "target", c.Target}, {"HERO_IMAGE", "image", c.Image}, {"CONTAINER", "container", c.Container}}
}

func (c Command) program() string {
	if c.WithoutMake {
		return "./hero_chaos"
	}
	return "bin/hero_chaos"
}

func (c Command) write(target, command string, flags []flag) string {
	text := "make " + target
	if c.WithoutMake {
		text = c.program() + " " + command
	}
	for _, flag := range flags {
		switch {
		case flag.value == "":
		case !c.WithoutMake:
			text += " " + flag.variable + "=" + quote(flag.value)
		case flag.name == "allow-destructive":
			text += " --" + flag.name
		default:
			text += " --" + flag.name + "=" + quote(flag.value)
		}
	}
	return text
}

func words(all []string) (text string) {
	for _, word := range all {
		text += " " + quote(word)
	}
	return text
}

func quote(word string) string {
	quoted, err := syntax.Quote(word, syntax.LangPOSIX)
	if err != nil {
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" // a word with a line end, which POSIX quotes like this alone
	}
	return quoted
}

func number(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}
