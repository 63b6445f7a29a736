package repeat_test

import (
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/repeat"
)

func TestACommandNamesWhatIsNoDefault(t *testing.T) {
	asked := func(asked record.Request) record.Run {
		return record.Run{Target: "hero_zero", Image: "hero:1", Profile: "quick", Seed: 7, Request: &asked}
	}
	faithful := asked(record.Request{TargetFile: "s6", Samples: 59})
	faithful.Profile, faithful.Focus = "faithful", "boot"
	mutant := asked(record.Request{TargetFile: "embedded"})
	mutant.Mutant, mutant.Choices = "no-restart", "status=exited"
	for want, got := range map[string]repeat.Command{
		"make e2e SEED=7": repeat.Of(asked(record.Request{TargetFile: "embedded"})),
		"make e2e FOCUS=restart.sigterm/user.a SEED=7":                                     repeat.Of(asked(record.Request{TargetFile: "embedded"})).On("restart.sigterm", "user.a"),
		"make e2e FOCUS=boot TARGET=s6 PROFILE=faithful SEED=7 SAMPLES=59":                 repeat.Of(faithful),
		"make e2e TARGET=hero_zero HERO_IMAGE=hero:1 SEED=7":                               repeat.Of(asked(record.Request{TargetFile: "hero_zero", Image: "hero:1"})),
		"make e2e TARGET='/my targets/a.yaml' CONTAINER=hero-1 SEED=7 ALLOW_DESTRUCTIVE=1": repeat.Of(asked(record.Request{TargetFile: "/my targets/a.yaml", Container: "hero-1", AllowDestructive: true})),
		"make e2e FOCUS=a.b SEED=7":                                                        repeat.Of(asked(record.Request{TargetFile: "embedded", Image: "hero_chaos/herozero:1"})).On("a.b", ""),
		"make e2e MUTANT=no-restart CHOICES='status=exited' SEED=7":                        repeat.Of(mutant),
		"./hero_chaos run --target=s6 --profile=faithful --seed=7":                         repeat.Of(asked(record.Request{TargetFile: "s6", WithoutMake: true})).Whole(),
		"make e2e TARGET=hero_zero HERO_IMAGE=hero:1 PROFILE=faithful SEED=7":              repeat.Of(record.Run{Target: "hero_zero", Image: "hero:1", Profile: "quick", Seed: 7, Service: "user.a"}).Whole(),
		"make e2e FOCUS=restart":                                                           repeat.Of(record.Run{Target: "embedded", Image: "hero_chaos/herozero:1", Focus: "restart"}),
		"./hero_chaos run --container=hero-1 --allow-destructive":                          {Container: "hero-1", AllowDestructive: true, WithoutMake: true},
	} {
		if got.String() != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestOtherCommandsAreAboutTheSameImage(t *testing.T) {
	c := repeat.Command{Target: "hero_zero", Image: "hero:1"}
	for want, got := range map[string]string{
		"make inspect TARGET=hero_zero HERO_IMAGE=hero:1":                c.Inspect(),
		"make discover HERO_IMAGE=hero:1":                                c.Discover(),
		"bin/hero_chaos promote 'my out/record.json' --digest sha256:44": c.Promote("my out/record.json", "sha256:44"),
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
