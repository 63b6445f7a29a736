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
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// The victims' scaled policy: odd values, so that a slip of units shows (design, "Two profiles").
const (
	delay     = 1730 * time.Millisecond
	stability = 47 * time.Second // no run of a spec is stable
	// gracefulEnd is how long a victim takes to end by SIGTERM, startup how long one takes to listen.
	gracefulEnd = 870 * time.Millisecond
	startup     = 1370 * time.Millisecond
	// appears is how long something is waited for that has to come before anything can be judged.
	appears = 10 * time.Second
)

// endings are the specs of the ways in which a process ends.
func endings(chaos *session.Session) {
	Describe("a service that ends unasked", func() {
		exit1, exit127, graceful := plan(chaos, "exit1"), plan(chaos, "exit127"), plan(chaos, "graceful")
		exit1.Options.ExitCode, exit127.Options.ExitCode = 1, 127
		graceful.Options.TermDelay = gracefulEnd
		isRestarted(chaos, promise.RestartExit1, fault.SIGTERM, exit1)
		isRestarted(chaos, promise.RestartExit127, fault.SIGTERM, exit127)
		isRestarted(chaos, promise.RestartSIGSEGV, fault.SIGSEGV, plan(chaos, "sigsegv"))
		isRestarted(chaos, promise.RestartSIGINT, fault.SIGINT, plan(chaos, "sigint"))
		isRestarted(chaos, promise.RestartSIGHUP, fault.SIGHUP, plan(chaos, "sighup"))
		isRestarted(chaos, promise.RestartGraceful, fault.SIGTERM, graceful)
		ignoresSIGTERM(chaos, plan(chaos, "stubborn"))
		diesWhileStarting(chaos, plan(chaos, "late"))
		diesTwice(chaos, plan(chaos, "twice"))
		losesItsProgram(chaos, plan(chaos, "missing").WithOwnBinary())
	})
}

// plan is a victim with the scaled policy.
func plan(chaos *session.Session, name string) session.VictimPlan {
	return session.NewVictim("restart-"+name, spec.LimitPolicy(chaos.Target, zinit.RetryPolicy{
		MaxAttempts: 20, Delay: zinit.Milliseconds(delay), Backoff: zinit.BackoffExponential,
		MaxDelay: zinit.Milliseconds(60 * delay), StabilityPeriod: zinit.Milliseconds(stability),
	}))
}

// starting is what a new process may take until it serves: what the target's budgets leave for it.
func starting(chaos *session.Session) time.Duration {
	return chaos.Target.Budgets.Serving.Duration() - chaos.Target.Budgets.Restart.Duration()
}

// slack is for how long something is looked for that is late.
func slack(chaos *session.Session) time.Duration {
	return starting(chaos) + 2*chaos.Target.Budgets.Tolerance.Duration() + time.Second
}

// scaled is a fault on a victim, watched for what its policy says, and so much longer: where nothing comes, that has to be
// certain on a busy host as well.
func scaled(chaos *session.Session, sandbox *session.Sandbox, p string, service session.Service, f fault.Fault, longer time.Duration) session.Injection {
	due := budget.AfterExit(service.Policy, 1, 0, sandbox.Jitter()).Respawn
	return session.Injection{
		Promise: p, Service: service, Fault: f, Window: due.Earliest + starting(chaos) + slack(chaos) + longer,
		Policy: budget.Policy(service.Policy, due),
	}
}

// isRestarted ends a victim once; what its options make of the fault is the ending. Every further sample has a victim of
// its own: a second end inside the stability period is supposed to wait longer, and so none has to be waited for.
func isRestarted(chaos *session.Session, p string, f fault.Fault, plan session.VictimPlan) {
	isRestartedOnce(chaos, p, f, plan)
	for sample := 2; sample <= chaos.Configuration.Samples; sample++ {
		isRestartedOnce(chaos, p, f, plan.Sample(sample))
	}
}

func isRestartedOnce(chaos *session.Session, p string, f fault.Fault, plan session.VictimPlan) {
	It("comes back: "+plan.Name, spec.About(p), spec.On(plan.Name), spec.With(f), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
		service := spec.Victim(ctx, sandbox, plan)
		seen := spec.Inject(ctx, sandbox, scaled(chaos, sandbox, p, service, f, plan.Options.TermDelay))
		spec.Expect(seen, Exit(NotBefore(plan.Options.TermDelay), Tolerance(chaos.Target.Budgets.Tolerance.Duration())))
		spec.Expect(seen, replacedInTime(chaos, service)...)
	}, NodeTimeout(time.Minute))
}

// replacedInTime is what has to follow a victim's first end.
func replacedInTime(chaos *session.Session, service session.Service) []Expectation {
	due, tolerance := service.Policy.DelayOfRetry(1), Tolerance(chaos.Target.Budgets.Tolerance.Duration())
	return []Expectation{
		Respawn(NotBefore(due), Within(due), tolerance),
		Serve(Within(due+starting(chaos)), tolerance),
		LeaveOthersAlone(),
	}
}

