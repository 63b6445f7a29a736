// Package boot holds what is promised of a start: every service runs and serves, and the image has what its inventory says.
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

const (
	// whole labels a spec that is about the image as a whole.
	whole = "image"
	// statusPeriod is how long zinit may give no pid for a service that runs: the service may be starting.
	statusPeriod = 2 * time.Second
)

// Specs registers the specs of the theme. The session looked at every service while the target started, before anybody
// faulted one.
func Specs(chaos *session.Session) {
	Describe("after the start", spec.About(promise.BootRunning), func() {
		for _, service := range chaos.Target.Restartable() {
			itRunsAndAnswers(chaos, service.Name)
		}
	})
	Describe("the inventory", func() { inventory(chaos) })
	Describe("after another start", spec.Costly, func() { secondStart(chaos) })
	Describe("actions that are run once", func() { oneshots(chaos) })
}

// itRunsAndAnswers registers the spec of one service after the start. A service that does not run at the moment may be
// faulted by another spec.
func itRunsAndAnswers(chaos *session.Session, service string) {
	It("runs and answers: "+service, spec.On(service), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
		missing, took := sandbox.Boot()
		if wrong, ok := missing[service]; ok {
			spec.FailWith(chaos, fmt.Sprintf("%s did not serve within %s of the start", service, chaos.Target.Budgets.Boot),
				spec.Note("+"+span.Text(took), "%s", wrong))
		}
		if !sandbox.Supervisor.Dialect().Registers() {
			return // it gives no pids
		}
		if !spec.Watch(ctx, statusPeriod, "wait until zinit gives a pid for "+service, func(ctx context.Context) bool {
			status, err := sandbox.Supervisor.Status(ctx, service)
			if ctx.Err() == nil {
				spec.Conclude(err)
			}
			return status.State != zinit.StateRunning || status.PID != 0
		}) {
			spec.FailWith(chaos, service+" serves, but runs without a process by its status",
				spec.Note("zinit", "%q, pid 0", zinit.StateRunning))
		}
	}, NodeTimeout(chaos.Target.Budgets.Smoke.Duration()))
}
