// Package boot holds what is promised of a start: everything runs, by the supervisor's word and by its own, and it is
// what the inventory says.
package boot

import (
	"fmt"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// Specs are the theme's. The session looked at every service while the target started, before anybody
// faulted one.
func Specs(chaos *session.Session) {
	Describe("after the start", spec.About(promise.BootRunning), func() {
		for _, service := range chaos.Target.Restartable() {
			It("runs and answers: "+service.Name, spec.On(service.Name), func(ctx SpecContext) {
				sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
				missing, took := sandbox.Boot()
				if trouble, ok := missing[service.Name]; ok {
					spec.Broken(chaos, promise.BootRunning, service.Name,
						fmt.Sprintf("%s did not serve within %s of the start", service.Name, chaos.Target.Budgets.Boot),
						[2]string{"+" + span.Text(took), trouble})
				}
			}, NodeTimeout(chaos.Target.Budgets.Smoke.Duration()))
		}
	})
	Describe("the inventory", func() { inventorySpecs(chaos) })
	if chaos.Configuration.Heavy() {
		Describe("after another start", func() { againSpecs(chaos) })
	}
	Describe("actions that are run once", func() { oneshotSpecs(chaos) })
}

// whole labels a spec that is about the image as a whole.
const whole = "image"