// ignoresSIGTERM sends a signal that ends nothing, and then one that does.
func ignoresSIGTERM(chaos *session.Session, plan session.VictimPlan) {
	plan.Options.OnTerm = victim.TermIgnore
	It("is left alone, and comes back: "+plan.Name, spec.About(promise.RestartTermIgnored), spec.On(plan.Name), spec.With(fault.SIGKILL), func(ctx SpecContext) {
		sandbox := spec.MainOrOwn(ctx, chaos)
		service := spec.Victim(ctx, sandbox, plan)
		killsAtTheEnd(sandbox, plan)
		spec.Hold(ctx, sandbox, service.Name)
		before := spec.Identify(ctx, sandbox, service)
		signal(ctx, sandbox, "TERM", before.PID)
		await(ctx, "SIGTERM did not reach "+plan.Name, func() bool {
			return happened(ctx, sandbox, plan, before.PID, victim.EventTerminating)
		})
		seen := spec.Inject(ctx, sandbox, scaled(chaos, sandbox, promise.RestartTermIgnored, service, fault.SIGKILL, 0))
		if seen.Before.PID != before.PID {
			Fail(fmt.Sprintf("%s was replaced though it had ignored SIGTERM (%s)\n  before   pid %d\n  after    pid %d",
				plan.Name, promise.RestartTermIgnored, before.PID, seen.Before.PID))
		}
		spec.Expect(seen, replacedInTime(chaos, service)...)
	}, NodeTimeout(time.Minute))
}

// diesWhileStarting kills a victim, and its follower before that listens. So the first to serve is the third.
func diesWhileStarting(chaos *session.Session, plan session.VictimPlan) {
	plan.Options.StartDelay = startup
	It("comes back: "+plan.Name, spec.About(promise.RestartWhileStarting), spec.On(plan.Name), spec.With(fault.SIGKILL), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
		service := spec.Victim(ctx, sandbox, plan)
		spec.Hold(ctx, sandbox, service.Name)
		second := plan.Policy.DelayOfRetry(2)
		injection := scaled(chaos, sandbox, promise.RestartWhileStarting, service, fault.SIGKILL, second+2*startup)
		seen := spec.Meanwhile(ctx, sandbox, injection, func() {
			var follower victim.Event
			await(ctx, "nothing was started in the place of "+plan.Name, func() bool {
				started := events(ctx, sandbox, plan, victim.EventStarted)
				if len(started) < 2 {
					return false
				}
				follower = started[1]
				return true
			})
			signal(ctx, sandbox, "KILL", follower.PID)
			if happened(ctx, sandbox, plan, follower.PID, victim.EventListening) {
				spec.Inconclusive("the process was not killed before it listened")
			}
		})
		started := events(ctx, sandbox, plan, victim.EventStarted)
		spec.Expect(seen, Serve(Within(delay+second+2*startup+starting(chaos)), Tolerance(chaos.Target.Budgets.Tolerance.Duration())))
		if waited := time.Duration(started[2].MonoNS - started[1].MonoNS); waited < delay {
			Fail(fmt.Sprintf("%s was started again %v after a start that it had not survived, before the %v that it has to wait (%s)",
				plan.Name, waited, delay, promise.RestartWhileStarting))
		}
	}, NodeTimeout(time.Minute))
}

// diesTwice leaves open how much longer the second delay is: that is the theme retry's.
func diesTwice(chaos *session.Session, plan session.VictimPlan) {
	It("comes back twice: "+plan.Name, spec.About(promise.RestartTwice), spec.On(plan.Name), spec.With(fault.SIGKILL), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
		service := spec.Victim(ctx, sandbox, plan)
		spec.Hold(ctx, sandbox, service.Name)
		tolerance, second := Tolerance(chaos.Target.Budgets.Tolerance.Duration()), plan.Policy.DelayOfRetry(2)
		for range 2 {
			seen := spec.Inject(ctx, sandbox, scaled(chaos, sandbox, promise.RestartTwice, service, fault.SIGKILL, second))
			spec.Expect(seen, Respawn(NotBefore(delay), Within(second), tolerance), Serve(Within(second+starting(chaos)), tolerance))
		}
	}, NodeTimeout(time.Minute))
}

// losesItsProgram kills a victim whose program is missing then, and puts it back between two retries.
func losesItsProgram(chaos *session.Session, plan session.VictimPlan) {
	It("comes back: "+plan.Name, spec.About(promise.RestartMissingBinary), spec.On(plan.Name), spec.With(fault.SIGKILL), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
		spec.Conclude(sandbox.Agent().InstallVictim(ctx, plan.Binary, false))
		service := spec.Victim(ctx, sandbox, plan)
		spec.Hold(ctx, sandbox, service.Name)
		second := plan.Policy.DelayOfRetry(2)
		spec.Conclude(sandbox.Agent().UninstallVictim(ctx, plan.Binary))
		DeferCleanup(func(ctx SpecContext) { _ = sandbox.Agent().UninstallVictim(ctx, plan.Binary) })

		tried := false
		injection := scaled(chaos, sandbox, promise.RestartMissingBinary, service, fault.SIGKILL, second)
		seen := spec.Meanwhile(ctx, sandbox, injection, func() {
			select {
			case <-time.After(delay + second/2): // after the first retry was due, and before the second
			case <-ctx.Done():
			}
			if jobs, err := sandbox.Supervisor.Jobs(ctx, zinit.RunActionName(plan.Name), 0); err == nil {
				tried = len(jobs) > 1
			}
			spec.Conclude(sandbox.Agent().InstallVictim(ctx, plan.Binary, false))
		})
		spec.Expect(seen, Serve(Within(delay+second+starting(chaos)), Tolerance(chaos.Target.Budgets.Tolerance.Duration())))
		if shortest, _ := seen.Serving.Since(*seen.Exited); !tried && shortest < delay+second {
			spec.Inconclusive("nothing shows that a start was tried while the program was missing")
		}
	}, NodeTimeout(time.Minute))
}
