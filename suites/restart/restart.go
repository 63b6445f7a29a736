// Package restart holds the promises about a process that ends without having been asked to.
package restart

import (
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	. "forge.ourworld.tf/lhumina_code/hero_chaos/harness/expect" //nolint:revive // matchers read as part of the language

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/budget"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// killSandbox is a sandbox of its own, since a second kill inside the stability period has to wait longer.
const killSandbox = "sigkill"

// Specs registers the specs of the theme.
func Specs(chaos *session.Session) {
	Describe("a terminated service", spec.About(promise.RestartSIGTERM), func() {
		for _, shipped := range chaos.Target.Restartable() {
			itComesBack(chaos, promise.RestartSIGTERM, session.MainSandbox, fault.SIGTERM, chaos.Shipped(shipped))
		}
		dying := planVictim(chaos, "sigterm") // a shipped service may exit with 0 on SIGTERM; this one dies of it
		dying.Options.OnTerm = victim.TermDie
		itIsReplaced(chaos, promise.RestartSIGTERM, fault.SIGTERM, dying)
	})
	// Many specs share that sandbox. Where it has to wait for room, they would keep all workers from those of the main one.
	Describe("a killed service", spec.About(promise.RestartSIGKILL), spec.Costly, func() {
		for _, shipped := range chaos.Target.Restartable() {
			itComesBack(chaos, promise.RestartSIGKILL, killSandbox, fault.SIGKILL, chaos.Shipped(shipped))
		}
		itComesBack(chaos, promise.RestartSIGKILL, killSandbox, fault.SIGKILL, session.BaseVictim(chaos.Target))
		itIsReplaced(chaos, promise.RestartSIGKILL, fault.SIGKILL, planVictim(chaos, "sigkill"))
	})
	Describe("a service that exits 0", spec.About(promise.RestartExit0), func() {
		itComesBack(chaos, promise.RestartExit0, session.MainSandbox, fault.SIGTERM, session.BaseVictim(chaos.Target))
	})
	Describe("while a service is restarted", spec.About(promise.RestartUndisturbed), func() {
		itKeepsItsDependents(chaos, session.NewVictim("required", chaos.Target.Policy))
	})
	endingSpecs(chaos)
	orderSpecs(chaos)
	toldSpecs(chaos)
}

// itComesBack registers the spec of one fault on a service that has the target's policy.
func itComesBack(chaos *session.Session, p, where string, f fault.Fault, service session.Service) {
	It("comes back: "+service.Name, spec.On(service.Name), spec.With(f), spec.InTurn(where), func(ctx SpecContext) {
		expectRestart(ctx, chaos, spec.Sandbox(ctx, chaos, where), p, service, f)
	}, NodeTimeout(watchPeriod(chaos)+time.Minute))
}

// itKeepsItsDependents registers the spec that kills a service which another one requires.
func itKeepsItsDependents(chaos *session.Session, required session.VictimPlan) {
	It("keeps its dependents: "+required.Name, spec.On(required.Name), spec.With(fault.SIGKILL), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
		service := spec.Victim(ctx, sandbox, required)
		requiring := session.NewVictim("dependent", chaos.Target.Policy)
		requiring.Requires = []string{required.Name}
		dependent := spec.Victim(ctx, sandbox, requiring)

		before := spec.Identify(ctx, sandbox, dependent)
		expectRestart(ctx, chaos, sandbox, promise.RestartUndisturbed, service, fault.SIGKILL)
		if after := spec.Identify(ctx, sandbox, dependent); !spec.IsSameProcess(after, before) {
			spec.FailWith(chaos, dependent.Name+" was replaced when "+service.Name+", which it requires, was killed",
				spec.Note("before", "pid %d", before.PID), spec.Note("after", "pid %d", after.PID))
		}
	}, NodeTimeout(watchPeriod(chaos)+time.Minute))
}

// expectRestart injects a fault into a service that has the target's policy, and expects a restart within the budgets.
func expectRestart(ctx SpecContext, chaos *session.Session, sandbox *session.Sandbox, p string, service session.Service, f fault.Fault) {
	GinkgoHelper()
	budgets, tolerance := chaos.Target.Budgets, Tolerance(spec.Tolerance(chaos))
	due, limits := budget.AfterExit(service.Policy, 1, 0, sandbox.Jitter()), budget.RecordLimits(budgets)
	seen := spec.Inject(ctx, sandbox, session.Injection{
		Promise: p, Service: service, Fault: f, ObservationLimit: watchPeriod(chaos), Policy: budget.DescribeDue(service.Policy, due.Respawn),
		Terms: record.Terms{Limits: &limits}, InTurn: true,
	})
	spec.Expect(seen,
		Exit(Within(budgets.StopTimeout.Duration())),
		Respawn(NotBefore(service.Policy.DelayOfRetry(1)), Within(budgets.Restart.Duration()), tolerance),
		Serve(Within(budgets.Serving.Duration()), tolerance),
		LeaveOthersAlone(),
	)
}

// watchPeriod returns how long a restart is watched: all that the budgets grant, and enough to say by how much it is late.
func watchPeriod(chaos *session.Session) time.Duration {
	budgets := chaos.Target.Budgets
	return budgets.StopTimeout.Duration() + budgets.Serving.Duration() + 2*spec.Tolerance(chaos) + time.Second
}
