package restart

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
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
	// pendingDelay is the retry delay of a victim that is stopped while it waits for its restart.
	pendingDelay = 3730 * time.Millisecond
	// stopTimeout is the stop timeout of a victim that ignores its stop signal.
	stopTimeout = 1370 * time.Millisecond
	// instanceInterval is the time between two counts of processes. Two at once may soon be one again.
	instanceInterval = 30 * time.Millisecond
	// checklistService is the service that suites/contract/hero_zero.md#checklist-2 names.
	checklistService = "user.hero_osis_server"
	// commandSandbox is a sandbox of its own, since a second end of a service has to wait longer.
	commandSandbox = "zinit-kill"
	zinitKillName  = "zinit-kill"
)

// orderSpecs registers the specs of what people ask of the supervisor, and of what it writes down.
func orderSpecs(chaos *session.Session) {
	Describe("a service that zinit's command kills", spec.About(promise.RestartZinitKill), func() {
		itIsKilledByCommand(chaos, planVictim(chaos, "command"))
		for _, shipped := range chaos.Target.Restartable() {
			if shipped.Name == checklistService || chaos.Configuration.Profile == config.Faithful {
				shippedIsKilledByCommand(chaos, chaos.Shipped(shipped))
			}
		}
	})
	Describe("a service that is stopped", func() {
		itStaysStopped(chaos, planVictim(chaos, "pending"), planVictim(chaos, "pending-control"))
		itIsKilledInTheEnd(chaos, planVictim(chaos, "stop-timeout"))
		slow := planVictim(chaos, "succession-slow").WithStopTimeout(5 * time.Second)
		slow.Options.TermDelay = termDelay
		itEndsUpOnce(chaos, planVictim(chaos, "succession"))
		itEndsUpOnce(chaos, slow)
		itDoesNotWait(chaos, planVictim(chaos, "unblocked"), planVictim(chaos, "stopping"))
	})
	Describe("the record of a run", spec.About(promise.RestartRecorded), func() {
		exit3 := planVictim(chaos, "recorded-exit3")
		exit3.Options.ExitCode = 3
		itSaysHowItEnded(chaos, fault.SIGTERM, planVictim(chaos, "recorded-exit0"), zinit.JobSucceeded, 0)
		itSaysHowItEnded(chaos, fault.SIGTERM, exit3, zinit.JobFailed, 3)
		itSaysHowItEnded(chaos, fault.SIGKILL, planVictim(chaos, "recorded-sigkill"), zinit.JobFailed, -int(syscall.SIGKILL))
	})
}

// newZinitKill returns the fault of the command that the image's users type. zinit 0.3.9 takes the signal by a flag [Z].
func newZinitKill(sandbox *session.Sandbox, service string) fault.Fault {
	words := []string{"zinit", "kill", service, "SIGTERM"}
	if sandbox.Supervisor.Dialect() == zinit.Dialect03 {
		words = []string{"zinit", "kill", service, "--signal", "SIGTERM"}
	}
	return fault.Fault{Name: zinitKillName, Command: words, Landing: fault.LandsByExit}
}

func itIsKilledByCommand(chaos *session.Session, plan session.VictimPlan) {
	It("comes back: "+plan.Name, spec.On(plan.Name), spec.With(fault.Fault{Name: zinitKillName}), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
		service := spec.Victim(ctx, sandbox, plan)
		seen := spec.Inject(ctx, sandbox, planInjection(chaos, sandbox, promise.RestartZinitKill, service, newZinitKill(sandbox, plan.Name), 0))
		expectReplacement(chaos, service, seen)
	}, NodeTimeout(time.Minute))
}

func shippedIsKilledByCommand(chaos *session.Session, service session.Service) {
	It("comes back: "+service.Name, spec.On(service.Name), spec.With(fault.Fault{Name: zinitKillName}), spec.InTurn(commandSandbox), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, commandSandbox)
		expectRestart(ctx, chaos, sandbox, promise.RestartZinitKill, service, newZinitKill(sandbox, service.Name))
	}, NodeTimeout(watchPeriod(chaos)+time.Minute))
}

