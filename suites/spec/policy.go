package spec

import (
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// ScalePolicy scales the shipped retry policy to another first delay. It keeps the 20 attempts, the backoff, and a
// maximum of 60 first delays (suites/contract/hero_zero.md#supervision). Use odd values, so that a wrong unit shows.
func ScalePolicy(delay, stability time.Duration) zinit.RetryPolicy {
	return zinit.RetryPolicy{
		MaxAttempts: 20, Delay: zinit.Milliseconds(delay), Backoff: zinit.BackoffExponential,
		MaxDelay: zinit.Milliseconds(60 * delay), StabilityPeriod: zinit.Milliseconds(stability),
	}
}

// LimitPolicy removes from a policy what the target's own policy lacks: a limit of attempts, a growing delay, a maximum
// delay, a stability period. So a supervisor that does not know these is only asked for what it knows.
func LimitPolicy(t *target.Target, policy zinit.RetryPolicy) zinit.RetryPolicy {
	own := t.Policy
	if own == (zinit.RetryPolicy{}) {
		return policy // the target states none
	}
	if own.MaxAttempts == 0 {
		policy.MaxAttempts = 0
	}
	if own.Backoff != zinit.BackoffExponential {
		policy.Backoff = own.Backoff
	}
	if own.MaxDelay == 0 {
		policy.MaxDelay = 0
	}
	if own.StabilityPeriod == 0 {
		policy.StabilityPeriod = 0
	}
	return policy
}
