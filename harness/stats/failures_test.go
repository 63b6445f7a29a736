package stats_test

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/stats"
)

// TestFailsAtMost holds the bound against its own definition: were the rate the bound, so few failures would come up
// in 5 of 100 such series.
func TestFailsAtMost(t *testing.T) {
	for _, n := range []int{1, 5, 28, 59, 299, 1000} {
		for _, failures := range []int{0, 1, 3, n - 1} {
			if failures >= n {
				continue
			}
			bound := stats.FailsAtMost(failures, n)
			so := distuv.Binomial{N: float64(n), P: bound}.CDF(float64(failures))
			if math.Abs(so-0.05) > 1e-6 {
				t.Errorf("%d of %d: at %.6f so few would come up in %.4f of all series", failures, n, bound, so)
			}
		}
	}
}

// TestFailsAtMostAsPublished: with no failure it is 1 - 0.05^(1/n), of which 3/n is the rule of thumb; 59 trials are the
// fewest that exclude 5 %, 299 those that exclude 1 %.
func TestFailsAtMostAsPublished(t *testing.T) {
	for _, tc := range []struct {
		failures, n int
		want        float64
	}{
		{0, 28, 0.1015}, {0, 59, 0.0495}, {0, 58, 0.0503}, {0, 299, 0.00997}, {0, 298, 0.01000}, {1, 10, 0.3942}, {3, 10, 0.6066},
	} {
		if got := stats.FailsAtMost(tc.failures, tc.n); math.Abs(got-tc.want) > 0.0001 {
			t.Errorf("%d of %d: %.5f, want %.5f", tc.failures, tc.n, got, tc.want)
		}
	}
	for _, tc := range [][2]int{{0, 0}, {1, 0}, {4, 4}, {5, 4}, {-1, 3}} {
		if got := stats.FailsAtMost(tc[0], tc[1]); got != 1 {
			t.Errorf("%d of %d: %v, want 1: nothing is known", tc[0], tc[1], got)
		}
	}
}
