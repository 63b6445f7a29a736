// Package image holds what is promised of the image itself, beside the behaviour of its services: that nobody but zinit
// looks after them, that their programs stay, and that it keeps its secrets.
package image

import (
	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// Where the image's programs are (contract hero_zero, "The image") [S].
const (
	programs     = "/root/hero/bin/*"
	heroServices = "/root/hero/bin/hero_services"
)

// Specs are the theme's.
func Specs(chaos *session.Session) {
	Describe("the services of the image", func() {
		Describe("in nobody's hands but zinit's", spec.Long, func() { watchdogSpecs(chaos) })
		Describe("and hero_services", spec.Costly, func() { heroServicesSpecs(chaos) })
	})
	Describe("the secrets of the image", spec.Costly, func() { secretSpecs(chaos) })
	Describe("the surface of the image", func() { surfaceSpecs(chaos) })
}

// whole labels a spec that is about the image as a whole.
const whole = "image"

// finding is what a check has found: a headline, empty where all is as promised, and the single cases.
type finding struct {
	headline string
	cases    []string
}

// once is the one spec of a promise about the image as a whole.
func once(chaos *session.Session, p, sentence, where string, check func(ctx SpecContext, sandbox *session.Sandbox) finding) {
	It(sentence, spec.About(p), spec.On(whole), func(ctx SpecContext) {
		open := spec.Background
		if where == session.MainSandbox {
			open = spec.Sandbox
		}
		found := check(ctx, open(ctx, chaos, where))
		if found.headline != "" {
			spec.FailWith(chaos, found.headline, spec.List("found", found.cases)...)
		}
	}, NodeTimeout(chaos.Target.Budgets.Boot.Duration()+chaos.Target.Budgets.Smoke.Duration()))
}

func surfaceSpecs(chaos *session.Session) {
	once(chaos, promise.ImageSocketsPrivate, "has no socket that is open to everybody", session.MainSandbox,
		func(ctx SpecContext, sandbox *session.Sandbox) finding {
			return socketsArePrivate(ctx, chaos.Target, sandbox)
		})
	once(chaos, promise.ImageProbeTools, "has the programs that its health checks call", session.MainSandbox, probesHaveTheirTools)
}
