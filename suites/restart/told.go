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
		itIsNotKeptWaiting(chaos, planVictim(chaos, "prompt"))
		itIsLeftItsTime(chaos)
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

// longStopTimeout is the stop timeout of a victim that ends long before it.
const longStopTimeout = 9 * time.Second

// itIsNotKeptWaiting registers the spec of a victim that ends as soon as it is told. Its stop timeout concerns no other process: the next
// one comes before that is over, and outlives it.
func itIsNotKeptWaiting(chaos *session.Session, plan session.VictimPlan) {
	plan = plan.WithStopTimeout(longStopTimeout)
	It("has its stop timeout alone: "+plan.Name, spec.On(plan.Name), func(ctx SpecContext) {
		sandbox := spec.MainOrOwn(ctx, chaos)
		service := spec.Victim(ctx, sandbox, plan)
		spec.Hold(ctx, sandbox, plan.Name)
		before := spec.Identify(ctx, sandbox, service)
		host := spec.WatchHost(ctx, sandbox)
		policy := spec.Note("policy", "stop timeout %s; it ends at once", span.Text(longStopTimeout))
		ordered := time.Now()
		over := ordered.Add(longStopTimeout)
		By("restart " + plan.Name + " by order")
		answer := make(chan error, 1)
		go func() { answer <- sandbox.Supervisor.Restart(ctx, plan.Name) }() // the answer may come after the effect
		if !spec.Until(ctx, longStopTimeout/2, func(ctx context.Context) bool { return spec.HasEnded(ctx, sandbox, before) }) {
			spec.Inconclusive("no landing: the order did not end the service's process")
		}
		after, ok := spec.AwaitSuccessor(ctx, sandbox, service, before, time.Until(over.Add(-time.Second)))
		if !ok && host.Stall() > time.Second {
			spec.InconclusiveBecause(record.HostStalled("the next process may only be late"))
		}
		if !ok {
			spec.FailWith(chaos, fmt.Sprintf("%s ended as soon as it was told to, and no other process of it served %s after service.restart", plan.Name, span.Text(time.Since(ordered))),
				policy, spec.Note("zinit", "%s", sandbox.StatusText(ctx, plan.Name)))
		}
		spec.Conclude(<-answer)
		if spec.Watch(ctx, time.Until(over)+time.Second, "watch the next process of "+plan.Name+" until the stop timeout of the one before is over", func(ctx context.Context) bool {
			return spec.HasEnded(ctx, sandbox, after)
		}) {
			spec.FailWith(chaos, fmt.Sprintf("%s was restarted by order, and its next process ended as well, %s after the order", plan.Name, span.Text(time.Since(ordered))),
				policy, spec.Note("next", "pid %d", after.PID))
		}
	}, NodeTimeout(time.Minute))
}

// itIsLeftItsTime registers the spec of a service that does not end at its stop signal, and whose health checks fail meanwhile.
func itIsLeftItsTime(chaos *session.Session) {
	const stopTimeout, interval, checkTimeout = 3370 * time.Millisecond, 310 * time.Millisecond, 4730 * time.Millisecond
	name := session.VictimName("unwell-stopping")
	It("has its stop timeout though its health checks fail: "+name, spec.On(name), func(ctx SpecContext) {
		sandbox := spec.MainOrOwn(ctx, chaos)
		schedule := zinit.Schedule{Interval: zinit.Milliseconds(interval), StartPeriod: zinit.Milliseconds(interval), Retries: 1}
		w := spec.NewWitness(sandbox, "unwell-stopping", spec.LimitPolicy(chaos.Target, spec.ScalePolicy(delay, stabilityPeriod))).CheckedBy(schedule, checkTimeout)
		w.Run.StopSignal, w.Run.StopTimeout = "SIGWINCH", zinit.Milliseconds(stopTimeout) // a signal that ends no process
		w.Register(ctx)
		run, ok := w.AwaitRun(ctx, w.Program, record.Incarnation{}, eventLimit)
		if !ok {
			spec.Inconclusive("no landing: the service does not run")
		}
		ordered := spec.Now(ctx, sandbox)
		By("stop " + name + ", and have its health checks fail")
		go func() { _ = sandbox.Supervisor.Stop(ctx, name) }() // the answer may come after the effect
		spec.Until(ctx, eventLimit, func(ctx context.Context) bool {
			status, err := sandbox.Supervisor.Status(ctx, name)
			return err == nil && status.State == zinit.StateStopping
		})
		w.Install(ctx, w.Check, elf.Fail)
		if !w.AwaitEnd(ctx, run, stopTimeout+eventLimit) {
			spec.Inconclusive("no landing: the service was stopped, and its process still runs")
		}
		if took := time.Duration(spec.Now(ctx, sandbox) - ordered); took < stopTimeout-spec.Tolerance(chaos) {
			spec.FailWith(chaos, fmt.Sprintf("%s was killed %s after it was told to stop, before its stop timeout was over", name, span.Text(took)),
				spec.Note("policy", "stop timeout %s; its health checks fail meanwhile", span.Text(stopTimeout)))
		}
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
