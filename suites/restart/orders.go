package restart

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	. "forge.ourworld.tf/lhumina_code/hero_chaos/harness/expect" //nolint:revive // matchers read as part of the language

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

const (
	// pending is the delay of a victim that is stopped while it waits for its restart.
	pending = 3730 * time.Millisecond
	// stopLimit is the stop timeout of a victim that ignores its stop signal.
	stopLimit = 1370 * time.Millisecond
	// checklistService is the service that the checklist names (hero_zero, checklist 2).
	checklistService = "user.hero_osis_server"
	// commandSandbox is a sandbox of its own: a second end of a service would wait longer.
	commandSandbox = "zinit-kill"
)

// orders are the specs of what people ask of the supervisor, and of what it says.
func orders(chaos *session.Session) {
	Describe("a service that zinit's command kills", spec.About(promise.RestartZinitKill), func() {
		isKilledByCommand(chaos, plan(chaos, "command"))
		for _, shipped := range chaos.Target.Restartable() {
			if shipped.Name == checklistService || chaos.Configuration.Profile == session.Faithful {
				shippedIsKilledByCommand(chaos, chaos.Shipped(shipped))
			}
		}
	})
	Describe("a service that is stopped", func() {
		staysStopped(chaos, plan(chaos, "pending"), plan(chaos, "pending-control"))
		isKilledInTheEnd(chaos, plan(chaos, "stop-timeout"))
		slow := plan(chaos, "succession-slow").WithStopTimeout(5 * time.Second)
		slow.Options.TermDelay = gracefulEnd
		endsUpOnce(chaos, plan(chaos, "succession"))
		endsUpOnce(chaos, slow)
		doesNotWait(chaos, plan(chaos, "unblocked"), plan(chaos, "stopping"))
	})
	Describe("the record of a run", spec.About(promise.RestartRecorded), func() {
		exit3 := plan(chaos, "recorded-exit3")
		exit3.Options.ExitCode = 3
		saysHowItEnded(chaos, fault.SIGTERM, plan(chaos, "recorded-exit0"), zinit.JobSucceeded, 0)
		saysHowItEnded(chaos, fault.SIGTERM, exit3, zinit.JobFailed, 3)
		saysHowItEnded(chaos, fault.SIGKILL, plan(chaos, "recorded-sigkill"), zinit.JobFailed, -int(syscall.SIGKILL))
	})
}

// zinitKill is the command that the image's users type; 0.3.9 takes the signal by a flag [Z].
func zinitKill(sandbox *session.Sandbox, service string) fault.Fault {
	words := []string{"zinit", "kill", service, "SIGTERM"}
	if sandbox.Supervisor.Dialect() == zinit.Dialect03 {
		words = []string{"zinit", "kill", service, "--signal", "SIGTERM"}
	}
	return fault.Fault{Name: zinitKillName, Command: words, Landing: fault.LandsByExit}
}

const zinitKillName = "zinit-kill"

func isKilledByCommand(chaos *session.Session, plan session.VictimPlan) {
	It("comes back: "+plan.Name, spec.On(plan.Name), spec.With(fault.Fault{Name: zinitKillName}), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
		service := spec.Victim(ctx, sandbox, plan)
		seen := spec.Inject(ctx, sandbox, scaled(chaos, sandbox, promise.RestartZinitKill, service, zinitKill(sandbox, plan.Name), 0))
		spec.Expect(seen, replacedInTime(chaos, service)...)
	}, NodeTimeout(time.Minute))
}

func shippedIsKilledByCommand(chaos *session.Session, service session.Service) {
	It("comes back: "+service.Name, spec.On(service.Name), spec.With(fault.Fault{Name: zinitKillName}), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, commandSandbox)
		seen := spec.Inject(ctx, sandbox, restarting(chaos, sandbox, promise.RestartZinitKill, service, zinitKill(sandbox, service.Name)))
		spec.Expect(seen, restarted(chaos, service)...)
	}, NodeTimeout(window(chaos)+time.Minute))
}

