package budget

import (
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// State is the state of a service's retry policy. The zero value is that of a service that was started by an order.
type State struct {
	// Retry is the number of the retry that followed the last end, 0 before the first.
	Retry int
	// Unstable counts the unstable runs in a row that have ended.
	Unstable int
}

// Attempt returns the number of the present attempt: [A] job-attempt.
func (s State) Attempt() int { return s.Unstable + 1 }

// End returns the state after a run of duration ran that nobody asked to end, and whether the supervisor gives up. next.Retry is due
// then: [A] retry-numbering. It gives up by [A] cap-counts-runs.
func (s State) End(policy zinit.RetryPolicy, ran time.Duration) (next State, gaveUp bool) {
	if stability := policy.StabilityPeriod.Duration(); stability > 0 && ran >= stability {
		return State{Retry: 1}, false
	}
	next = State{Retry: s.Retry + 1, Unstable: s.Unstable + 1}
	return next, policy.MaxAttempts > 0 && next.Unstable >= policy.MaxAttempts
}
