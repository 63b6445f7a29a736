package config_test

import (
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
)

func TestRepeatCommandNamesWhatIsNoDefault(t *testing.T) {
	for want, c := range map[string]config.Config{
		"make e2e FOCUS=a.b/c SEED=1":                                       {Root: "/r", Target: "/r/fixtures/targets/embedded.yaml", Profile: config.Quick, Seed: 1},
		"make e2e FOCUS=a.b/c TARGET=s6 PROFILE=faithful SEED=2":            {Root: "/r", Target: "/r/fixtures/targets/s6.yaml", Profile: config.Faithful, Seed: 2},
		"make e2e FOCUS=a.b/c TARGET=hero_zero HERO_IMAGE=hero:1":           {Root: "/r", Target: "/r/fixtures/targets/hero_zero.yaml", Image: "hero:1", Profile: config.Quick},
		"make e2e FOCUS=a.b/c TARGET='/my targets/a.yaml' CONTAINER=hero-1": {Root: "/r", Target: "/my targets/a.yaml", Container: "hero-1"},
	} {
		if got := c.RepeatCommand("a.b/c"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
