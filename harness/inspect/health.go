package inspect

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// health watches a failing health check whose schedule has no retries.
func (e *examiner) health(ctx context.Context) error {
	const startPeriod = 730 * time.Millisecond
	p := policy(zinit.BackoffNone, shortDelay, 0)
	name := Prefix + "health"
	check := zinit.HealthAction(name, e.Probe("/nonexistent", time.Second), zinit.Schedule{
		Interval: zinit.Milliseconds(10 * time.Minute), StartPeriod: zinit.Milliseconds(startPeriod),
	}, zinit.Milliseconds(3*time.Second))
	run := zinit.RunAction(name, e.Victim(victim.Options{}), p)
	remove, err := e.register(ctx, zinit.Define(name, run, check))
	if err != nil {
		return err
	}
	defer remove()
	jobs, err := e.jobs(ctx, run.Name)
	if err != nil {
		return err
	}
	const restartLimit = 15 * time.Second
	if err := within(ctx, restartLimit, "a restart by its failing health check", func() (bool, error) {
		jobs, err = e.jobs(ctx, run.Name)
		return len(jobs) > 1, err
	}); err != nil {
		e.differs("retries-default-one", "%v", err)
		return nil
	}
	status, err := e.Supervisor.Status(ctx, name)
	if err != nil {
		return err
	}
	checks, err := e.jobs(ctx, check.Name)
	if err != nil {
		return err
	}
	e.settle("retries-default-one", checkOne(countBefore(checks, jobs[0].Ended)), "one failed check restarted a service")
	e.settle("health-restart-counts", checkReplaced(jobs, p), "the replaced run is stopped, the retry came after its delay as attempt 2")
	if len(jobs) > 2 || countBefore(checks, math.MaxInt64) != countBefore(checks, jobs[0].Ended) {
		e.note(Unseen, "the new process was checked before its health was read", "health-dies-with-incarnation")
		return nil
	}
	var wrong error
	if status.Health != zinit.HealthUnknown {
		wrong = fmt.Errorf("the health of the new process is %q before its first check", status.Health)
	}
	e.settle("health-dies-with-incarnation", wrong, "the health of the new process is unknown")
	return nil
}

// countBefore counts the runs that began before a point in time.
func countBefore(runs []zinit.Job, at int64) (count int) {
	for _, run := range runs {
		if run.Started < at {
			count++
		}
	}
	return count
}

// checkOne returns an error unless one health check ran.
func checkOne(checks int) error {
	if checks != 1 {
		return fmt.Errorf("%d health checks had run when the service was restarted", checks)
	}
	return nil
}

// checkReplaced checks the runs of a service that was replaced for its health.
func checkReplaced(jobs []zinit.Job, p zinit.RetryPolicy) error {
	gap := time.Duration(jobs[1].Started-jobs[0].Ended) * time.Millisecond
	switch due := p.DelayOfRetry(1); {
	case jobs[0].State != zinit.JobStopped:
		return fmt.Errorf("the replaced run is %q", jobs[0].State)
	case gap < due-due/earlyShare:
		return fmt.Errorf("the retry came after %s and was due after %s", gap, due)
	case jobs[1].Attempt != 2:
		return fmt.Errorf("the retry is attempt %d: the short run does not count as unstable", jobs[1].Attempt)
	}
	return nil
}

// overlap watches a health check that takes longer than its interval.
func (e *examiner) overlap(ctx context.Context) error {
	const interval, takes, runs = 170 * time.Millisecond, 410 * time.Millisecond, 4
	name := Prefix + "overlap"
	const socket = "/hero_chaos/inspect-overlap.sock"
	check := zinit.HealthAction(name, e.Probe(socket, takes), zinit.Schedule{
		Interval: zinit.Milliseconds(interval), StartPeriod: zinit.Milliseconds(interval), Retries: 1000,
	}, zinit.Milliseconds(10*time.Second))
	run := zinit.RunAction(name, e.Victim(victim.Options{Socket: socket, Behaviour: victim.Mute}), policy(zinit.BackoffNone, shortDelay, 0))
	remove, err := e.register(ctx, zinit.Define(name, run, check))
	if err != nil {
		return err
	}
	defer remove()
	checks, err := e.awaitEnds(ctx, check.Name, runs)
	if err != nil {
		return err
	}
	var wrong error
	for i := 1; i < runs; i++ {
		pause := time.Duration(checks[i].Started-checks[i-1].Ended) * time.Millisecond
		switch {
		case pause < -roundingLimit:
			wrong = errors.New("two runs of one health check overlapped")
		case pause > interval+latenessLimit:
			wrong = fmt.Errorf("the next run of a check that takes %s began %s after its end, with an interval of %s", takes, pause, interval)
		}
	}
	e.settle("health-tick-overlap", wrong, "no run began before the last had ended, and each at the next tick at the latest")
	return nil
}
