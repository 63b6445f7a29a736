// Package restart holds what is promised of a process that ends without having been asked to.
package restart

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	. "forge.ourworld.tf/lhumina_code/hero_chaos/harness/expect" //nolint:revive // matchers read as part of the language

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/budget"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
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
		dying := plan(chaos, "sigterm") // what a service of the image does on SIGTERM is its own affair: it may well exit with 0
		dying.Options.OnTerm = victim.TermDie
		isRestarted(chaos, promise.RestartSIGTERM, fault.SIGTERM, dying)
	})
	Describe("a killed service", spec.About(promise.RestartSIGKILL), func() {
		for _, shipped := range chaos.Target.Restartable() {
			comesBack(chaos, promise.RestartSIGKILL, killSandbox, fault.SIGKILL, chaos.Shipped(shipped))
		}
		comesBack(chaos, promise.RestartSIGKILL, killSandbox, fault.SIGKILL, session.BaseVictim(chaos.Target))
		isRestarted(chaos, promise.RestartSIGKILL, fault.SIGKILL, plan(chaos, "sigkill"))
	})
	Describe("a service that exits 0", spec.About(promise.RestartExit0), func() {
		comesBack(chaos, promise.RestartExit0, session.MainSandbox, fault.SIGTERM, session.BaseVictim(chaos.Target))
	})
	Describe("while a service is restarted", spec.About(promise.RestartUndisturbed), func() {
		leavesDependentsAlone(chaos, session.NewVictim("required", chaos.Target.Policy))
	})
	endings(chaos)
	orders(chaos)
}

// comesBack is the spec of one service and one fault.
func comesBack(chaos *session.Session, p, where string, f fault.Fault, service session.Service) {
	It("comes back: "+service.Name, spec.On(service.Name), spec.With(f), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, where)
		recovery := spec.Inject(ctx, sandbox, restarting(chaos, sandbox, p, service, f))
		spec.Expect(recovery, restarted(chaos, service)...)
	}, NodeTimeout(window(chaos)+time.Minute))
}

// leavesDependentsAlone kills a service and looks at one that requires it.
func leavesDependentsAlone(chaos *session.Session, base session.VictimPlan) {
	It("keeps its dependents: "+base.Name, spec.On(base.Name), spec.With(fault.SIGKILL), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
		service := spec.Victim(ctx, sandbox, base)
		plan := session.NewVictim("dependent", chaos.Target.Policy)
		plan.Requires = []string{base.Name}
		dependent := spec.Victim(ctx, sandbox, plan)

		before := spec.Identify(ctx, sandbox, dependent)
		recovery := spec.Inject(ctx, sandbox, restarting(chaos, sandbox, promise.RestartUndisturbed, service, fault.SIGKILL))
		spec.Expect(recovery, restarted(chaos, service)...)
		if after := spec.Identify(ctx, sandbox, dependent); after.PID != before.PID || after.StartTime != before.StartTime {
			Fail(fmt.Sprintf("%s was replaced when %s, which it requires, was killed (%s)\n  before   pid %d\n  after    pid %d",
				dependent.Name, service.Name, promise.RestartUndisturbed, before.PID, after.PID))
		}
	}, NodeTimeout(window(chaos)+time.Minute))
}

// window is how long a restart is observed: the longest that the budgets grant, and something to see by how
// much they were exceeded.
func window(chaos *session.Session) time.Duration {
	budgets := chaos.Target.Budgets
	return budgets.StopTimeout.Duration() + budgets.Serving.Duration() + 2*budgets.Tolerance.Duration() + time.Second
}

func restarting(chaos *session.Session, sandbox *session.Sandbox, p string, service session.Service, f fault.Fault) session.Injection {
	due := budget.AfterExit(service.Policy, 1, 0, sandbox.Jitter())
	return session.Injection{
		Promise: p, Service: service, Fault: f, Window: window(chaos), Policy: budget.Policy(service.Policy, due.Respawn),
		InTurn: true,
	}
}

// restarted is what has to follow an end that nobody asked for.
func restarted(chaos *session.Session, service session.Service) []Expectation {
	budgets := chaos.Target.Budgets
	tolerance := Tolerance(budgets.Tolerance.Duration())
	return []Expectation{
		Exit(Within(budgets.StopTimeout.Duration())),
		Respawn(NotBefore(service.Policy.DelayOfRetry(1)), Within(budgets.Restart.Duration()), tolerance),
		Serve(Within(budgets.Serving.Duration()), tolerance),
		LeaveOthersAlone(),
	}
}
