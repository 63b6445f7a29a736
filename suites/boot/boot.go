// Package boot holds what is promised of a start: everything runs, by the supervisor's word and by its own, and it is
// what the inventory says.
package boot

import (
	"context"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
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
					spec.FailWith(chaos,
						fmt.Sprintf("%s did not serve within %s of the start", service.Name, chaos.Target.Budgets.Boot),
						[2]string{"+" + span.Text(took), trouble})
				}
				if sandbox.Supervisor.Dialect() != zinit.DialectCLI && !hasProcess(ctx, sandbox, service.Name) {
					spec.FailWith(chaos,
						service.Name+" serves, and by its status it runs without a process",
						[2]string{"zinit", fmt.Sprintf("%q, pid 0", zinit.StateRunning)})
				}
			}, NodeTimeout(chaos.Target.Budgets.Smoke.Duration()))
		}
	})
	Describe("the inventory", func() { inventorySpecs(chaos) })
	Describe("after another start", spec.Costly, func() { againSpecs(chaos) })
	Describe("actions that are run once", func() { oneshotSpecs(chaos) })
}

// hasProcess tells whether the supervisor has a process for a service, unless it says that it does not run: somebody may be
// faulting it. What is said in between, of a service that is just being started, is over within a moment.
func hasProcess(ctx context.Context, sandbox *session.Sandbox, service string) bool {
	GinkgoHelper()
	const moment = 2 * time.Second
	return spec.Until(ctx, moment, func(ctx context.Context) bool {
		status, err := sandbox.Supervisor.Status(ctx, service)
		if err != nil && ctx.Err() == nil {
			spec.Conclude(err)
		}
		return status.State != zinit.StateRunning || status.PID != 0
	})
}

// whole labels a spec that is about the image as a whole.
const whole = "image"