// itStaysStopped registers the spec that stops a victim between its end and its restart, and watches it until long after
// the restart was due. The control is not stopped: if it is not restarted either, nothing is shown.
func itStaysStopped(chaos *session.Session, plan, control session.VictimPlan) {
	plan.Policy.Delay, plan.Policy.Backoff = zinit.Milliseconds(pendingDelay), zinit.BackoffNone
	control.Policy = plan.Policy
	It("stays stopped: "+plan.Name, spec.About(promise.RestartStopPending), spec.On(plan.Name), spec.With(fault.SIGKILL), func(ctx SpecContext) {
		sandbox := spec.MainOrOwn(ctx, chaos)
		service, other := spec.Victim(ctx, sandbox, plan), spec.Victim(ctx, sandbox, control)
		spec.Hold(ctx, sandbox, service.Name)
		before := spec.Identify(ctx, sandbox, service)
		tolerance := spec.Tolerance(chaos)
		var stopErr error
		var answered int64
		var restarted record.Recovery
		injection := planInjection(chaos, sandbox, promise.RestartStopPending, service, fault.SIGKILL, 0)
		injection.Terms.Stay = int64(pendingDelay + 2*tolerance)
		seen := spec.Meanwhile(ctx, sandbox, injection, func() {
			spec.Await(ctx, eventLimit, "the supervisor notices the end of "+plan.Name, func(ctx context.Context) bool {
				status, err := sandbox.Supervisor.Status(ctx, plan.Name)
				spec.Conclude(err)
				return status.PID != before.PID // a supervisor may have a process that waits for the restart
			})
			By("stop " + plan.Name + " while its restart is pending")
			stopErr = sandbox.Supervisor.Stop(ctx, plan.Name)
			answered = spec.Now(ctx, sandbox)
			restarted = spec.Inject(ctx, sandbox, planInjection(chaos, sandbox, promise.RestartStopPending, other, fault.SIGKILL, 0))
		})
		if time.Duration(answered-seen.Exited.Lo) > pendingDelay-tolerance {
			spec.Inconclusive("the stop was not answered before the restart was due")
		}
		if stopErr != nil && seen.Respawned != nil {
			spec.FailWith(chaos, plan.Name+" could not be stopped while its restart was pending",
				spec.Note("stop", "%v", stopErr), spec.Note("policy", "%s", seen.Policy))
		}
		if seen.Respawned == nil && restarted.Respawned == nil {
			spec.Inconclusive("the supervisor restarted nobody, so that it proves nothing who stayed down")
		}
		spec.Expect(seen, StayDown(Within(time.Duration(injection.Terms.Stay))))
	}, NodeTimeout(time.Minute))
}

// itIsKilledInTheEnd registers the spec that stops a victim which ignores its stop signal. The landing is the victim's
// journal: it says that the victim was asked to stop.
func itIsKilledInTheEnd(chaos *session.Session, plan session.VictimPlan) {
	plan.Options.OnTerm = victim.TermIgnore
	stop := fault.Fault{Name: "zinit-stop", Command: []string{"zinit", "stop", plan.Name}, Landing: fault.LandsByExit}
	It("is killed in the end: "+plan.Name, spec.About(promise.RestartStopTimeout), spec.On(plan.Name), spec.With(stop), func(ctx SpecContext) {
		sandbox := spec.MainOrOwn(ctx, chaos)
		service := spec.Victim(ctx, sandbox, plan.WithStopTimeout(stopTimeout))
		killAfterwards(sandbox, plan)
		tolerance := spec.Tolerance(chaos)
		injection := planInjection(chaos, sandbox, promise.RestartStopTimeout, service, stop, stopTimeout)
		injection.Policy = fmt.Sprintf("it ignores SIGTERM, and its stop timeout is %v", stopTimeout)
		injection.Terms = record.Terms{TermDelay: int64(stopTimeout), StopTimeout: int64(stopTimeout), Stay: int64(delay + 2*tolerance)}

		By("stop " + plan.Name + " and wait until it is killed")
		seen, err := sandbox.Inject(ctx, injection)
		asked := hasEvent(ctx, sandbox, plan, seen.Before.PID, victim.EventTerminating)
		before := spec.Note("before", "pid %d", seen.Before.PID)
		switch {
		case seen.Exited == nil && asked:
			spec.FailWith(chaos, fmt.Sprintf("%s was asked to stop, did not, and was not killed within %s", plan.Name, span.Text(injection.ObservationLimit)),
				before, spec.Note("now", "zinit says %q", seen.Status), spec.Note("policy", "%s", injection.Policy))
		case seen.Exited != nil && !asked:
			spec.FailWith(chaos, plan.Name+" was stopped without having been asked by SIGTERM", before)
		}
		spec.Conclude(err)
		spec.Expect(seen,
			Exit(NotBefore(stopTimeout), Within(stopTimeout), Tolerance(tolerance)),
			StayDown(Within(time.Duration(injection.Terms.Stay))),
		)
	}, NodeTimeout(time.Minute))
}

