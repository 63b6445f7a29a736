package budget

import (
	"errors"
	"fmt"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// RecordPolicy returns a policy in the form of a record.
func RecordPolicy(p zinit.RetryPolicy) record.RetryPolicy {
	return record.RetryPolicy{
		MaxAttempts: p.MaxAttempts, Delay: int64(p.Delay), Backoff: string(p.Backoff), MaxDelay: int64(p.MaxDelay),
		StabilityPeriod: int64(p.StabilityPeriod),
	}
}

// RecordLimits returns the outer limits of a target in the form of a record.
func RecordLimits(b target.Budgets) record.Limits {
	return record.Limits{Restart: int64(b.Restart), Serving: int64(b.Serving), StopTimeout: int64(b.StopTimeout)}
}

// RecordCheck returns a health check in the form of a record.
func RecordCheck(c Check) *record.Check {
	return &record.Check{Interval: int64(c.Interval), Timeout: int64(c.Timeout), StartPeriod: int64(c.StartPeriod), Retries: c.Retries}
}

// Due is when the phases of a recovery were due: the exit counted from the injection, the others from the exit.
type Due struct {
	Exit, Respawn, Serving Window
	// StayPeriod is the time for which a process that nothing replaces has to be watched.
	StayPeriod time.Duration
}

// Phase returns the window of a phase by its name, and what it is counted from; false if the terms say nothing about it.
func (d Due) Phase(name string) (window Window, from string, ok bool) {
	switch name {
	case "exited":
		return d.Exit, "injected", true
	case "respawned":
		return d.Respawn, "exited", true
	case "serving":
		return d.Serving, "exited", true
	}
	return Window{}, "", false
}

const (
	// termLimit is more than any duration of any terms.
	termLimit = 7 * 24 * time.Hour
	// retryLimit is more than any number of a retry.
	retryLimit = 1000
)

// ByTerms returns when the phases of a recovery were due by its terms. The error names what no terms of ours say.
func ByTerms(t record.Terms) (Due, error) {
	if err := checkTerms(t); err != nil {
		return Due{}, err
	}
	policy := zinit.RetryPolicy{
		MaxAttempts: t.Policy.MaxAttempts, Delay: zinit.Milliseconds(t.Policy.Delay), Backoff: zinit.Backoff(t.Policy.Backoff),
		MaxDelay: zinit.Milliseconds(t.Policy.MaxDelay), StabilityPeriod: zinit.Milliseconds(t.Policy.StabilityPeriod),
	}
	first := AfterExit(policy, t.Retry, 0, 0).Respawn
	last := AfterExit(policy, max(t.Retry, t.LastRetry), time.Duration(t.Startup), time.Duration(t.Wait))
	due := Due{
		Exit:    Window{Earliest: time.Duration(t.TermDelay), Latest: time.Duration(max(t.TermDelay, t.StopTimeout))},
		Respawn: Window{Earliest: first.Earliest, Latest: last.Respawn.Latest},
		Serving: Window{Earliest: first.Earliest, Latest: last.Serving.Latest},
	}
	if t.Check != nil {
		found := Check{
			Interval: time.Duration(t.Check.Interval), Timeout: time.Duration(t.Check.Timeout),
			StartPeriod: time.Duration(t.Check.StartPeriod), Retries: t.Check.Retries,
		}.Detection(0)
		due.Exit = Window{Latest: found.Latest + time.Duration(t.StopTimeout)}
		due.StayPeriod = due.Exit.Latest
	}
	due.StayPeriod += first.Earliest
	if t.Limits != nil {
		due.Respawn.Latest, due.Serving.Latest = time.Duration(t.Limits.Restart), time.Duration(t.Limits.Serving)
	}
	return due, nil
}

// checkTerms refuses numbers that no target has: with them the windows would overflow.
func checkTerms(t record.Terms) error {
	durations := []int64{
		t.Policy.Delay, t.Policy.MaxDelay, t.Policy.StabilityPeriod, t.TermDelay, t.StopTimeout, t.Startup, t.Wait, t.Stay,
	}
	if t.Check != nil {
		if t.Check.Interval == 0 || t.Check.Timeout == 0 || t.Check.Retries < 0 || t.Check.Retries > retryLimit {
			return errors.New("the health check has no interval, no timeout, or an impossible number of retries")
		}
		durations = append(durations, t.Check.Interval, t.Check.Timeout, t.Check.StartPeriod)
	}
	if t.Limits != nil {
		durations = append(durations, t.Limits.Restart, t.Limits.Serving, t.Limits.StopTimeout)
	}
	for _, duration := range durations {
		if duration < 0 || duration > int64(termLimit) {
			return fmt.Errorf("a duration of %v: it must be from 0 to %v", time.Duration(duration), termLimit)
		}
	}
	switch zinit.Backoff(t.Policy.Backoff) {
	case zinit.BackoffNone, zinit.BackoffLinear, zinit.BackoffExponential, "":
	default:
		return fmt.Errorf("the backoff %q", t.Policy.Backoff)
	}
	if t.Retry < 1 || t.Retry > retryLimit || t.LastRetry < 0 || t.LastRetry > retryLimit || t.Policy.MaxAttempts < 0 {
		return errors.New("an impossible number of a retry")
	}
	return nil
}