// staysStopped stops a victim between its end and its restart, and waits until long after that was due. The other
// one is not stopped: where it is not restarted either, nothing is shown.
func staysStopped(chaos *session.Session, plan, control session.VictimPlan) {
	plan.Policy.Delay, plan.Policy.Backoff = zinit.Milliseconds(pending), zinit.BackoffNone
	control.Policy = plan.Policy
	It("stays stopped: "+plan.Name, spec.About(promise.RestartStopPending), spec.On(plan.Name), spec.With(fault.SIGKILL), func(ctx SpecContext) {
		sandbox := spec.MainOrOwn(ctx, chaos)
		service, other := spec.Victim(ctx, sandbox, plan), spec.Victim(ctx, sandbox, control)
		spec.Hold(ctx, sandbox, service.Name)
		ended := spec.Identify(ctx, sandbox, service)
		tolerance := chaos.Target.Budgets.Tolerance.Duration()
		var stopErr error
		var answered int64
		var restarted record.Recovery
		seen := spec.Meanwhile(ctx, sandbox, scaled(chaos, sandbox, promise.RestartStopPending, service, fault.SIGKILL, 0), func() {
			await(ctx, "the supervisor did not notice the end of "+plan.Name+", so that no restart was pending", func() bool {
				status, err := sandbox.Supervisor.Status(ctx, plan.Name)
				spec.Conclude(err)
				return status.PID != ended.PID // a restart may have a process that waits for it
			})
			stopErr = sandbox.Supervisor.Stop(ctx, plan.Name)
			now, err := sandbox.Agent().Hello(ctx)
			spec.Conclude(err)
			answered = now.MonotonicNs
			restarted = spec.Inject(ctx, sandbox, scaled(chaos, sandbox, promise.RestartStopPending, other, fault.SIGKILL, 0))
		})
		if time.Duration(answered-seen.Exited.Lo) > pending-tolerance {
			spec.Inconclusive("the stop was not answered before the restart was due")
		}
		if stopErr != nil && seen.Respawned != nil {
			Fail(fmt.Sprintf("%s could not be stopped while its restart was pending (%s)\n  stop     %v\n  policy   %s", plan.Name, promise.RestartStopPending, stopErr, seen.Policy))
		}
		if seen.Respawned == nil && restarted.Respawned == nil {
			spec.Inconclusive("the supervisor restarted nobody, so that it proves nothing who stayed down")
		}
		spec.Expect(seen, StayDown(Within(pending+2*tolerance)))
	}, NodeTimeout(time.Minute))
}

// isKilledInTheEnd asks a victim to stop that does not. That it was asked is in its journal: that is the landing.
func isKilledInTheEnd(chaos *session.Session, plan session.VictimPlan) {
	plan.Options.OnTerm = victim.TermIgnore
	stop := fault.Fault{Name: "zinit-stop", Command: []string{"zinit", "stop", plan.Name}, Landing: fault.LandsByExit}
	It("is killed in the end: "+plan.Name, spec.About(promise.RestartStopTimeout), spec.On(plan.Name), spec.With(stop), func(ctx SpecContext) {
		sandbox := spec.MainOrOwn(ctx, chaos)
		service := spec.Victim(ctx, sandbox, plan.WithStopTimeout(stopLimit))
		killsAtTheEnd(sandbox, plan)
		tolerance := chaos.Target.Budgets.Tolerance.Duration()
		injection := scaled(chaos, sandbox, promise.RestartStopTimeout, service, stop, stopLimit)
		injection.Policy = fmt.Sprintf("it ignores SIGTERM, and its stop timeout is %v", stopLimit)
		seen, err := sandbox.Inject(ctx, injection)
		asked := happened(ctx, sandbox, plan, seen.Before.PID, victim.EventTerminating)
		switch {
		case seen.Exited == nil && asked:
			Fail(fmt.Sprintf("%s was asked to stop, did not, and was not killed within %s, though its stop timeout is %v (%s)\n  before   pid %d\n  now      zinit says %q\n  again    make e2e FOCUS=%s/%s",
				plan.Name, span.Text(injection.Window), stopLimit, promise.RestartStopTimeout, seen.Before.PID, seen.Status, promise.RestartStopTimeout, plan.Name))
		case seen.Exited != nil && !asked:
			Fail(fmt.Sprintf("%s was stopped without having been asked by SIGTERM (%s)\n  before   pid %d", plan.Name, promise.RestartStopTimeout, seen.Before.PID))
		}
		spec.Conclude(err)
		spec.Expect(seen,
			Exit(NotBefore(stopLimit), Within(stopLimit), Tolerance(tolerance)),
			StayDown(Within(delay+2*tolerance)),
		)
	}, NodeTimeout(time.Minute))
}

