package retry

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// runPeriod lies between a crashing victim's start and its end.
const runPeriod = 310 * time.Millisecond

const (
	// shortRunPeriod is that period for services with many runs.
	shortRunPeriod = 10 * time.Millisecond
	// courseDelay is the first delay of the shipped policy in small: all 20 attempts take 24 s.
	courseDelay = 29 * time.Millisecond
	// manyRuns is above 64, the bits of a number that is doubled with each retry.
	manyRuns = 70
)

// crashSpecs registers the specs of services that end by themselves soon after each start.
func crashSpecs(chaos *session.Session) {
	Describe("a service that ends as soon as it has started", spec.Long, func() {
		itKeepsItsDelays(chaos, planCrasher("crash-exit1", 20, 1))
		itKeepsItsDelays(chaos, planCrasher("crash-exit0", 20, 0))
		itKeepsItsDelaysThoughWell(chaos, planCrasher("crash-checked", 20, 1))
		itIsGivenUp(chaos, planCrasher("given-up", 3, 1))
		itIsRunExactly(chaos, planCrasher("attempts4", 4, 1))
		itIsRunExactly(chaos, planCrasher("attempts3-exit0", 3, 0))
		itIsRunExactly(chaos, planCrasher("attempts1", 1, 1))
		itIsCalledFailed(chaos, planCrasher("failed", 2, 1))
		itStartsAfresh(chaos, planCrasher("afresh", 3, 1))
		itIsCalledWaiting(chaos, planCrasher("waiting", 20, 43))
		itRunsTheCourse(chaos, planCrasher("course", 20, 1))
		itStaysAtTheMaximum(chaos, planCrasher("many", 1000, 1))
		itEndsInEveryWay(chaos, planCrasher("any-ending", 1000, 0))
		itBeginsAgain(chaos, planCrasher("between", 20, 1))
		itIsCounted(chaos, planCrasher("counted", 4, 1))
	})
}

// planCrasher plans a victim that serves nothing and ends soon after each start.
func planCrasher(name string, attempts, code int) session.VictimPlan {
	plan := planVictim(name, zinit.BackoffNone, shortDelay)
	plan.Policy.MaxAttempts = attempts
	plan.Options.Socket, plan.Options.Control = "", ""
	plan.Options.ExitDelay, plan.Options.ExitCode = runPeriod, code
	return plan
}

// itCrashes registers the spec of one crashing victim. The victim serves nothing, so nobody watches it and no lease is needed.
func itCrashes(chaos *session.Session, p string, plan session.VictimPlan, judge func(SpecContext, *loop)) {
	It("is retried by its policy: "+plan.Name, spec.About(p), spec.On(plan.Name), func(ctx SpecContext) {
		l := &loop{chaos: chaos, sandbox: spec.MainOrOwn(ctx, chaos), plan: plan}
		l.host = spec.WatchHost(ctx, l.sandbox)
		l.since = spec.Now(ctx, l.sandbox)
		spec.Register(ctx, l.sandbox, plan.Definition())
		judge(ctx, l)
	}, NodeTimeout(loopTimeout))
}

func itKeepsItsDelays(chaos *session.Session, plan session.VictimPlan) {
	plan.Policy.Backoff, plan.Policy.Delay = zinit.BackoffExponential, zinit.Milliseconds(delay)
	itCrashes(chaos, promise.RetryCrashLoop, plan, func(ctx SpecContext, l *loop) {
		starts := l.awaitRuns(ctx, 3)
		if len(starts) <= 3 {
			l.fail(ctx, "was not run again after its run %d", len(starts))
		}
		l.judgeDelays(ctx, starts[:4])
	})
}

