package hang

import (
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	. "forge.ourworld.tf/lhumina_code/hero_chaos/harness/expect" //nolint:revive // matchers read as part of the language

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/budget"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// hangSandbox is a container of its own, in which every shipped service hangs at once.
const hangSandbox = "hang"

// shippedSpecs registers the specs of the shipped services with the shipped numbers, for the faithful profile. A hang may fall
// into the start period: no service is older than its container, and the latest detection does not depend on the age.
func shippedSpecs(chaos *session.Session) {
	budgets, health := chaos.Target.Budgets, chaos.Target.Health
	check := budget.Check{
		Interval: health.Interval.Duration(), Timeout: health.Timeout.Duration(),
		StartPeriod: health.StartPeriod.Duration(), Retries: health.Retries,
	}
	found, limits := check.Detection(0), budget.RecordLimits(budgets)
	period := found.Latest + budgets.StopTimeout.Duration() + budgets.Serving.Duration() + 2*spec.Tolerance(chaos)
	Describe("a shipped service that hangs", spec.About(promise.HangShipped), spec.In(hangSandbox), func() {
		for _, shipped := range chaos.Target.Restartable() {
			service := chaos.Shipped(shipped)
			It("is found and replaced: "+service.Name, spec.On(service.Name), spec.With(fault.SIGSTOP), spec.Long, func(ctx SpecContext) {
				sandbox := spec.Sandbox(ctx, chaos, hangSandbox)
				seen := spec.Inject(ctx, sandbox, session.Injection{
					Promise: promise.HangShipped, Service: service, Fault: fault.SIGSTOP, ObservationLimit: period, Policy: found.Explain(),
					Terms:    record.Terms{Check: budget.RecordCheck(check), Limits: &limits},
					Together: true, // one after the other would take longer than all the rest
				})
				tolerance := Tolerance(spec.Tolerance(chaos))
				spec.Expect(seen,
					Exit(Within(found.Latest+budgets.StopTimeout.Duration()), tolerance),
					Respawn(NotBefore(service.Policy.DelayOfRetry(1)), Within(budgets.Restart.Duration()), tolerance),
					Serve(Within(budgets.Serving.Duration()), tolerance),
					LeaveOthersAlone(),
				)
			}, NodeTimeout(period+budgets.Boot.Duration()+time.Minute))
		}
	})
}
