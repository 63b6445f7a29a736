package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
)

func TestRepeatCommandNamesWhatIsNoDefault(t *testing.T) {
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "Makefile"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(root, "fixtures", "targets", name) }
	for want, c := range map[string]config.Config{
		"make e2e FOCUS=a.b/c SEED=1":                                       {Root: root, Target: in("embedded.yaml"), Profile: config.Quick, Seed: 1},
		"make e2e FOCUS=a.b/c TARGET=s6 PROFILE=faithful SEED=2":            {Root: root, Target: in("s6.yaml"), Profile: config.Faithful, Seed: 2},
		"make e2e FOCUS=a.b/c TARGET=hero_zero HERO_IMAGE=hero:1":           {Root: root, Target: in("hero_zero.yaml"), Image: "hero:1", Profile: config.Quick},
		"make e2e FOCUS=a.b/c TARGET='/my targets/a.yaml' CONTAINER=hero-1": {Root: root, Target: "/my targets/a.yaml", Container: "hero-1"},
		"make e2e FOCUS=a.b/c MUTANT=no-restart":                            {Root: root, Target: in("embedded.yaml"), Mutant: "no-restart"},
	} {
		if got := c.RepeatCommand("a.b/c"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestADistributionHasNoMake(t *testing.T) {
	root := t.TempDir()
	c := config.Config{Root: root, Target: filepath.Join(root, "fixtures", "targets", "embedded.yaml"), Seed: 1}
	if got, want := c.RepeatCommand("a.b"), "./hero_chaos run --focus=a.b --seed=1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
