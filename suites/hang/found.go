package hang

import (
	"context"
	"fmt"
	"sync"
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
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

const (
	// longStartPeriod is a start period that a hang falls into: well above what it takes to register a victim.
	longStartPeriod = 6190 * time.Millisecond
	// silenceLimit bounds a question that should get no reply. A victim that is well answers far sooner.
	silenceLimit = time.Second
)

// foundSpecs registers the specs of the hangs that a health check finds: which process stops, when, and how many at once.
func foundSpecs(chaos *session.Session) {
	Describe("a service of several processes that hang", func() {
		group := planChecked(chaos, "hang-group")
		group.Options.Children = 1
		itIsFound(chaos, promise.HangGroup, fault.SIGSTOPGroup, group)
		itIsFound(chaos, promise.HangGroup, fault.SIGSTOPGroup, planChecked(chaos, "hang-group-wrapped").Wrapped())
		itIsFound(chaos, promise.HangWrapped, fault.SIGSTOP, planChecked(chaos, "hang-wrapped").Wrapped())
		stubborn := planChecked(chaos, "hang-stubborn")
		stubborn.Options.OnTerm = victim.TermIgnore
		itIsFound(chaos, promise.HangStopIgnored, fault.SIGSTOP, stubborn)
		mute := planChecked(chaos, "hang-mute")
		mute.Options.OnTerm = victim.TermIgnore
		itIsKilledAfterItsStopTimeout(chaos, mute)
		itIsTold(chaos, planChecked(chaos, "hang-told"))
		itHangsWhileStarting(chaos, planChecked(chaos, "hang-starting"))
		itIsFoundBesideAnother(chaos, planChecked(chaos, "hang-one"), planChecked(chaos, "hang-other"))
	})
}

// planChecked plans a victim with the scaled policy and a health check, which waits until its timeout ends it.
func planChecked(chaos *session.Session, name string) session.VictimPlan {
	return planVictim(chaos, name).WithHealth(newSchedule(startPeriod), timeout).WithPatientProbe(time.Minute)
}

// planHang plans a hang that is to be found.
func planHang(chaos *session.Session, sandbox *session.Sandbox, p string, f fault.Fault, service session.Service) session.Injection {
	tolerance := spec.Tolerance(chaos)
	due := budget.AfterHang(detection(), stopTimeout, budget.AfterExit(service.Policy, 1, tolerance, sandbox.Jitter()))
	return session.Injection{
		Promise: p, Service: service, Fault: f, ObservationLimit: due.Serving.Latest + 2*tolerance, Policy: describeCheck(sandbox),
		Terms: record.Terms{Check: budget.RecordCheck(newCheck(startPeriod)), StopTimeout: int64(stopTimeout), Startup: int64(tolerance)},
	}
}

// expectReplaced expects a hung victim to be found, and to serve again in time and after its retry delay.
func expectReplaced(chaos *session.Session, seen record.Recovery) {
	GinkgoHelper()
	tolerance := spec.Tolerance(chaos)
	spec.Expect(seen,
		Exit(Within(detection().Latest+stopTimeout), Tolerance(tolerance)),
		Serve(Within(delay+tolerance), Tolerance(tolerance)),
		LeaveOthersAlone(),
		Respawn(NotBefore(delay), Within(delay), Tolerance(tolerance)),
	)
}

func itIsFound(chaos *session.Session, p string, f fault.Fault, plan session.VictimPlan) {
	It("is found and replaced: "+plan.Name, spec.About(p), spec.On(plan.Name), spec.With(f), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
		service := register(ctx, sandbox, plan)
		seen := spec.Inject(ctx, sandbox, planHang(chaos, sandbox, p, f, service))
		expectReplaced(chaos, seen)
	}, NodeTimeout(time.Minute))
}

// itHangsWhileStarting registers the spec that stops a process which has just started. The process's age is known by its
// own journal.
func itHangsWhileStarting(chaos *session.Session, plan session.VictimPlan) {
	p := promise.HangInStartPeriod
	plan = plan.WithHealth(newSchedule(longStartPeriod), timeout)
	It("is replaced once the start period is over: "+plan.Name, spec.About(p), spec.On(plan.Name), spec.With(fault.SIGSTOP), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
		service := register(ctx, sandbox, plan)
		injection := planHang(chaos, sandbox, p, fault.SIGSTOP, service)
		injection.ObservationLimit += longStartPeriod
		injection.Terms.Check = budget.RecordCheck(newCheck(longStartPeriod))
		seen := spec.Inject(ctx, sandbox, injection)

		By("read when the first process of " + plan.Name + " began")
		age := time.Duration(seen.Injected.Lo - spec.FirstStart(ctx, sandbox, plan))
		if age < 0 || age >= longStartPeriod-interval {
			spec.Inconclusive("the hang did not fall into the start period")
		}
		latest, tolerance := newCheck(longStartPeriod).Detection(age.Round(time.Millisecond)).Latest, spec.Tolerance(chaos)
		spec.Expect(seen,
			// A probe may give up before its timeout, so only what is left of the start period is certain.
			Exit(NotBefore(longStartPeriod-age-tolerance), Within(latest+stopTimeout), Tolerance(tolerance)),
			Serve(Within(delay+tolerance), Tolerance(tolerance)),
			LeaveOthersAlone(),
		)
	}, NodeTimeout(time.Minute))
}

