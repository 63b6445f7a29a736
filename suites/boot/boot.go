// Package boot holds what is promised of a start: everything runs, by the supervisor's word and by its own.
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
					Fail(fmt.Sprintf("%s did not serve within %s of the start (%s)\n  %s: %s\n  again    make e2e FOCUS=%s/%s",
						service.Name, chaos.Target.Budgets.Boot, promise.BootRunning, span.Text(took), trouble,
						promise.BootRunning, service.Name))
				}
			}, NodeTimeout(chaos.Target.Budgets.Smoke.Duration()))
		}
	})
}