// doesNotWait kills one victim while another takes its time to stop.
func doesNotWait(chaos *session.Session, plan, slow session.VictimPlan) {
	slow.Options.TermDelay = 2*delay + gracefulEnd
	It("does not wait for another's stop: "+plan.Name, spec.About(promise.RestartUnblocked), spec.On(plan.Name), spec.With(fault.SIGKILL), func(ctx SpecContext) {
		sandbox := spec.MainOrOwn(ctx, chaos)
		service, other := spec.Victim(ctx, sandbox, plan), spec.Victim(ctx, sandbox, slow.WithStopTimeout(2*slow.Options.TermDelay))
		spec.Hold(ctx, sandbox, other.Name)
		stopping := spec.Identify(ctx, sandbox, other)
		stopped := make(chan error, 1)
		go func() { stopped <- sandbox.Supervisor.Stop(ctx, slow.Name) }()
		await(ctx, slow.Name+" was not asked to stop", func() bool {
			return happened(ctx, sandbox, slow, stopping.PID, victim.EventTerminating)
		})
		seen := spec.Inject(ctx, sandbox, scaled(chaos, sandbox, promise.RestartUnblocked, service, fault.SIGKILL, slow.Options.TermDelay))
		spec.Expect(seen, replacedInTime(chaos, service)...)
		if err := <-stopped; err != nil {
			Fail(fmt.Sprintf("%s could not be stopped (%s)\n  stop     %v", slow.Name, promise.RestartUnblocked, err))
		}
	}, NodeTimeout(time.Minute))
}

// killsAtTheEnd sees to it that a victim that ignores SIGTERM does not keep its supervisor busy. It is held
// meanwhile, so that its end is nobody's surprise.
func killsAtTheEnd(sandbox *session.Sandbox, plan session.VictimPlan) {
	DeferCleanup(func(ctx SpecContext) {
		release, err := sandbox.Hold(ctx, plan.Name)
		if err != nil {
			return
		}
		_ = sandbox.Supervisor.Stop(ctx, plan.Name)
		for _, pid := range instances(ctx, sandbox, plan) {
			_, _ = sandbox.Agent().Run(ctx, appears, "/bin/sh", "-c", fmt.Sprintf("kill -KILL %d", pid))
		}
		_ = release(ctx)
	}, NodeTimeout(30*time.Second))
}

