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
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

const (
	// workMethod is the method by which a victim does its work; server.health only says that it exists.
	workMethod = "server.work"
	// healthyTimeout is the timeout of the checks that have to pass: long enough for a busy host.
	healthyTimeout = 4730 * time.Millisecond
)

// unseenSpecs registers the specs of the hangs that a health check does not see.
func unseenSpecs(chaos *session.Session) {
	Describe("a service that hangs in part", func() {
		itServesOn(chaos, promise.HangWrapper, fault.SIGSTOPWrapper, planHealthy(chaos, "hang-wrapper").Wrapped())
		workers := planHealthy(chaos, "hang-workers")
		workers.Options.Workers = 4
		itServesOn(chaos, promise.HangOneWorker, fault.SIGSTOPWorker, workers)
		deadlock := planHealthy(chaos, "hang-deadlock")
		deadlock.Options.Deadlock = true
		itDeadlocks(chaos, deadlock)
	})
}

// planHealthy plans a victim whose health check has to pass.
func planHealthy(chaos *session.Session, name string) session.VictimPlan {
	return planVictim(chaos, name).WithHealth(newSchedule(startPeriod), healthyTimeout).WithPatientProbe(healthyTimeout - timeout)
}

// watchPeriod returns the longest time in which such a victim would be found and replaced if it hung as a whole.
func watchPeriod(chaos *session.Session) time.Duration {
	return healthyCheck().Detection(0).Latest + stopTimeout + delay + spec.Tolerance(chaos)
}

// healthyCheck returns the check of a victim whose start period is over.
func healthyCheck() budget.Check {
	return budget.Check{Interval: interval, Timeout: healthyTimeout, Retries: 1}
}

// requireCalmHost ends the spec as INCONCLUSIVE if the host may have made a health check fail.
func requireCalmHost(chaos *session.Session, stall time.Duration) {
	GinkgoHelper()
	if stall > spec.Tolerance(chaos) {
		spec.InconclusiveBecause(record.HostStalled("a health check may have failed that would have passed"))
	}
}

// itServesOn registers the spec that stops a process beside the one that serves: the service still answers, and is not
// replaced.
func itServesOn(chaos *session.Session, p string, f fault.Fault, plan session.VictimPlan) {
	It("serves on and is left alone: "+plan.Name, spec.About(p), spec.On(plan.Name), spec.With(f), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
		service := register(ctx, sandbox, plan)
		var silent error
		seen := spec.Meanwhile(ctx, sandbox, session.Injection{
			Promise: p, Service: service, Fault: f, ObservationLimit: watchPeriod(chaos) + spec.Tolerance(chaos),
			Policy: fmt.Sprintf("checked every %s, a check may take %s", interval, healthyTimeout),
			Terms:  record.Terms{Check: budget.RecordCheck(healthyCheck()), StopTimeout: int64(stopTimeout), Stay: int64(watchPeriod(chaos))},
		}, func() {
			By("ask " + plan.Name + " while it hangs in part")
			silent = recovery.CheckSteady(ctx, sandbox, service.Endpoint)
			By("watch whether " + plan.Name + " is left alone")
		})
		if seen.Exited != nil {
			requireCalmHost(chaos, time.Duration(seen.WorstGap))
		}
		spec.Expect(seen, NeverRestart(Within(watchPeriod(chaos))))
		if silent != nil {
			spec.FailWith(chaos, fmt.Sprintf("%s hangs in part and does not answer any more: %v", plan.Name, silent))
		}
	}, NodeTimeout(time.Minute))
}

// itDeadlocks registers the spec of a service that never works and always says that it is well.
func itDeadlocks(chaos *session.Session, plan session.VictimPlan) {
	It("is left alone: "+plan.Name, spec.About(promise.HangDeadlock), spec.On(plan.Name), spec.WithBehaviour("deadlock"), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
		service := register(ctx, sandbox, plan)
		By("check that " + plan.Name + " does not work")
		if _, err := spec.Ask(ctx, sandbox, protocol.Endpoint{Socket: plan.Options.Socket, Method: workMethod}, silenceLimit); !errors.Is(err, probe.ErrNoReply) {
			spec.Inconclusive("no landing: the service was to deadlock, and works")
		}
		before := spec.Identify(ctx, sandbox, service)

		period, host := watchPeriod(chaos), spec.WatchHost(ctx, sandbox)
		By(fmt.Sprintf("watch for %s whether %s is left alone", period, plan.Name))
		if spec.Until(ctx, period, func(ctx context.Context) bool {
			journal, err := spec.ReadJournal(ctx, sandbox, plan)
			return err == nil && len(journal.Of(victim.EventStarted)) > 1
		}) {
			requireCalmHost(chaos, host.Stall())
			spec.FailWith(chaos, fmt.Sprintf("%s deadlocks, answers its health check, and was replaced within %s", plan.Name, span.Text(period)),
				spec.Note("before", "pid %d", before.PID))
		}
		spec.Conclude(ctx.Err())
	}, NodeTimeout(time.Minute))
}
