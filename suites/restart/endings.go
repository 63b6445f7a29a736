package restart

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	. "forge.ourworld.tf/lhumina_code/hero_chaos/harness/expect" //nolint:revive // matchers read as part of the language

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/budget"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// The victims' scaled policy and behaviour.
const (
	delay           = 1730 * time.Millisecond
	stabilityPeriod = 47 * time.Second // longer than any run of a spec
	termDelay       = 870 * time.Millisecond
	startDelay      = 1370 * time.Millisecond
)

// endingSpecs registers the specs of the ways in which a process ends.
func endingSpecs(chaos *session.Session) {
	Describe("a service that ends unasked", func() {
		exit1, exit127, graceful := planVictim(chaos, "exit1"), planVictim(chaos, "exit127"), planVictim(chaos, "graceful")
		exit1.Options.ExitCode, exit127.Options.ExitCode = 1, 127
		graceful.Options.TermDelay = termDelay
		itIsReplaced(chaos, promise.RestartExit1, fault.SIGTERM, exit1)
		itIsReplaced(chaos, promise.RestartExit127, fault.SIGTERM, exit127)
		itIsReplaced(chaos, promise.RestartSIGSEGV, fault.SIGSEGV, planVictim(chaos, "sigsegv"))
		itIsReplaced(chaos, promise.RestartSIGINT, fault.SIGINT, planVictim(chaos, "sigint"))
		itIsReplaced(chaos, promise.RestartSIGHUP, fault.SIGHUP, planVictim(chaos, "sighup"))
		itIsReplaced(chaos, promise.RestartGraceful, fault.SIGTERM, graceful)
		held := planVictim(chaos, "held-output")
		held.Options.SetsidChild, held.Options.Children = true, 1
		itIsReplaced(chaos, promise.RestartHeldOutput, fault.SIGKILL, held)
		itIgnoresSIGTERM(chaos, planVictim(chaos, "stubborn"))
		itDiesWhileStarting(chaos, planVictim(chaos, "late"))
		itDiesTwice(chaos, planVictim(chaos, "twice"))
		itLosesItsProgram(chaos, planVictim(chaos, "missing").WithOwnBinary())
	})
}

// planVictim plans a victim with the scaled policy.
func planVictim(chaos *session.Session, name string) session.VictimPlan {
	return session.NewVictim("restart-"+name, spec.LimitPolicy(chaos.Target, spec.ScalePolicy(delay, stabilityPeriod)))
}

// planInjection plans a fault on a victim. It is watched for as long as the victim's policy takes, and for extra time.
func planInjection(chaos *session.Session, sandbox *session.Sandbox, p string, service session.Service, f fault.Fault, extra time.Duration) session.Injection {
	due := budget.AfterExit(service.Policy, 1, 0, sandbox.Jitter()).Respawn
	return session.Injection{
		Promise: p, Service: service, Fault: f, ObservationLimit: due.Earliest + spec.StartupLimit(chaos) + spec.LatePeriod(chaos) + extra,
		Policy: budget.DescribeDue(service.Policy, due),
	}
}

// expectReplacement expects what has to follow a victim's first end.
func expectReplacement(chaos *session.Session, service session.Service, seen record.Recovery) {
	GinkgoHelper()
	due, tolerance := service.Policy.DelayOfRetry(1), Tolerance(spec.Tolerance(chaos))
	spec.Expect(seen,
		Respawn(NotBefore(due), Within(due), tolerance),
		Serve(Within(due+spec.StartupLimit(chaos)), tolerance),
		LeaveOthersAlone(),
	)
}

// itIsReplaced registers the specs that end a victim once: its options say how it ends by the fault. Each further sample
// has a victim of its own, since a second end inside the stability period has to wait longer.
func itIsReplaced(chaos *session.Session, p string, f fault.Fault, plan session.VictimPlan) {
	plans := []session.VictimPlan{plan}
	for sample := 2; sample <= chaos.Configuration.Samples; sample++ {
		plans = append(plans, plan.Sample(sample))
	}
	for _, plan := range plans {
		It("comes back: "+plan.Name, spec.About(p), spec.On(plan.Name), spec.With(f), func(ctx SpecContext) {
			sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
			service := spec.Victim(ctx, sandbox, plan)
			injection := planInjection(chaos, sandbox, p, service, f, plan.Options.TermDelay)
			injection.Terms.TermDelay = int64(plan.Options.TermDelay)
			seen := spec.Inject(ctx, sandbox, injection)
			spec.Expect(seen, Exit(NotBefore(plan.Options.TermDelay), Tolerance(spec.Tolerance(chaos))))
			expectReplacement(chaos, service, seen)
		}, NodeTimeout(time.Minute))
	}
}

// itIgnoresSIGTERM registers the spec of a signal that ends nothing, and then one that does.
func itIgnoresSIGTERM(chaos *session.Session, plan session.VictimPlan) {
	plan.Options.OnTerm = victim.TermIgnore
	It("is left alone, and comes back: "+plan.Name, spec.About(promise.RestartTermIgnored), spec.On(plan.Name), spec.With(fault.SIGKILL), func(ctx SpecContext) {
		sandbox := spec.MainOrOwn(ctx, chaos)
		service := spec.Victim(ctx, sandbox, plan)
		killAfterwards(sandbox, plan)
		spec.Hold(ctx, sandbox, service.Name)
		before := spec.Identify(ctx, sandbox, service)

		sendSignal(ctx, sandbox, "TERM", before.PID)
		spec.Await(ctx, eventLimit, "SIGTERM reaches "+plan.Name, func(ctx context.Context) bool {
			return hasEvent(ctx, sandbox, plan, before.PID, victim.EventTerminating)
		})
		seen := spec.Inject(ctx, sandbox, planInjection(chaos, sandbox, promise.RestartTermIgnored, service, fault.SIGKILL, 0))
		if seen.Before.PID != before.PID {
			spec.FailWith(chaos, plan.Name+" was replaced though it had ignored SIGTERM",
				spec.Note("before", "pid %d", before.PID), spec.Note("after", "pid %d", seen.Before.PID))
		}
		expectReplacement(chaos, service, seen)
	}, NodeTimeout(time.Minute))
}