// endsUpOnce gives four orders at once, of which the last is to start.
func endsUpOnce(chaos *session.Session, plan session.VictimPlan) {
	It("ends up running once: "+plan.Name, spec.About(promise.RestartSuccession), spec.On(plan.Name), func(ctx SpecContext) {
		sandbox := spec.MainOrOwn(ctx, chaos)
		service := spec.Victim(ctx, sandbox, plan)
		spec.Hold(ctx, sandbox, service.Name)
		before := spec.Identify(ctx, sandbox, service)
		var given []string
		for range 2 {
			stopErr := sandbox.Supervisor.Stop(ctx, plan.Name)
			startErr := sandbox.Supervisor.Start(ctx, plan.Name)
			given = append(given, answer("stop", stopErr), answer("start", startErr))
			if startErr != nil && !errors.Is(startErr, zinit.ErrAlreadyInState) {
				spec.Conclude(fmt.Errorf("start %s right after its stop: %w", plan.Name, startErr))
			}
		}
		complain := func(what string, pids []int) {
			Fail(fmt.Sprintf("%s %s (%s)\n  before   pid %d\n  orders   %s\n  after    pids %v; zinit says %q\n  again    make e2e FOCUS=%s/%s",
				plan.Name, what, promise.RestartSuccession, before.PID, strings.Join(given, ", "), pids, sandbox.Word(ctx, plan.Name), promise.RestartSuccession, plan.Name))
		}
		// A supervisor may take an order at its word and end the process twice, or treat the orders as one
		// restart with its delay; after that much time there is nothing left that it may wait for.
		settled := 2*plan.Options.TermDelay + delay + slack(chaos)
		began := time.Now()
		for time.Since(began) < settled {
			if pids := instances(ctx, sandbox, plan); len(pids) > 1 {
				complain("runs more than once after it was stopped and started", pids)
			}
			pause(ctx)
		}
		pids := instances(ctx, sandbox, plan)
		if err := recovery.Steady(ctx, sandbox, service.Endpoint); err != nil || len(pids) != 1 {
			complain("does not run after it was stopped and started", pids)
		}
		if slices.Contains(pids, before.PID) {
			complain("was stopped and started, and is still the same process", pids)
		}
	}, NodeTimeout(time.Minute))
}

func answer(order string, err error) string {
	if err != nil {
		return fmt.Sprintf("%s: %v", order, err)
	}
	return order + ": ok"
}

// saysHowItEnded ends a victim and reads what the supervisor has written down. code is minus the signal where it
// was one.
func saysHowItEnded(chaos *session.Session, f fault.Fault, plan session.VictimPlan, state zinit.JobState, code int) {
	It("says how it ended: "+plan.Name, spec.On(plan.Name), spec.With(f), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
		service := spec.Victim(ctx, sandbox, plan)
		_, err := sandbox.Supervisor.Jobs(ctx, zinit.RunActionName(plan.Name), 0)
		spec.Conclude(err) // where there is no record, nobody needs to end
		seen := spec.Inject(ctx, sandbox, scaled(chaos, sandbox, promise.RestartRecorded, service, f, 0))
		jobs, err := sandbox.Supervisor.Jobs(ctx, zinit.RunActionName(plan.Name), 0)
		spec.Conclude(err)
		at := slices.IndexFunc(jobs, func(job zinit.Job) bool { return job.PID == seen.Before.PID })
		if at < 0 {
			Fail(fmt.Sprintf("there is no record of the run of %s that %s ended (%s)\n  before   pid %d", plan.Name, f, promise.RestartRecorded, seen.Before.PID))
		}
		if job := jobs[at]; job.State != state || ended(job) != code {
			Fail(fmt.Sprintf("the run of %s that %s ended is recorded as %s with %s, not as %s with %s (%s)\n  before   pid %d\n  again    make e2e FOCUS=%s/%s",
				plan.Name, f, job.State, word(ended(job)), state, word(code), promise.RestartRecorded, seen.Before.PID, promise.RestartRecorded, plan.Name))
		}
	}, NodeTimeout(time.Minute))
}

// unrecorded stands for a job that says neither a code nor a signal.
const unrecorded = -1 << 16

// ended is a job's exit code, or minus the signal that ended it.
func ended(job zinit.Job) int {
	switch {
	case job.Signal != nil && *job.Signal != 0:
		return -*job.Signal
	case job.ExitCode != nil:
		return *job.ExitCode
	}
	return unrecorded
}

func word(code int) string {
	switch {
	case code == unrecorded:
		return "neither a code nor a signal"
	case code < 0:
		return fmt.Sprintf("signal %d", -code)
	}
	return fmt.Sprintf("exit code %d", code)
}