// itDoesNotWait registers the spec that kills one victim while another takes its time to stop.
func itDoesNotWait(chaos *session.Session, plan, slow session.VictimPlan) {
	slow.Options.TermDelay = 2*delay + termDelay
	It("does not wait for another's stop: "+plan.Name, spec.About(promise.RestartUnblocked), spec.On(plan.Name), spec.With(fault.SIGKILL), func(ctx SpecContext) {
		sandbox := spec.MainOrOwn(ctx, chaos)
		service, other := spec.Victim(ctx, sandbox, plan), spec.Victim(ctx, sandbox, slow.WithStopTimeout(2*slow.Options.TermDelay))
		spec.Hold(ctx, sandbox, other.Name)
		stopping := spec.Identify(ctx, sandbox, other)
		stopped := make(chan error, 1)
		go func() { stopped <- sandbox.Supervisor.Stop(ctx, slow.Name) }()
		spec.Await(ctx, eventLimit, slow.Name+" is asked to stop", func(ctx context.Context) bool {
			return hasEvent(ctx, sandbox, slow, stopping.PID, victim.EventTerminating)
		})
		seen := spec.Inject(ctx, sandbox, planInjection(chaos, sandbox, promise.RestartUnblocked, service, fault.SIGKILL, slow.Options.TermDelay))
		expectReplacement(chaos, service, seen)
		By("wait until " + slow.Name + " has stopped")
		if err := <-stopped; err != nil {
			spec.FailWith(chaos, slow.Name+" could not be stopped", spec.Note("stop", "%v", err))
		}
		// The answer may come before the effect: an end after the lease would be a disturbance.
		spec.Until(ctx, slow.Options.TermDelay+eventLimit, func(ctx context.Context) bool { return spec.HasEnded(ctx, sandbox, stopping) })
	}, NodeTimeout(time.Minute))
}

// itEndsUpOnce registers the spec that gives four orders at once, of which the last is to start.
func itEndsUpOnce(chaos *session.Session, plan session.VictimPlan) {
	It("ends up running once: "+plan.Name, spec.About(promise.RestartSuccession), spec.On(plan.Name), func(ctx SpecContext) {
		sandbox := spec.MainOrOwn(ctx, chaos)
		service := spec.Victim(ctx, sandbox, plan)
		spec.Hold(ctx, sandbox, service.Name)
		before := spec.Identify(ctx, sandbox, service)

		By("stop and start " + plan.Name + " twice, without waiting")
		var given []string
		for range 2 {
			stopErr := sandbox.Supervisor.Stop(ctx, plan.Name)
			startErr := sandbox.Supervisor.Start(ctx, plan.Name)
			given = append(given, describeAnswer("stop", stopErr), describeAnswer("start", startErr))
			if startErr != nil && !errors.Is(startErr, zinit.ErrAlreadyInState) {
				spec.Conclude(fmt.Errorf("start %s right after its stop: %w", plan.Name, startErr))
			}
		}
		fail := func(what string, pids []int) {
			GinkgoHelper()
			spec.FailWith(chaos, plan.Name+" "+what, spec.Note("before", "pid %d", before.PID), spec.Note("orders", "%s", strings.Join(given, ", ")),
				spec.Note("after", "pids %v; zinit says %q", pids, sandbox.StatusText(ctx, plan.Name)))
		}
		// A supervisor may end the process twice, or take the orders for one restart with its delay. After that much time
		// it has nothing left to wait for.
		settlePeriod := 2*plan.Options.TermDelay + delay + spec.LatePeriod(chaos)
		By(fmt.Sprintf("count the processes of %s for %s", plan.Name, settlePeriod))
		for began := time.Now(); time.Since(began) < settlePeriod; spec.Pause(ctx, instanceInterval) {
			if pids := findInstances(ctx, sandbox, plan); len(pids) > 1 {
				fail("runs more than once after it was stopped and started", pids)
			}
		}
		pids := findInstances(ctx, sandbox, plan)
		if err := recovery.CheckSteady(ctx, sandbox, service.Endpoint); err != nil || len(pids) != 1 {
			fail("does not run after it was stopped and started", pids)
		}
		if slices.Contains(pids, before.PID) {
			fail("was stopped and started, and is still the same process", pids)
		}
	}, NodeTimeout(time.Minute))
}

