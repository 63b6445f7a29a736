// Package image holds what is promised of the image itself: only zinit supervises its services, its programs stay, and its
// secrets stay secret.
package image

import (
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

const (
	// whole labels a spec that is about the image as a whole.
	whole = "image"
	// programs and heroServices are where the image's programs are: suites/contract/hero_zero.md#image.
	programs     = "/root/hero/bin/*"
	heroServices = "/root/hero/bin/hero_services"
)

// check looks for something in a sandbox.
type check func(ctx SpecContext, sandbox *session.Sandbox) spec.Finding

// Specs registers the specs of the theme.
func Specs(chaos *session.Session) {
	Describe("the services of the image", func() {
		Describe("in nobody's hands but zinit's", spec.Long, func() { watchdogs(chaos) })
		Describe("and hero_services", spec.Costly, func() { heroServicesOrders(chaos) })
	})
	Describe("the image in use", spec.InBackground(session.CanarySandbox), spec.Takes(25*time.Second), Ordered, ContinueOnFailure, func() {
		experiment := use(chaos)
		smokeSpecs(chaos, experiment)
		secrets(chaos, experiment)
	})
	Describe("the surface of the image", func() {
		itPasses(chaos, promise.ImageSocketsPrivate, "has no socket that is open to everybody", session.MainSandbox, checkSockets(chaos.Target))
		itPasses(chaos, promise.ImagePorts, "is reached at no port that its target file does not list", session.MainSandbox, checkPorts(chaos.Target))
		itPasses(chaos, promise.ImageRPCPrivate, "does not offer the supervisor's RPC over TCP", session.MainSandbox, checkRPC(chaos.Target))
		itPasses(chaos, promise.ImageAbstractSockets, "listens at no abstract socket", session.MainSandbox, checkAbstract)
		itPasses(chaos, promise.ImageWorldWritable, "runs nothing that everybody may change", session.MainSandbox, checkWritable)
		itPasses(chaos, promise.ImageProbeTools, "has the programs that its health checks call", session.MainSandbox, checkProbeTools)
	})
}

// itPasses registers the one spec of a promise about the image as a whole.
func itPasses(chaos *session.Session, p, sentence, where string, check check) {
	It(sentence, spec.About(p), spec.On(whole), func(ctx SpecContext) {
		open := spec.Background
		if where == session.MainSandbox {
			open = spec.Sandbox
		}
		sandbox := open(ctx, chaos, where)
		By("look whether the image " + sentence)
		check(ctx, sandbox).Judge(chaos)
	}, NodeTimeout(chaos.Target.Budgets.Boot.Duration()+chaos.Target.Budgets.Smoke.Duration()))
}
