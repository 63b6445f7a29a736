package spec

import (
	"time"

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