func describeAnswer(order string, err error) string {
	if err != nil {
		return fmt.Sprintf("%s: %v", order, err)
	}
	return order + ": ok"
}

// itSaysHowItEnded registers the spec that ends a victim and reads what the supervisor wrote down. code is an exit code,
// or minus a signal.
func itSaysHowItEnded(chaos *session.Session, f fault.Fault, plan session.VictimPlan, state zinit.JobState, code int) {
	It("says how it ended: "+plan.Name, spec.On(plan.Name), spec.With(f), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
		service := spec.Victim(ctx, sandbox, plan)
		By("check that the supervisor keeps a record of " + plan.Name)
		_, err := sandbox.Supervisor.Jobs(ctx, zinit.RunActionName(plan.Name), 0)
		spec.Conclude(err)
		run, err := spec.FindRun(ctx, sandbox, service.Endpoint)
		spec.Conclude(err)
		seen := spec.Inject(ctx, sandbox, planInjection(chaos, sandbox, promise.RestartRecorded, service, f, 0))
		By("read the record of " + plan.Name)
		jobs, err := sandbox.Supervisor.Jobs(ctx, zinit.RunActionName(plan.Name), 0)
		spec.Conclude(err)
		before := spec.Note("before", "pid %d", seen.Before.PID)
		at := slices.IndexFunc(jobs, func(job zinit.Job) bool { return run.Has(job.PID) })
		if at < 0 {
			spec.FailWith(chaos, fmt.Sprintf("the run of %s that %s ended has no record", plan.Name, f), before)
		}
		wrapped := run.Root.PID != run.Serving.PID
		if job := jobs[at]; job.State != state || endCode(job) != code && !(wrapped && endCode(job) == shellCode(code)) {
			spec.FailWith(chaos, fmt.Sprintf("the run of %s that %s ended is recorded as %s with %s, not as %s with %s",
				plan.Name, f, job.State, describeEnd(endCode(job)), state, describeEnd(code)), before)
		}
		By("read the status of " + plan.Name)
		status, err := sandbox.Supervisor.Status(ctx, plan.Name)
		spec.Conclude(err)
		if seen.After.PID != 0 && run.Has(status.PID) {
			spec.FailWith(chaos, fmt.Sprintf("the status of %s still has the pid of the process that %s ended", plan.Name, f), before,
				spec.Note("after", "pid %d; zinit says %q with pid %d", seen.After.PID, status.State, status.PID))
		}
	}, NodeTimeout(time.Minute))
}

// unrecorded is the end code of a job that says neither an exit code nor a signal.
const unrecorded = -1 << 16

// endCode returns a job's exit code, or minus the signal that ended it.
func endCode(job zinit.Job) int {
	switch {
	case job.Signal != nil && *job.Signal != 0:
		return -*job.Signal
	case job.ExitCode != nil:
		return *job.ExitCode
	}
	return unrecorded
}

// shellCode returns the exit code of a shell whose program ended with an end code: POSIX asks for one above 128 after a signal.
func shellCode(code int) int {
	const signalled = 128
	if code < 0 {
		return signalled - code
	}
	return code
}

func describeEnd(code int) string {
	switch {
	case code == unrecorded:
		return "neither a code nor a signal"
	case code < 0:
		return fmt.Sprintf("signal %d", -code)
	}
	return fmt.Sprintf("exit code %d", code)
}
