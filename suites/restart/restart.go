// Package restart holds what is promised of a process that ends without having been asked to.
package restart

import (
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	. "forge.ourworld.tf/lhumina_code/hero_chaos/harness/expect" //nolint:revive // matchers read as part of the language

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// killSandbox is a sandbox of its own: a second kill inside the stability period is supposed to wait longer.
const killSandbox = "sigkill"

// Specs are the theme's.
func Specs(chaos *session.Session) {
	Describe("a terminated service", spec.About(promise.RestartSIGTERM), func() {
		for _, shipped := range chaos.Target.Restartable() {
			comesBack(chaos, promise.RestartSIGTERM, session.MainSandbox, fault.SIGTERM, chaos.Shipped(shipped))
		}
	})
	Describe("a killed service", spec.About(promise.RestartSIGKILL), func() {
		for _, shipped := range chaos.Target.Restartable() {
			comesBack(chaos, promise.RestartSIGKILL, killSandbox, fault.SIGKILL, chaos.Shipped(shipped))
		}
		comesBack(chaos, promise.RestartSIGKILL, killSandbox, fault.SIGKILL, session.BaseVictim(chaos.Target))
	})
	Describe("a service that exits 0", spec.About(promise.RestartExit0), func() {
		comesBack(chaos, promise.RestartExit0, session.MainSandbox, fault.SIGTERM, session.BaseVictim(chaos.Target))
	})
}

// comesBack is the spec of one service and one fault.
func comesBack(chaos *session.Session, p string, where string, f fault.Fault, service session.Service) {
	budgets := chaos.Target.Budgets
	tolerance := budgets.Tolerance.Duration()
	window := budgets.StopTimeout.Duration() + budgets.Serving.Duration() + 2*tolerance + time.Second
	It("comes back: "+service.Name, spec.On(service.Name), spec.With(f), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, where)
		recovery := spec.Inject(ctx, sandbox, p, service, f, window)
		spec.Expect(recovery,
			Exit(Within(budgets.StopTimeout.Duration())),
			Respawn(NotBefore(service.Policy.DelayOfRetry(1)), Within(budgets.Restart.Duration()), Tolerance(tolerance)),
			Serve(Within(budgets.Serving.Duration()), Tolerance(tolerance)),
			LeaveOthersAlone(),
		)
	}, NodeTimeout(window+time.Minute))
}
