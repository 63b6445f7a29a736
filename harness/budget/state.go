package budget

import (
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// State is where a service stands in its retry policy. The zero value is a service that was started
// because somebody asked for it.
type State struct {
	// Retry is the number of the retry that the last end was followed by, 0 before the first.
	Retry int
	// Unstable counts the unstable runs in a row that have ended.
	Unstable int
}

// Attempt returns the attempt that the present run is: the number of unstable runs in a row before
// it, plus 1 (suites/contract/zinit-0.4.md#stability, [A] job-attempt).
func (s State) Attempt() int { return s.Unstable + 1 }

// End returns where the service stands after a run of length ran ended without having been asked to,
// and whether the supervisor gives up. Next.Retry is due then (suites/contract/zinit-0.4.md#delay,
// [A] retry-numbering): 1 after the first end and after a stable run, else one more than before.
// MaxAttempts counts unstable runs in a row (suites/contract/zinit-0.4.md#stability, [A] cap-counts-runs).
func (s State) End(policy zinit.RetryPolicy, ran time.Duration) (next State, gaveUp bool) {
	if stability := policy.StabilityPeriod.Duration(); stability > 0 && ran >= stability {
		return State{Retry: 1}, false
	}
	next = State{Retry: s.Retry + 1, Unstable: s.Unstable + 1}
	return next, policy.MaxAttempts > 0 && next.Unstable >= policy.MaxAttempts
}
