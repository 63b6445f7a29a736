package hang

import (
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	. "forge.ourworld.tf/lhumina_code/hero_chaos/harness/expect" //nolint:revive // matchers read as part of the language

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/budget"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// hangSandbox is a container of its own, in which every shipped service hangs at once.
const hangSandbox = "hang"

// shipped are the hangs of the shipped services with the shipped numbers: the faithful profile's.
func shipped(chaos *session.Session) {
	Describe("a shipped service that hangs", spec.About(promise.HangShipped), func() {
		for _, service := range chaos.Target.Restartable() {
			isFoundByItsOwnCheck(chaos, service)
		}
	})
}

// shippedDetection is when a hang of a shipped service is found: it may still be in its start period. No service
// is older than its container, and how old it is does not matter for the latest.
func shippedDetection(t *target.Target) budget.Window {
	return budget.Check{
		Interval: t.Health.Interval.Duration(), Timeout: t.Health.Timeout.Duration(),
		StartPeriod: t.Health.StartPeriod.Duration(), Retries: t.Health.Retries,
	}.Detection(0)
}

func isFoundByItsOwnCheck(chaos *session.Session, shipped target.Service) {
	budgets, found := chaos.Target.Budgets, shippedDetection(chaos.Target)
	service := chaos.Shipped(shipped)
	first := service.Policy.DelayOfRetry(1)
	window := found.Latest + budgets.StopTimeout.Duration() + budgets.Serving.Duration() + 2*budgets.Tolerance.Duration()
	It("is found and replaced: "+service.Name, spec.On(service.Name), spec.With(fault.SIGSTOP), spec.Long, func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, hangSandbox)
		seen := spec.Inject(ctx, sandbox, session.Injection{
			Promise: promise.HangShipped, Service: service, Fault: fault.SIGSTOP, Window: window, Policy: found.Explain(),
		})
		tolerance := Tolerance(budgets.Tolerance.Duration())
		spec.Expect(seen,
			Exit(Within(found.Latest+budgets.StopTimeout.Duration()), tolerance),
			Respawn(NotBefore(first), Within(budgets.Restart.Duration()), tolerance),
			Serve(Within(budgets.Serving.Duration()), tolerance),
			LeaveOthersAlone(),
		)
	}, NodeTimeout(window+chaos.Target.Budgets.Boot.Duration()+time.Minute))
}
