package budget_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/budget"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

func TestRetryState(t *testing.T) {
	const stable, short = time.Minute, time.Second
	capped := shipped()
	capped.MaxAttempts = 3
	never := shipped()
	never.StabilityPeriod, never.MaxAttempts = 0, 0
	for _, tc := range []struct {
		name     string
		policy   zinit.RetryPolicy
		runs     []time.Duration
		retries  []int
		attempts []int
		gaveUp   bool
	}{
		{"first end", shipped(), []time.Duration{short}, []int{1}, []int{2}, false},
		{"first end, stable", shipped(), []time.Duration{stable}, []int{1}, []int{1}, false},
		{"a second within the stability period", shipped(), []time.Duration{short, short}, []int{1, 2}, []int{2, 3}, false},
		{"a stable run resets", shipped(), []time.Duration{short, short, stable, short}, []int{1, 2, 1, 2}, []int{2, 3, 1, 2}, false},
		{"just not stable", shipped(), []time.Duration{short, stable - 1}, []int{1, 2}, []int{2, 3}, false},
		{"failed at the end of the third", capped, []time.Duration{short, short, short}, []int{1, 2, 3}, []int{2, 3, 4}, true},
		{"a stable run does not count", capped, []time.Duration{stable, short, short}, []int{1, 2, 3}, []int{1, 2, 3}, false},
		{"period 0 is never stable", never, []time.Duration{short, 24 * time.Hour}, []int{1, 2}, []int{2, 3}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var state budget.State
			var retries, attempts []int
			gaveUp := false
			for _, ran := range tc.runs {
				state, gaveUp = state.End(tc.policy, ran)
				retries = append(retries, state.Retry)
				attempts = append(attempts, state.Attempt())
			}
			if !slices.Equal(retries, tc.retries) || !slices.Equal(attempts, tc.attempts) || gaveUp != tc.gaveUp {
				t.Errorf("retries %v, attempts %v, gave up %v; want %v, %v, %v", retries, attempts, gaveUp, tc.retries, tc.attempts, tc.gaveUp)
			}
		})
	}
}

func TestUnstableRunsWaitNoShorter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		policy := shipped()
		policy.Backoff = rapid.SampledFrom([]zinit.Backoff{zinit.BackoffNone, zinit.BackoffLinear, zinit.BackoffExponential}).Draw(t, "backoff")
		policy.MaxAttempts = 0
		var state budget.State
		last := time.Duration(0)
		for range rapid.IntRange(1, 200).Draw(t, "ends") {
			state, _ = state.End(policy, time.Second)
			delay := budget.AfterExit(policy, state.Retry, 0, 0).Respawn.Earliest
			if delay < last || delay > policy.MaxDelay.Duration() {
				t.Fatalf("retry %d waits %v after %v", state.Retry, delay, last)
			}
			last = delay
		}
	})
}