// itKeepsItsDelaysThoughWell registers the spec of a service that passes health checks in each of its short runs: only the stability period
// makes a run stable.
func itKeepsItsDelaysThoughWell(chaos *session.Session, plan session.VictimPlan) {
	plan.Policy.Backoff, plan.Policy.Delay = zinit.BackoffExponential, zinit.Milliseconds(delay)
	plan.Options.ExitDelay = 3 * runPeriod
	plan = plan.WithHealth(zinit.Schedule{Interval: zinit.Milliseconds(runPeriod / 2), StartPeriod: zinit.Milliseconds(runPeriod / 2), Retries: 1000}, overdueLimit)
	check := session.VictimPlan{Options: victim.Options{Journal: plan.Options.Journal + ".check", ExitDelay: time.Millisecond}}
	plan.Probe = session.VictimCommand(check.Options)
	itCrashes(chaos, promise.RetryCrashLoop, plan, func(ctx SpecContext, l *loop) {
		const runs = 3
		starts := l.awaitRuns(ctx, runs)
		if len(starts) <= runs {
			l.fail(ctx, "was not run again after its run %d", len(starts))
		}
		l.judgeDelays(ctx, starts[:runs+1])
		if journal, err := spec.ReadJournal(ctx, l.sandbox, check); err != nil || len(journal.Of(victim.EventEnded)) < runs {
			spec.Inconclusive("no landing: the service was not checked often enough to prove anything")
		}
	})
}

// itIsGivenUp registers the spec of a limit of attempts. Whether the limit counts runs or restarts is assumed, so this
// spec accepts both: only that the runs end is stated.
func itIsGivenUp(chaos *session.Session, plan session.VictimPlan) {
	itCrashes(chaos, promise.RetryGivesUp, plan, func(ctx SpecContext, l *loop) {
		attempts := plan.Policy.MaxAttempts
		switch runs := len(l.awaitRuns(ctx, attempts+1)); {
		case runs < attempts:
			l.fail(ctx, "was given up after %s, and has %s", spec.Count(runs, "run"), spec.Count(attempts, "attempt"))
		case runs > attempts+1:
			l.fail(ctx, "was run %s, and has %s", spec.Count(runs, "time"), spec.Count(attempts, "attempt"))
		}
	})
}

func itIsRunExactly(chaos *session.Session, plan session.VictimPlan) {
	itCrashes(chaos, promise.RetryMaxAttempts, plan, func(ctx SpecContext, l *loop) {
		if runs := len(l.awaitRuns(ctx, plan.Policy.MaxAttempts)); runs != plan.Policy.MaxAttempts {
			l.fail(ctx, "was run %s, not %s", spec.Count(runs, "time"), spec.Count(plan.Policy.MaxAttempts, "time"))
		}
	})
}

func itIsCalledFailed(chaos *session.Session, plan session.VictimPlan) {
	itCrashes(chaos, promise.RetryFailedStatus, plan, func(ctx SpecContext, l *loop) {
		if runs := len(l.awaitRuns(ctx, 2*plan.Policy.MaxAttempts)); runs > 2*plan.Policy.MaxAttempts {
			l.fail(ctx, "was never given up: it was run %s", spec.Count(runs, "time"))
		}
		By("check that " + plan.Name + " is called failed, and stays so")
		began := time.Now()
		spec.Until(ctx, loopTimeout, func(context.Context) bool {
			status, err := l.sandbox.Supervisor.Status(ctx, plan.Name)
			spec.Conclude(err)
			if status.State != zinit.StateFailed || status.PID != 0 {
				l.fail(ctx, "was given up, and is %q with pid %d by its status, not \"failed\" without one", status.State, status.PID)
			}
			return time.Since(began) > 2*shortDelay
		})
	})
}

