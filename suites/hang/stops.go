package hang

import (
	"context"
	"fmt"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	. "forge.ourworld.tf/lhumina_code/hero_chaos/harness/expect" //nolint:revive // matchers read as part of the language

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
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

// longStart is a start period that a hang falls into: well above what it takes to register a victim.
const longStart = 6190 * time.Millisecond

// checkedVictim is a victim with the scaled policy and a health check, which waits for as long as it may.
func checkedVictim(chaos *session.Session, name string) session.VictimPlan {
	return session.NewVictim(name, policy(chaos)).WithHealth(schedule(), timeout).WithPatientProbe(time.Minute).WithStopTimeout(stopTimeout)
}

// stops are the hangs that a health check finds: which process stops, when, and how many at once.
func stops(chaos *session.Session) {
	Describe("a service of several processes that hang", func() {
		group := checkedVictim(chaos, "hang-group")
		group.Options.Children = 1
		isFound(chaos, promise.HangGroup, fault.SIGSTOPGroup, group)
		isFound(chaos, promise.HangGroup, fault.SIGSTOPGroup, checkedVictim(chaos, "hang-group-wrapped").Wrapped())
		isFound(chaos, promise.HangWrapped, fault.SIGSTOP, checkedVictim(chaos, "hang-wrapped").Wrapped())
		stubborn := checkedVictim(chaos, "hang-stubborn")
		stubborn.Options.OnTerm = victim.TermIgnore
		isFound(chaos, promise.HangStopIgnored, fault.SIGSTOP, stubborn)
		mute := checkedVictim(chaos, "hang-mute")
		mute.Options.OnTerm = victim.TermIgnore
		isKilledAfterTheStopTimeout(chaos, mute)
		hangsWhileStarting(chaos, checkedVictim(chaos, "hang-starting"))
		twoAtOnce(chaos, checkedVictim(chaos, "hang-one"), checkedVictim(chaos, "hang-other"))
	})
}

// isFound is a hang that ends by a new process which serves.
func isFound(chaos *session.Session, p string, f fault.Fault, plan session.VictimPlan) {
	It("is found and replaced: "+plan.Name, spec.About(p), spec.On(plan.Name), spec.With(f), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
		service := admit(ctx, sandbox, plan)
		recovery := spec.Inject(ctx, sandbox, hanging(chaos, sandbox, p, f, service))
		if plan.Wrapper { // the delay is counted from the end of the wrapper, which may be earlier
			spec.Expect(recovery, foundInTime(chaos)...)
			return
		}
		spec.Expect(recovery, replaced(chaos)...)
	}, NodeTimeout(time.Minute))
}

// hanging is the injection of a hang that is to be found.
func hanging(chaos *session.Session, sandbox *session.Sandbox, p string, f fault.Fault, service session.Service) session.Injection {
	tolerance := chaos.Target.Budgets.Tolerance.Duration()
	due := budget.AfterHang(detection(), stopTimeout, budget.AfterExit(service.Policy, 1, tolerance, sandbox.Jitter()))
	return session.Injection{
		Promise: p, Service: service, Fault: f, Window: due.Serving.Latest + 2*tolerance, Policy: checked(sandbox, detection()),
	}
}

// replaced is what has to follow a hang: not at once, either.
func replaced(chaos *session.Session) []Expectation {
	tolerance := Tolerance(chaos.Target.Budgets.Tolerance.Duration())
	return append(foundInTime(chaos), Respawn(NotBefore(delay), Within(delay), tolerance))
}

// foundInTime is how late the parts of it may be.
func foundInTime(chaos *session.Session) []Expectation {
	tolerance := Tolerance(chaos.Target.Budgets.Tolerance.Duration())
	return []Expectation{
		Exit(Within(detection().Latest+stopTimeout), tolerance),
		Serve(Within(delay+chaos.Target.Budgets.Tolerance.Duration()), tolerance),
		LeaveOthersAlone(),
	}
}

// hangsWhileStarting stops a process that was just started. Its age is known by when the spec began and by its
// own journal.
func hangsWhileStarting(chaos *session.Session, plan session.VictimPlan) {
	p := promise.HangInStartPeriod
	check := budget.Check{Interval: interval, Timeout: timeout, StartPeriod: longStart, Retries: 1}
	plan = plan.WithHealth(zinit.Schedule{
		Interval: zinit.Milliseconds(interval), StartPeriod: zinit.Milliseconds(longStart), Retries: 1,
	}, timeout)
	It("is replaced once the start period is over: "+plan.Name, spec.About(p), spec.On(plan.Name), spec.With(fault.SIGSTOP), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
		service := admit(ctx, sandbox, plan)
		injection := hanging(chaos, sandbox, p, fault.SIGSTOP, service)
		injection.Window += longStart
		recovery := spec.Inject(ctx, sandbox, injection)
		age := time.Duration(recovery.Injected.Lo - firstStart(ctx, sandbox, plan))
		if age < 0 || age >= longStart-interval {
			spec.Inconclusive("the hang did not fall into the start period")
		}
		found := check.Detection(age.Round(time.Millisecond))
		tolerance := chaos.Target.Budgets.Tolerance.Duration()
		spec.Expect(recovery,
			// A probe may give up before its timeout, so that what is left of the start period is all that is certain.
			Exit(NotBefore(longStart-age-tolerance), Within(found.Latest+stopTimeout), Tolerance(tolerance)),
			Serve(Within(delay+tolerance), Tolerance(tolerance)),
			LeaveOthersAlone(),
		)
	}, NodeTimeout(time.Minute))
}

