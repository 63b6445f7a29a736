package inspect

import (
	"context"
	"errors"
	"fmt"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// crashes watches a service that uses its attempts up and is started again by an order.
func (e *examiner) crashes(ctx context.Context) error {
	definition := e.defineCrash("cap", crashDelay, policy(zinit.BackoffNone, shortDelay, attempts))
	name, action := definition.Service.Name, definition.Actions[0].Name
	remove, err := e.register(ctx, definition)
	if err != nil {
		return err
	}
	defer remove()
	jobs, err := e.awaitEnds(ctx, action, attempts)
	if err != nil {
		return err
	}
	e.settle("job-attempt", checkAttempts(jobs, attempts), "a service that crashed %d times counted its attempts from 1", attempts)
	if e.Client != nil {
		raw, err := e.Client.Call(ctx, "job.list", map[string]any{"action": action, "limit": 1})
		if err != nil {
			return err
		}
		e.settle("job-shape", checkJobShape(raw), "a run that has ended has all of them")
	}
	if err := within(ctx, 2*shortDelay, "the state failed", e.state(ctx, name, func(s zinit.Status) bool { return s.State == zinit.StateFailed })); err != nil {
		e.differs("cap-counts-runs", "%d unstable runs of max_attempts %d: %v", attempts, attempts, err)
		return nil
	}
	if jobs, err = e.jobs(ctx, action); err != nil {
		return err
	}
	called := len(jobs)
	select { // a retry would be due three times in this time
	case <-time.After(3 * shortDelay):
	case <-ctx.Done():
		return ctx.Err()
	}
	if jobs, err = e.jobs(ctx, action); err != nil {
		return err
	}
	if len(jobs) != called {
		e.differs("failed-means-given-up", "a run followed after it was called failed")
	}
	if len(jobs) != attempts {
		e.differs("cap-counts-runs", "with max_attempts %d it ran %d times", attempts, len(jobs))
		return nil
	}
	e.confirm("cap-counts-runs", "with max_attempts %d it ran %d times", attempts, attempts)
	e.confirm("failed-means-given-up", "no run followed for three delays after it was called failed")
	return e.startAgain(ctx, name, action)
}

// startAgain starts a failed service and watches its attempts.
func (e *examiner) startAgain(ctx context.Context, name, action string) error {
	if err := e.Supervisor.Start(ctx, name); err != nil {
		e.differs("failed-until-started", "start of a failed service: %s", oneLine(err))
		return nil
	}
	jobs, err := e.awaitEnds(ctx, action, 2*attempts)
	if err != nil {
		e.differs("failed-until-started", "after a start by hand: %s", oneLine(err))
		return nil //nolint:nilerr // the error is the finding
	}
	e.settle("failed-until-started", checkAttempts(jobs[attempts:], attempts), "a start by hand began at attempt 1 again")
	return nil
}

// delays watches how the delays of crashing services grow.
func (e *examiner) delays(ctx context.Context) error {
	capped := policy(zinit.BackoffExponential, shortDelay, attempts)
	capped.MaxDelay = zinit.Milliseconds(2*shortDelay - 110*time.Millisecond)
	stable := policy(zinit.BackoffExponential, shortDelay, 1)
	stable.StabilityPeriod = zinit.Milliseconds(310 * time.Millisecond)
	const stableRun = 530 * time.Millisecond
	cases := []struct {
		id         string
		definition zinit.Definition
		p          zinit.RetryPolicy
		retries    []int
	}{
		{"delay-formula", e.defineCrash("none", crashDelay, policy(zinit.BackoffNone, shortDelay, attempts)), policy(zinit.BackoffNone, shortDelay, attempts), []int{1, 2, 3}},
		{"delay-formula", e.defineCrash("linear", crashDelay, policy(zinit.BackoffLinear, shortDelay, attempts)), policy(zinit.BackoffLinear, shortDelay, attempts), []int{1, 2, 3}},
		{"delay-formula", e.defineCrash("capped", crashDelay, capped), capped, []int{1, 2, 3}},
		{"retry-numbering", e.defineCrash("exponential", crashDelay, policy(zinit.BackoffExponential, shortDelay, attempts)), policy(zinit.BackoffExponential, shortDelay, attempts), []int{1, 2, 3}},
		{"retry-numbering", e.defineCrash("stable", stableRun, stable), stable, []int{1, 1}},
	}
	for _, c := range cases {
		remove, err := e.register(ctx, c.definition)
		if err != nil {
			return err
		}
		defer remove()
	}
	e.whileWaiting(ctx, cases[3].definition, cases[3].p)
	for _, c := range cases {
		jobs, err := e.awaitEnds(ctx, c.definition.Actions[0].Name, len(c.retries)+1)
		if err != nil {
			return err
		}
		err = checkDelays(jobs, c.p, c.retries)
		if late := new(lateError); errors.As(err, &late) {
			e.note(Unseen, late.Error(), c.id)
			continue
		}
		e.settle(c.id, err, "the delays of crashing services were as the formula has them")
		if c.id == "retry-numbering" {
			e.settle("delay-formula", err, "the delays of crashing services were as the formula has them")
		}
	}
	return nil
}

// lateError is a retry that came late. The formula may be another, or the host was busy.
type lateError struct{ text string }

func (l *lateError) Error() string { return l.text }

// checkDelays compares the gaps between runs with the policy.
func checkDelays(jobs []zinit.Job, p zinit.RetryPolicy, retries []int) error {
	for i, retry := range retries {
		gap := time.Duration(jobs[i+1].Started-jobs[i].Ended) * time.Millisecond
		due := p.DelayOfRetry(retry)
		what := fmt.Sprintf("%s backoff: gap %d took %s and was due after %s", p.Backoff, i+1, gap, due)
		if gap < due-due/earlyShare {
			return errors.New(what)
		}
		if gap > due+latenessLimit {
			return &lateError{what + ", or this host was busy"}
		}
	}
	return nil
}

// whileWaiting asks for the status in the longest gap, between the third run and the fourth.
func (e *examiner) whileWaiting(ctx context.Context, definition zinit.Definition, p zinit.RetryPolicy) {
	name, action := definition.Service.Name, definition.Actions[0].Name
	if _, err := e.awaitEnds(ctx, action, attempts-1); err != nil {
		return
	}
	status, err := e.Supervisor.Status(ctx, name)
	jobs, jobsErr := e.jobs(ctx, action)
	if err != nil || jobsErr != nil || len(jobs) != attempts-1 {
		e.note(Unseen, fmt.Sprintf("the retry after %s came before the status was read", p.DelayOfRetry(attempts-1)), "status-while-waiting")
		return
	}
	var wrong error
	if (status.State != zinit.StateStarting && status.State != zinit.StateExited) || status.PID != 0 || status.Error == "" {
		wrong = fmt.Errorf("the state is %q, the pid %d, the error %q", status.State, status.PID, status.Error)
	}
	e.settle("status-while-waiting", wrong, "%s, and the error says how the last run ended", status.State)
}

// unlimited watches six runs of a service without limits.
func (e *examiner) unlimited(ctx context.Context) error {
	const runs, delay = 6, 70 * time.Millisecond
	p := zinit.RetryPolicy{Delay: zinit.Milliseconds(delay), Backoff: zinit.BackoffExponential}
	definition := e.defineCrash("unlimited", crashDelay, p)
	remove, err := e.register(ctx, definition)
	if err != nil {
		return err
	}
	defer remove()
	jobs, err := e.awaitEnds(ctx, definition.Actions[0].Name, runs)
	if err != nil {
		return err
	}
	retries := []int{1, 2, 3, 4, 5}
	wrong := checkDelays(jobs, p, retries)
	if late := new(lateError); errors.As(wrong, &late) {
		wrong = nil // delays checks the formula
	}
	if wrong == nil {
		wrong = checkAttempts(jobs, runs)
	}
	e.settle("zero-is-no-limit", wrong, "with 0 for each it ran %d times, each delay twice the last", runs)
	return nil
}