// itDiesWhileStarting registers the spec that kills a victim, and the process that follows it before that listens. The
// first process that serves again is the third.
func itDiesWhileStarting(chaos *session.Session, plan session.VictimPlan) {
	plan.Options.StartDelay = startDelay
	It("comes back: "+plan.Name, spec.About(promise.RestartWhileStarting), spec.On(plan.Name), spec.With(fault.SIGKILL), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
		service := spec.Victim(ctx, sandbox, plan)
		spec.Hold(ctx, sandbox, service.Name)
		starts := func(ctx context.Context) spec.Journal {
			journal, err := spec.ReadJournal(ctx, sandbox, plan)
			spec.Conclude(err)
			return journal.Of(victim.EventStarted)
		}

		second := plan.Policy.DelayOfRetry(2)
		injection := planInjection(chaos, sandbox, promise.RestartWhileStarting, service, fault.SIGKILL, second+2*startDelay)
		injection.Terms.Wait = int64(second + 2*startDelay)
		seen := spec.Meanwhile(ctx, sandbox, injection, func() {
			spec.Await(ctx, eventLimit, "a second process of "+plan.Name+" starts", func(ctx context.Context) bool {
				return len(starts(ctx)) > 1
			})
			follower := starts(ctx)[1].PID
			sendSignal(ctx, sandbox, "KILL", follower)
			if hasEvent(ctx, sandbox, plan, follower, victim.EventListening) {
				spec.Inconclusive("the process was not killed before it listened")
			}
		})
		By("read when the processes of " + plan.Name + " started")
		started := starts(ctx)
		spec.Expect(seen, Serve(Within(delay+second+2*startDelay+spec.StartupLimit(chaos)), Tolerance(spec.Tolerance(chaos))))
		if waited := time.Duration(started[2].MonoNS - started[1].MonoNS); waited < delay {
			spec.FailWith(chaos, plan.Name+" was started too early after a process that had been killed while it started",
				spec.Note("waited", "%s from one start to the next", span.Text(waited)), spec.Note("policy", "at least %s", span.Text(delay)))
		}
	}, NodeTimeout(time.Minute))
}

// itDiesTwice registers the spec of two ends in a row. How much longer the second delay is, the theme retry judges.
func itDiesTwice(chaos *session.Session, plan session.VictimPlan) {
	It("comes back twice: "+plan.Name, spec.About(promise.RestartTwice), spec.On(plan.Name), spec.With(fault.SIGKILL), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
		service := spec.Victim(ctx, sandbox, plan)
		spec.Hold(ctx, sandbox, service.Name)
		tolerance, second := Tolerance(spec.Tolerance(chaos)), plan.Policy.DelayOfRetry(2)
		for range 2 {
			injection := planInjection(chaos, sandbox, promise.RestartTwice, service, fault.SIGKILL, second)
			injection.Terms.LastRetry = 2
			seen := spec.Inject(ctx, sandbox, injection)
			spec.Expect(seen, Respawn(NotBefore(delay), Within(second), tolerance), Serve(Within(second+spec.StartupLimit(chaos)), tolerance))
		}
	}, NodeTimeout(time.Minute))
}

// itLosesItsProgram registers the spec that kills a victim whose program is missing, and puts it back between two retries.
func itLosesItsProgram(chaos *session.Session, plan session.VictimPlan) {
	It("comes back: "+plan.Name, spec.About(promise.RestartMissingBinary), spec.On(plan.Name), spec.With(fault.SIGKILL), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
		By("install a program for " + plan.Name + " alone")
		spec.Conclude(sandbox.Agent().InstallVictim(ctx, plan.Binary, false))
		service := spec.Victim(ctx, sandbox, plan)
		spec.Hold(ctx, sandbox, service.Name)
		By("remove the program of " + plan.Name)
		spec.Conclude(sandbox.Agent().UninstallVictim(ctx, plan.Binary))
		DeferCleanup(func(ctx SpecContext) { _ = sandbox.Agent().UninstallVictim(ctx, plan.Binary) })

		tried, second := false, plan.Policy.DelayOfRetry(2)
		injection := planInjection(chaos, sandbox, promise.RestartMissingBinary, service, fault.SIGKILL, second)
		injection.Terms.Wait = int64(second)
		seen := spec.Meanwhile(ctx, sandbox, injection, func() {
			By("wait until the first retry of " + plan.Name + " is over, and the second is not due")
			spec.Pause(ctx, delay+second/2)
			if jobs, err := sandbox.Supervisor.Jobs(ctx, zinit.RunActionName(plan.Name), 0); err == nil {
				tried = len(jobs) > 1
			}
			By("put the program of " + plan.Name + " back, and wait until it serves")
			spec.Conclude(sandbox.Agent().InstallVictim(ctx, plan.Binary, false))
		})
		spec.Expect(seen, Serve(Within(delay+second+spec.StartupLimit(chaos)), Tolerance(spec.Tolerance(chaos))))
		if shortest, _ := seen.Serving.Since(*seen.Exited); !tried && shortest < delay+second {
			spec.Inconclusive("nothing shows that a start was tried while the program was missing")
		}
	}, NodeTimeout(time.Minute))
}