// itIsFoundBesideAnother registers the spec that stops two services at the same time. Its result is about the first, and
// the second is held to the same.
func itIsFoundBesideAnother(chaos *session.Session, plan, beside session.VictimPlan) {
	p := promise.HangTwoAtOnce
	It("is found though another hangs as well: "+plan.Name, spec.About(p), spec.On(plan.Name), spec.With(fault.SIGSTOP), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
		service, other := register(ctx, sandbox, plan), register(ctx, sandbox, beside)
		var second record.Recovery
		var err error
		var hanging sync.WaitGroup
		first := spec.Meanwhile(ctx, sandbox, planHang(chaos, sandbox, p, fault.SIGSTOP, service), func() {
			hanging.Go(func() { second, err = sandbox.Inject(ctx, planHang(chaos, sandbox, p, fault.SIGSTOP, other)) })
		})
		By("wait until " + other.Name + " was watched for as long")
		hanging.Wait()
		spec.Conclude(err)
		if apart := time.Duration(max(first.Injected.Lo, second.Injected.Lo) - min(first.Injected.Hi, second.Injected.Hi)); apart > interval {
			spec.Inconclusive("the two did not hang at the same time")
		}
		expectReplaced(chaos, first)
		expectReplaced(chaos, second)
	}, NodeTimeout(time.Minute))
}

// itIsKilledAfterItsStopTimeout registers the spec of a mute service. It still hears its stop signal, and ignores it.
func itIsKilledAfterItsStopTimeout(chaos *session.Session, plan session.VictimPlan) {
	It("is killed when its stop timeout is over: "+plan.Name, spec.About(promise.HangStopIgnored), spec.On(plan.Name), spec.WithBehaviour(victim.Mute), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
		service := register(ctx, sandbox, plan)
		control := spec.Command(ctx, sandbox, plan)
		host := spec.WatchHost(ctx, sandbox)
		earliest := stopTimeout + delay
		if spec.IsWrapped(ctx, sandbox, service) { // the shell ends at the stop signal, and the supervisor may count the delay from there
			earliest = max(stopTimeout, delay)
		}
		before := spec.Now(ctx, sandbox)
		By("tell " + plan.Name + " to be mute")
		spec.Conclude(control.Become(ctx, victim.Mute, 0))
		if _, err := spec.Ask(ctx, sandbox, service.Endpoint, silenceLimit); err == nil {
			spec.Inconclusive("no landing: the service was told to be mute, and answers")
		}

		By("wait until " + plan.Name + " is told to end, and is started again")
		var told, again int64
		limit := detection().Latest + stopTimeout + delay + 2*time.Second
		spec.Until(ctx, limit, func(ctx context.Context) bool {
			journal, _ := spec.ReadJournal(ctx, sandbox, plan)
			journal = journal.Since(before)
			told, again = journal.Of(victim.EventTerminating).Time(), journal.Of(victim.EventStarted).Time()
			return again != 0
		})
		if told == 0 && again != 0 {
			return // a supervisor that kills at once has no stop timeout to keep
		}

		tolerance := spec.Tolerance(chaos)
		took, due := time.Duration(again-told), stopTimeout+delay
		onTime := again != 0 && took >= earliest-tolerance && took <= due+2*tolerance
		if !onTime && (host.Stall() > tolerance || host.Explains(ctx, told+int64(due), again, 2*tolerance)) {
			spec.InconclusiveBecause(record.HostStalled("the stop timeout cannot be timed"))
		}
		zinit, policy := spec.Note("zinit", "%s", sandbox.StatusText(ctx, plan.Name)), spec.Note("policy", "SIGKILL %s after the stop signal, again %s later", stopTimeout, delay)
		switch {
		case told == 0:
			spec.FailWith(chaos, fmt.Sprintf("%s was mute and was not told to end within %s", plan.Name, span.Text(limit)),
				zinit, spec.Note("policy", "%s", describeCheck(sandbox)))
		case again == 0:
			spec.FailWith(chaos, fmt.Sprintf("%s ignored its stop signal and was not replaced within %s", plan.Name, span.Text(limit)), zinit, policy)
		case !onTime:
			spec.FailWith(chaos, fmt.Sprintf("%s ignored its stop signal and was replaced %s after it, not %s after it", plan.Name, span.Text(took), due), policy)
		}
	}, NodeTimeout(time.Minute))
}
