package spec

import (
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// ScaledPolicy is the shipped retry policy's shape at another scale: its 20 attempts, its backoff, and a maximum of 60
// first delays (contract hero_zero, "Supervision": 5 s and 300 s).
func ScaledPolicy(delay, stability time.Duration) zinit.RetryPolicy {
	return zinit.RetryPolicy{
		MaxAttempts: 20, Delay: zinit.Milliseconds(delay), Backoff: zinit.BackoffExponential,
		MaxDelay: zinit.Milliseconds(60 * delay), StabilityPeriod: zinit.Milliseconds(stability),
	}
}

// Shaped is a policy without what the target's own does not have: a limit of attempts, a delay that grows, a maximum, a
// stability period. A supervisor that has no words for these is then asked what it can be asked.
func Shaped(t *target.Target, policy zinit.RetryPolicy) zinit.RetryPolicy {
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
