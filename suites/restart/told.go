package restart

import (
	"context"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim/elf"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

const (
	// oneshotTimeout is the timeout of a oneshot that would go on for ever.
	oneshotTimeout = 1310 * time.Millisecond
)

// toldSpecs registers the specs of what a definition says about the end of a run.
func toldSpecs(chaos *session.Session) {
	Describe("a service with a stop signal of its own", spec.About(promise.RestartStopSignal), func() {
		itIsTold(chaos, planVictim(chaos, "told-stopped"), "service.stop", func(ctx context.Context, supervisor zinit.Supervisor, name string) error {
			return supervisor.Stop(ctx, name)
		})
		itIsTold(chaos, planVictim(chaos, "told-restarted"), "service.restart", func(ctx context.Context, supervisor zinit.Supervisor, name string) error {
			return supervisor.Restart(ctx, name)
		})
	})
	Describe("a service that is sent a signal by order", spec.About(promise.RestartKillSignal), func() {
		itIsTold(chaos, planVictim(chaos, "told-killed"), "service.kill", func(ctx context.Context, supervisor zinit.Supervisor, name string) error {
			return supervisor.Kill(ctx, name, "SIGUSR1") // its stop signal as well, so that it ends
		})
	})
	itEndsAOneshot(chaos)
}

// itIsTold registers the spec of one order that ends a run. The victim's journal says by which signal it was told, and whether it had the
// time that it takes.
func itIsTold(chaos *session.Session, plan session.VictimPlan, what string, order func(context.Context, zinit.Supervisor, string) error) {
	plan = spec.PlanToTell(plan)
	It("is told by it at "+what+": "+plan.Name, spec.On(plan.Name), func(ctx SpecContext) {
		sandbox := spec.MainOrOwn(ctx, chaos)
		before := spec.VictimToTell(ctx, sandbox, plan)
		By("give the order " + what + " about " + plan.Name)
		go func() { _ = order(ctx, sandbox.Supervisor, plan.Name) }() // the answer may come after the effect
		if !spec.Watch(ctx, plan.StopTimeout.Duration()+eventLimit, "wait until the process of "+plan.Name+" has ended", func(ctx context.Context) bool { return spec.HasEnded(ctx, sandbox, before) }) {
			if journal, err := spec.ReadJournal(ctx, sandbox, plan); err != nil || !journal.FindTold(before.PID).Mistaken {
				spec.Inconclusive("no landing: the order did not end the service's process")
			}
		}
		spec.ExpectTold(ctx, chaos, sandbox, plan, before.PID, what)
	}, NodeTimeout(time.Minute))
}

// itEndsAOneshot registers the spec of a oneshot that goes on for ever, and has a timeout.
func itEndsAOneshot(chaos *session.Session) {
	name := session.VictimName("oneshot-timeout")
	It("ends a oneshot at its timeout: "+name, spec.About(promise.RestartOneshotLimit), spec.On(name), func(ctx SpecContext) {
		sandbox := spec.MainOrOwn(ctx, chaos)
		w := spec.NewWitness(sandbox, "oneshot-timeout", spec.LimitPolicy(chaos.Target, spec.ScalePolicy(delay, stabilityPeriod)))
		w.Run.Oneshot, w.Run.Timeout = true, zinit.Milliseconds(oneshotTimeout)
		host := spec.WatchHost(ctx, sandbox)
		w.Install(ctx, w.Program, elf.Idle)
		asked := spec.Now(ctx, sandbox)
		spec.Register(ctx, sandbox, w.Definition())
		run, ok := w.AwaitRun(ctx, w.Program, record.Incarnation{}, eventLimit)
		if !ok {
			spec.Inconclusive("no landing: the oneshot did not run")
		}
		seen := spec.Now(ctx, sandbox)
		alive := seen // the last time at which it was sure to live: a busy host looks late
		ended := spec.Until(ctx, oneshotTimeout+eventLimit, func(ctx context.Context) bool {
			at := spec.Now(ctx, sandbox)
			if spec.HasEnded(ctx, sandbox, run) {
				return true
			}
			alive = at
			return false
		})
		now := spec.Now(ctx, sandbox)
		policy := spec.Note("policy", "a oneshot with a timeout of %s", span.Text(oneshotTimeout))
		tolerance := spec.Tolerance(chaos)
		switch {
		case !ended:
			spec.FailWith(chaos, fmt.Sprintf("%s was not ended %s after its start", w.Name, span.Text(time.Duration(now-seen))), policy)
		case time.Duration(now-asked) < oneshotTimeout-tolerance:
			spec.FailWith(chaos, fmt.Sprintf("%s was ended already %s after it was registered", w.Name, span.Text(time.Duration(now-asked))), policy)
		case time.Duration(alive-seen) > oneshotTimeout+2*tolerance+host.Stall():
			spec.FailWith(chaos, fmt.Sprintf("%s still ran %s after its start", w.Name, span.Text(time.Duration(alive-seen))), policy)
		}
	}, NodeTimeout(time.Minute))
}
