package zinit_test

import (
	"encoding/json"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// TestDelayOfRetry checks the formula of suites/contract/zinit-0.4.md#delay.
func TestDelayOfRetry(t *testing.T) {
	shipped := zinit.RetryPolicy{MaxAttempts: 20, Delay: ms(5000), Backoff: zinit.BackoffExponential, MaxDelay: ms(300_000)}
	linear := zinit.RetryPolicy{Delay: ms(1730), Backoff: zinit.BackoffLinear, MaxDelay: ms(6000)}
	cases := []struct {
		policy zinit.RetryPolicy
		retry  int
		want   time.Duration
	}{
		{shipped, 1, 5 * time.Second},
		{shipped, 2, 10 * time.Second},
		{shipped, 6, 160 * time.Second},
		{shipped, 7, 300 * time.Second},
		{shipped, 1000, 300 * time.Second},
		{linear, 3, 5190 * time.Millisecond},
		{linear, 4, 6 * time.Second},
		{zinit.RetryPolicy{Delay: ms(9), Backoff: zinit.BackoffNone}, 7, 9 * time.Millisecond},
		{zinit.RetryPolicy{Delay: ms(9), MaxDelay: ms(4)}, 1, 4 * time.Millisecond},
	}
	for _, c := range cases {
		NewWithT(t).Expect(c.policy.DelayOfRetry(c.retry)).To(Equal(c.want), "%+v, retry %d", c.policy, c.retry)
	}
}

// TestMilliseconds checks both forms of a duration.
func TestMilliseconds(t *testing.T) {
	g := NewWithT(t)
	g.Expect(json.Marshal(ms(1730))).To(BeEquivalentTo("1730"))
	var period zinit.Milliseconds
	g.Expect(json.Unmarshal([]byte("1730"), &period)).To(Succeed())
	g.Expect(period.String()).To(Equal("1.73s"))
	g.Expect(json.Unmarshal([]byte(`"5s"`), &period)).To(MatchError(ContainSubstring("in milliseconds")))
}
