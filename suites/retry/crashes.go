package retry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/budget"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// crashes are the specs of services that end by themselves soon after each start.
func crashes(chaos *session.Session) {
	Describe("a service that ends as soon as it has started", spec.Long, func() {
		keepsItsDelays(chaos, crasher("crash-exit1", 20, 1))
		keepsItsDelays(chaos, crasher("crash-exit0", 20, 0))
		isGivenUp(chaos, crasher("given-up", 3, 1))
		isRunExactly(chaos, crasher("attempts4", 4, 1))
		isRunExactly(chaos, crasher("attempts3-exit0", 3, 0))
		isRunExactly(chaos, crasher("attempts1", 1, 1))
		isCalledFailed(chaos, crasher("failed", 2, 1))
		startsAfresh(chaos, crasher("afresh", 3, 1))
		isCalledWaiting(chaos, crasher("waiting", 20, 43))
		isCounted(chaos, crasher("counted", 4, 1))
	})
}

// ends is how long after each start a crashing victim ends.
const ends = 310 * time.Millisecond

// crasher is the plan of a victim that serves nothing and ends soon after each start.
func crasher(name string, attempts, code int) session.VictimPlan {
	plan := victim(name, zinit.BackoffNone, shortest)
	plan.Policy.MaxAttempts = attempts
	plan.Options.Socket, plan.Options.Control = "", ""
	plan.Options.ExitAfter, plan.Options.ExitCode = ends, code
	return plan
}

// keepsItsDelays looks at three delays in a row, of a victim whose runs end by themselves.
func keepsItsDelays(chaos *session.Session, plan session.VictimPlan) {
	plan.Policy.Backoff, plan.Policy.Delay = zinit.BackoffExponential, zinit.Milliseconds(delay)
	crash(chaos, promise.RetryCrashLoop, plan, func(ctx SpecContext, l *loop) {
		host := spec.WatchHost(ctx, l.sandbox)
		starts := l.run(ctx, 3)
		if len(starts) <= 3 {
			l.fail(ctx, "was not run again after its run %d", len(starts))
		}
		l.judgeDelays(ctx, starts[:4], host)
	})
}

// isGivenUp leaves open whether the policy counts runs or restarts: that is assumed, that it ends is stated.
func isGivenUp(chaos *session.Session, plan session.VictimPlan) {
	crash(chaos, promise.RetryGivesUp, plan, func(ctx SpecContext, l *loop) {
		attempts := plan.Policy.MaxAttempts
		switch runs := len(l.run(ctx, attempts+1)); {
		case runs < attempts:
			l.fail(ctx, "was given up after %d runs, and has %d attempts", runs, attempts)
		case runs > attempts+1:
			l.fail(ctx, "was run for the %dth time, and has %d attempts", runs, attempts)
		}
	})
}

func isRunExactly(chaos *session.Session, plan session.VictimPlan) {
	crash(chaos, promise.RetryMaxAttempts, plan, func(ctx SpecContext, l *loop) {
		if runs := len(l.run(ctx, plan.Policy.MaxAttempts)); runs != plan.Policy.MaxAttempts {
			l.fail(ctx, "was run %s, not %s", times(runs), times(plan.Policy.MaxAttempts))
		}
	})
}

func isCalledFailed(chaos *session.Session, plan session.VictimPlan) {
	crash(chaos, promise.RetryFailedStatus, plan, func(ctx SpecContext, l *loop) {
		if runs := len(l.run(ctx, 2*plan.Policy.MaxAttempts)); runs > 2*plan.Policy.MaxAttempts {
			l.fail(ctx, "was never given up: it was run %s", times(runs))
		}
		began := time.Now()
		spec.Until(ctx, crashing, func(context.Context) bool { // that it stays so is what is under test
			status, err := l.sandbox.Supervisor.Status(ctx, plan.Name)
			spec.Conclude(err)
			if status.State != zinit.StateFailed || status.PID != 0 {
				l.fail(ctx, "was given up, and is %q with pid %d by its status, not \"failed\" without one", status.State, status.PID)
			}
			return time.Since(began) > 2*shortest
		})
	})
}

func startsAfresh(chaos *session.Session, plan session.VictimPlan) {
	plan.Policy.Backoff = zinit.BackoffExponential
	crash(chaos, promise.RetryFreshStart, plan, func(ctx SpecContext, l *loop) {
		attempts := plan.Policy.MaxAttempts
		if runs := len(l.run(ctx, attempts)); runs != attempts {
			spec.Inconclusive(plan.Name + " was not given up after its attempts, so nobody could start it afresh: " + promise.RetryMaxAttempts + " judges that")
		}
		host := spec.WatchHost(ctx, l.sandbox)
		l.since = l.now(ctx)
		if err := l.sandbox.Supervisor.Start(ctx, plan.Name); err != nil {
			l.fail(ctx, "was given up and could not be started by hand: %v", err)
		}
		starts := l.run(ctx, attempts)
		if len(starts) != attempts {
			l.fail(ctx, "was started by hand and then run %s, not %s", times(len(starts)), times(attempts))
		}
		l.judgeDelays(ctx, starts, host)
	})
}

