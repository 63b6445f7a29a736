package spec

import (
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// TestShaped asks a supervisor for no more than its target file says that it has.
func TestShaped(t *testing.T) {
	scaled := ScalePolicy(1730*time.Millisecond, 7*time.Second)
	second := zinit.Milliseconds(time.Second)
	for name, c := range map[string]struct{ own, want zinit.RetryPolicy }{
		"the shipped shape": {ScalePolicy(5*time.Second, time.Minute), scaled},
		"none is stated":    {zinit.RetryPolicy{}, scaled},
		"a constant delay":  {zinit.RetryPolicy{Delay: second, Backoff: zinit.BackoffNone}, zinit.RetryPolicy{Delay: scaled.Delay, Backoff: zinit.BackoffNone}},
		"a limit of linear delays": {
			zinit.RetryPolicy{MaxAttempts: 3, Delay: second, Backoff: zinit.BackoffLinear},
			zinit.RetryPolicy{MaxAttempts: scaled.MaxAttempts, Delay: scaled.Delay, Backoff: zinit.BackoffLinear},
		},
	} {
		if got := LimitPolicy(&target.Target{Policy: c.own}, scaled); got != c.want {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}