func itStartsAfresh(chaos *session.Session, plan session.VictimPlan) {
	plan.Policy.Backoff = zinit.BackoffExponential
	itCrashes(chaos, promise.RetryFreshStart, plan, func(ctx SpecContext, l *loop) {
		attempts := plan.Policy.MaxAttempts
		if runs := len(l.awaitRuns(ctx, attempts)); runs != attempts {
			spec.Inconclusive(plan.Name + " was not given up after its attempts, so nobody could start it afresh: " + promise.RetryMaxAttempts + " judges that")
		}
		l.since = spec.Now(ctx, l.sandbox)
		By("start " + plan.Name + " by hand")
		if err := l.sandbox.Supervisor.Start(ctx, plan.Name); err != nil {
			l.fail(ctx, "was given up and could not be started by hand: %v", err)
		}
		starts := l.awaitRuns(ctx, attempts)
		if len(starts) != attempts {
			l.fail(ctx, "was started by hand and then run %s, not %s", spec.Count(len(starts), "time"), spec.Count(attempts, "time"))
		}
		l.judgeDelays(ctx, starts)
	})
}

// itRunsTheCourse registers the spec of all attempts of the shipped policy in small: 20 attempts, a maximum of 60 first delays.
func itRunsTheCourse(chaos *session.Session, plan session.VictimPlan) {
	plan.Policy = spec.ScalePolicy(courseDelay, unreachedPeriod)
	plan.Options.ExitDelay = shortRunPeriod
	itCrashes(chaos, promise.RetryCourse, plan, func(ctx SpecContext, l *loop) {
		attempts := plan.Policy.MaxAttempts
		starts := l.awaitRuns(ctx, attempts+1)
		if len(starts) < attempts {
			l.fail(ctx, "was given up after %s, and has %s", spec.Count(len(starts), "run"), spec.Count(attempts, "attempt"))
		}
		l.judgeDelays(ctx, starts[:attempts])
	})
}

// itStaysAtTheMaximum registers the spec of more retries than a delay that doubles each time has bits.
func itStaysAtTheMaximum(chaos *session.Session, plan session.VictimPlan) {
	plan.Policy.Backoff, plan.Policy.Delay, plan.Policy.MaxDelay = zinit.BackoffExponential, zinit.Milliseconds(7*time.Millisecond), zinit.Milliseconds(37*time.Millisecond)
	plan.Options.ExitDelay = shortRunPeriod
	itCrashes(chaos, promise.RetryMany, plan, func(ctx SpecContext, l *loop) {
		starts := l.awaitRuns(ctx, manyRuns)
		if len(starts) <= manyRuns {
			l.fail(ctx, "was not run again after its run %d", len(starts))
		}
		l.judgeDelays(ctx, starts)
	})
}

// everyEnding lists the signals that end a process, and exit codes to which supervisors, shells and sysexits.h give a meaning.
const everyEnding = "SIGHUP,SIGINT,SIGQUIT,SIGILL,SIGTRAP,SIGABRT,SIGBUS,SIGFPE,SIGKILL,SIGUSR1,SIGSEGV,SIGUSR2,SIGPIPE,SIGALRM,SIGTERM,SIGSTKFLT," +
	"SIGXCPU,SIGXFSZ,SIGVTALRM,SIGPROF,SIGIO,SIGPWR,SIGSYS,0,1,2,3,64,75,77,78,99,100,111,125,126,127,128,129,130,131,134,137,139,141,143,200,203,217,254,255"

// itEndsInEveryWay registers the spec of a service whose runs end each in another way.
func itEndsInEveryWay(chaos *session.Session, plan session.VictimPlan) {
	plan.Policy.Delay = zinit.Milliseconds(7 * time.Millisecond)
	plan.Options.ExitDelay, plan.Options.Endings = shortRunPeriod, everyEnding
	itCrashes(chaos, promise.RetryAnyEnding, plan, func(ctx SpecContext, l *loop) {
		endings := strings.Count(everyEnding, ",") + 1
		starts := l.awaitRuns(ctx, endings)
		switch overdue := time.Duration(spec.Now(ctx, l.sandbox) - starts[len(starts)-1]); {
		case len(starts) > endings:
		case overdue < overdueLimit:
			spec.InconclusiveBecause(record.TooCoarse("there was no time for all ways in which a run can end"))
		case l.host.Stall() > spec.Tolerance(l.chaos):
			spec.InconclusiveBecause(record.HostStalled("a run may only be late"))
		default:
			l.fail(ctx, "ended its run %d by %s and was not run again", len(starts), l.endingOf(len(starts)))
		}
	})
}