// twoAtOnce stops two services at the same time. The result is about the first; the second is held by the same.
func twoAtOnce(chaos *session.Session, plans ...session.VictimPlan) {
	p := promise.HangTwoAtOnce
	It("is found though another hangs as well: "+plans[0].Name, spec.About(p), spec.On(plans[0].Name), spec.With(fault.SIGSTOP), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
		services := []session.Service{admit(ctx, sandbox, plans[0]), admit(ctx, sandbox, plans[1])}
		var second record.Recovery
		var err error
		var other sync.WaitGroup
		first := spec.Meanwhile(ctx, sandbox, hanging(chaos, sandbox, p, fault.SIGSTOP, services[0]), func() {
			other.Go(func() { second, err = sandbox.Inject(ctx, hanging(chaos, sandbox, p, fault.SIGSTOP, services[1])) })
		})
		other.Wait()
		spec.Conclude(err)
		if apart := time.Duration(max(first.Injected.Lo, second.Injected.Lo) - min(first.Injected.Hi, second.Injected.Hi)); apart > interval {
			spec.Inconclusive("the two did not hang at the same time")
		}
		spec.Expect(first, replaced(chaos)...)
		spec.Expect(second, replaced(chaos)...)
	}, NodeTimeout(time.Minute))
}

// isKilledAfterTheStopTimeout has a service go mute that is there to hear its stop signal, and ignores it.
func isKilledAfterTheStopTimeout(chaos *session.Session, plan session.VictimPlan) {
	p := promise.HangStopIgnored
	It("is killed when its stop timeout is over: "+plan.Name, spec.About(p), spec.On(plan.Name), spec.WithBehaviour(victim.Mute), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
		service := admit(ctx, sandbox, plan)
		conn, err := sandbox.Dial(ctx, protocol.Endpoint{Socket: plan.Options.Control})
		spec.Conclude(err)
		control := victim.NewControl(conn)
		DeferCleanup(func() { _ = control.Close() })
		host := spec.WatchHost(ctx, sandbox)
		before, err := sandbox.Agent().Hello(ctx)
		spec.Conclude(err)
		spec.Conclude(control.Become(ctx, victim.Mute, 0))
		if answers(ctx, sandbox, service.Endpoint) == nil {
			spec.Inconclusive("no landing: the service was told to be mute, and answers")
		}
		tolerance := chaos.Target.Budgets.Tolerance.Duration()
		var told, again int64
		limit := detection().Latest + stopTimeout + delay + 2*time.Second
		spec.Until(ctx, limit, func(inner context.Context) bool {
			told, again = successionOf(inner, sandbox, plan, before.MonotonicNs)
			return again != 0
		})
		if told == 0 && again != 0 {
			return // who kills at once has no stop timeout to keep
		}
		took, due := time.Duration(again-told), stopTimeout+delay
		inTime := again != 0 && took >= due-tolerance && took <= due+2*tolerance
		if !inTime && (host.Stall() > tolerance || host.Explains(ctx, told+int64(due), again, 2*tolerance)) {
			spec.Inconclusive(record.HostStalled("the stop timeout cannot be timed"))
		}
		switch {
		case told == 0:
			spec.FailWith(chaos, fmt.Sprintf("%s was mute and was not told to end within %s", plan.Name, span.Text(limit)),
				[2]string{"zinit", sandbox.Word(ctx, plan.Name)}, [2]string{"policy", checked(sandbox, detection())})
		case again == 0:
			spec.FailWith(chaos, fmt.Sprintf("%s ignored its stop signal and was not replaced within %s", plan.Name, span.Text(limit)),
				[2]string{"zinit", sandbox.Word(ctx, plan.Name)}, [2]string{"policy", fmt.Sprintf("SIGKILL %s after the stop signal, again %s later", stopTimeout, delay)})
		case !inTime:
			spec.FailWith(chaos, fmt.Sprintf("%s ignored its stop signal and was replaced %s after it, not %s after it", plan.Name, span.Text(took), due),
				[2]string{"policy", fmt.Sprintf("SIGKILL %s after the stop signal, again %s later", stopTimeout, delay)})
		}
	}, NodeTimeout(time.Minute))
}
