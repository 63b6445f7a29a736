package hang

import (
	"context"
	"errors"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	. "forge.ourworld.tf/lhumina_code/hero_chaos/harness/expect" //nolint:revive // matchers read as part of the language

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/budget"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/probe"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// work is the method of a victim that does its work, where server.health only says that it is there.
const work = "server.work"

// limits are the hangs that a health check does not see.
func limits(chaos *session.Session) {
	Describe("a service that hangs in part", func() {
		servesOn(chaos, promise.HangWrapper, fault.SIGSTOPWrapper, partly(chaos, "hang-wrapper").Wrapped())
		workers := partly(chaos, "hang-workers")
		workers.Options.Workers = 4
		servesOn(chaos, promise.HangOneWorker, fault.SIGSTOPWorker, workers)
		deadlock := partly(chaos, "hang-deadlock")
		deadlock.Options.Deadlock = true
		deadlocks(chaos, deadlock)
	})
}

// patience is how long the checks of these services wait for a reply: what is well is to be left alone on a busy
// host as well.
const patience = 4730 * time.Millisecond

// partly is a victim of which only a part will hang.
func partly(chaos *session.Session, name string) session.VictimPlan {
	return session.NewVictim(name, policy(chaos)).WithHealth(schedule(), patience).WithPatientProbe(patience - timeout).WithStopTimeout(stopTimeout)
}

// watched is as long as a service that hangs, and is checked like these, may take to be found and replaced.
func watched(chaos *session.Session) time.Duration {
	found := budget.Check{Interval: interval, Timeout: patience, StartPeriod: startPeriod, Retries: 1}.Detection(startPeriod)
	return found.Latest + stopTimeout + delay + chaos.Target.Budgets.Tolerance.Duration()
}

// servesOn stops a process beside the one that serves: the service answers, and stays what it is.
func servesOn(chaos *session.Session, p string, f fault.Fault, plan session.VictimPlan) {
	It("serves on and is left alone: "+plan.Name, spec.About(p), spec.On(plan.Name), spec.With(f), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
		service := admit(ctx, sandbox, plan)
		var silent error
		seen := spec.Meanwhile(ctx, sandbox, session.Injection{
			Promise: p, Service: service, Fault: f, Window: watched(chaos) + chaos.Target.Budgets.Tolerance.Duration(),
			Policy: fmt.Sprintf("checked every %s, a check may take %s", interval, patience),
		}, func() {
			silent = recovery.Steady(ctx, sandbox, service.Endpoint) // once more, while it hangs in part
		})
		if seen.Exited != nil && seen.WorstGap > int64(chaos.Target.Budgets.Tolerance.Duration()) {
			spec.Inconclusive(record.HostStalled("a health check may have failed that would have passed"))
		}
		spec.Expect(seen, NeverRestart(Within(watched(chaos))))
		if silent != nil {
			spec.FailWith(chaos, fmt.Sprintf("%s hangs in part and does not answer any more: %v", plan.Name, silent))
		}
	}, NodeTimeout(time.Minute))
}

// deadlocks has a service that never works and always says that it is well.
func deadlocks(chaos *session.Session, plan session.VictimPlan) {
	p := promise.HangDeadlock
	It("is left alone: "+plan.Name, spec.About(p), spec.On(plan.Name), spec.WithBehaviour("deadlock"), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
		service := admit(ctx, sandbox, plan)
		if err := answers(ctx, sandbox, protocol.Endpoint{Socket: plan.Options.Socket, Method: work}); !errors.Is(err, probe.ErrNoReply) {
			spec.Inconclusive("no landing: the service was to deadlock, and works")
		}
		before := spec.Identify(ctx, sandbox, service)
		limit, host := watched(chaos), spec.WatchHost(ctx, sandbox)
		changed := spec.Until(ctx, limit, func(ctx context.Context) bool {
			events, err := journalOf(ctx, sandbox, plan)
			return err == nil && startsIn(events) > 1
		})
		if changed && host.Stall() > chaos.Target.Budgets.Tolerance.Duration() {
			spec.Inconclusive(record.HostStalled("a health check may have failed that would have passed"))
		}
		if changed {
			spec.FailWith(chaos, fmt.Sprintf("%s deadlocks, answers its health check, and was replaced within %s", plan.Name, span.Text(limit)),
				[2]string{"before", fmt.Sprintf("pid %d", before.PID)})
		}
		spec.Conclude(ctx.Err())
	}, NodeTimeout(time.Minute))
}