// isCalledWaiting reads the status between the first run's end and the second run's start.
func isCalledWaiting(chaos *session.Session, plan session.VictimPlan) {
	const pending = 3730 * time.Millisecond
	plan.Policy.Delay = zinit.Milliseconds(pending)
	crash(chaos, promise.RetryWaitingStatus, plan, func(ctx SpecContext, l *loop) {
		tolerance := chaos.Target.Budgets.Tolerance.Duration()
		var looks int
		spec.Until(ctx, crashing, func(context.Context) bool {
			now := l.now(ctx)
			status, err := l.sandbox.Supervisor.Status(ctx, plan.Name)
			spec.Conclude(err)
			starts := l.starts(ctx)
			if len(starts) == 0 || time.Duration(now-starts[0]) < ends+2*tolerance {
				return time.Duration(now-l.since) > late+ends+pending
			}
			// Near its due time the next process may be there already, and have written nothing down yet.
			if len(starts) > 1 || time.Duration(l.now(ctx)-starts[0]) > pending {
				return true
			}
			looks++
			if !slices.Contains([]zinit.State{zinit.StateStarting, zinit.StateExited}, status.State) || status.PID != 0 {
				l.fail(ctx, "waits for its retry, and is %q with pid %d by its status", status.State, status.PID)
			}
			if !strings.Contains(status.Error, fmt.Sprint(plan.Options.ExitCode)) {
				l.fail(ctx, "waits for its retry, and its status does not say that it exited with %d: its error is %q", plan.Options.ExitCode, status.Error)
			}
			return false
		})
		if looks < 5 {
			spec.Inconclusive(record.TooCoarse("the status could not be read often enough while a retry was pending"))
		}
	})
}

func isCounted(chaos *session.Session, plan session.VictimPlan) {
	crash(chaos, promise.RetryJobAttempt, plan, func(ctx SpecContext, l *loop) {
		_, err := l.sandbox.Supervisor.Jobs(ctx, zinit.RunActionName(plan.Name), 0)
		spec.Conclude(err) // where there is no record, nobody needs to wait
		l.run(ctx, plan.Policy.MaxAttempts)
		jobs, err := l.sandbox.Supervisor.Jobs(ctx, zinit.RunActionName(plan.Name), 0)
		spec.Conclude(err)
		slices.Reverse(jobs)
		var attempts []int
		for _, job := range jobs {
			attempts = append(attempts, job.Attempt)
		}
		if want := []int{1, 2, 3, 4}; !slices.Equal(attempts, want) {
			l.fail(ctx, "was run %s, and its jobs are attempts %v, not %v", times(len(jobs)), attempts, want)
		}
	})
}

// crash is the spec of one crashing victim. It is not held: it serves nothing, so nobody watches it.
func crash(chaos *session.Session, p string, plan session.VictimPlan, judge func(SpecContext, *loop)) {
	It("is retried by its policy: "+plan.Name, spec.About(p), spec.On(plan.Name), func(ctx SpecContext) {
		l := &loop{sandbox: spec.MainOrOwn(ctx, chaos), plan: plan, promise: p, tolerance: chaos.Target.Budgets.Tolerance.Duration()}
		l.since = l.now(ctx)
		DeferCleanup(func(ctx SpecContext) { _ = l.sandbox.Discard(ctx, plan.Name) }, NodeTimeout(30*time.Second))
		_, err := l.sandbox.Supervisor.Register(ctx, plan.Definition())
		if err != nil && !errors.Is(err, zinit.ErrNotExpressible) {
			err = fmt.Errorf("register %s: %w", plan.Name, err)
		}
		spec.Conclude(err)
		judge(ctx, l)
	}, NodeTimeout(crashing))
}

// fail says what became of the victim, by its own journal and by the supervisor's word.
func (l *loop) fail(ctx SpecContext, format string, values ...any) {
	GinkgoHelper()
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s (%s)", l.plan.Name, fmt.Sprintf(format, values...), l.promise)
	starts := l.starts(ctx)
	for i, start := range starts {
		after := "its registration"
		since := l.since
		if i > 0 {
			after, since = fmt.Sprintf("the end of run %d", i), starts[i-1]+int64(ends)
		}
		fmt.Fprintf(&text, "\n  run %d    began %s after %s and ended with %d", i+1, span.Text(time.Duration(start-since)), after, l.plan.Options.ExitCode)
	}
	fmt.Fprintf(&text, "\n  now      zinit says %q", l.sandbox.Word(ctx, l.plan.Name))
	fmt.Fprintf(&text, "\n  policy   %s", budget.Describe(l.plan.Policy))
	fmt.Fprintf(&text, "\n  again    make e2e FOCUS=%s/%s", l.promise, l.plan.Name)
	Fail(text.String())
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