// itBeginsAgain registers the spec of a service that is stopped and started while it waits for its third retry.
func itBeginsAgain(chaos *session.Session, plan session.VictimPlan) {
	plan.Policy.Backoff = zinit.BackoffExponential
	itCrashes(chaos, promise.RetryStoppedBetween, plan, func(ctx SpecContext, l *loop) {
		const before = 3
		if starts := l.awaitRuns(ctx, before-1); len(starts) != before {
			l.fail(ctx, "was not run again after its run %d", len(starts))
		}
		By("stop " + plan.Name + ", and start it again")
		spec.Conclude(l.sandbox.Supervisor.Stop(ctx, plan.Name))
		spec.Await(ctx, overdueLimit, plan.Name+" has stopped", func(ctx context.Context) bool {
			status, err := l.sandbox.Supervisor.Status(ctx, plan.Name)
			return err == nil && spec.HasStopped(status)
		})
		l.since = spec.Now(ctx, l.sandbox)
		if err := l.sandbox.Supervisor.Start(ctx, plan.Name); err != nil {
			l.fail(ctx, "was stopped between two retries and could not be started: %v", err)
		}
		starts := l.awaitRuns(ctx, 2)
		if len(starts) < 2 {
			l.fail(ctx, "was stopped and started between two retries, and was not run again after its end")
		}
		l.judgeDelays(ctx, starts)
	})
}

// itIsCalledWaiting registers the spec that reads the status between the first run's end and the second run's start.
func itIsCalledWaiting(chaos *session.Session, plan session.VictimPlan) {
	const pendingDelay = 3730 * time.Millisecond
	plan.Policy.Delay = zinit.Milliseconds(pendingDelay)
	itCrashes(chaos, promise.RetryWaitingStatus, plan, func(ctx SpecContext, l *loop) {
		By("read the status of " + plan.Name + " while its first retry is pending")
		var looks int
		spec.Until(ctx, loopTimeout, func(context.Context) bool {
			now := spec.Now(ctx, l.sandbox)
			status, err := l.sandbox.Supervisor.Status(ctx, plan.Name)
			spec.Conclude(err)
			starts := l.starts(ctx)
			if len(starts) == 0 || time.Duration(now-starts[0]) < runPeriod+2*spec.Tolerance(chaos) {
				return time.Duration(now-l.since) > overdueLimit+runPeriod+pendingDelay
			}
			// Near its due time the next process may exist already, and have written nothing down yet.
			if len(starts) > 1 || time.Duration(spec.Now(ctx, l.sandbox)-starts[0]) > pendingDelay {
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
			spec.InconclusiveBecause(record.TooCoarse("the status could not be read often enough while a retry was pending"))
		}
	})
}

func itIsCounted(chaos *session.Session, plan session.VictimPlan) {
	itCrashes(chaos, promise.RetryJobAttempt, plan, func(ctx SpecContext, l *loop) {
		By("check that the supervisor keeps a record of " + plan.Name)
		_, err := l.sandbox.Supervisor.Jobs(ctx, zinit.RunActionName(plan.Name), 0)
		spec.Conclude(err)
		l.awaitRuns(ctx, plan.Policy.MaxAttempts)
		By("read the record of " + plan.Name)
		jobs, err := l.sandbox.Supervisor.Jobs(ctx, zinit.RunActionName(plan.Name), 0)
		spec.Conclude(err)
		slices.Reverse(jobs)
		var attempts []int
		for _, job := range jobs {
			attempts = append(attempts, job.Attempt)
		}
		if want := []int{1, 2, 3, 4}; !slices.Equal(attempts, want) {
			l.fail(ctx, "was run %s, and its jobs are attempts %v, not %v", spec.Count(len(jobs), "time"), attempts, want)
		}
	})
}
