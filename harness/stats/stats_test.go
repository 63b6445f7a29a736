package stats_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/stats"
)

func upTo(n int) []time.Duration {
	var durations []time.Duration
	for i := range n {
		durations = append(durations, time.Duration(n-i)*time.Millisecond)
	}
	return durations
}

func TestSummarize(t *testing.T) {
	const ms = time.Millisecond
	for _, tc := range []struct {
		n                          int
		min, median, p90, p99, max time.Duration
	}{
		{0, 0, 0, 0, 0, 0},
		{1, 1 * ms, 1 * ms, 0, 0, 1 * ms},
		{2, 1 * ms, 1500 * time.Microsecond, 0, 0, 2 * ms},
		{3, 1 * ms, 2 * ms, 0, 0, 3 * ms},
		{9, 1 * ms, 5 * ms, 0, 0, 9 * ms},
		{10, 1 * ms, 5500 * time.Microsecond, 9 * ms, 0, 10 * ms},
		{99, 1 * ms, 50 * ms, 90 * ms, 0, 99 * ms},
		{100, 1 * ms, 50500 * time.Microsecond, 90 * ms, 99 * ms, 100 * ms},
		{1000, 1 * ms, 500500 * time.Microsecond, 900 * ms, 990 * ms, 1000 * ms},
	} {
		durations := upTo(tc.n)
		got := stats.Summarize(durations)
		if got.N != tc.n || got.Min != tc.min || got.Median != tc.median || got.Max != tc.max {
			t.Errorf("n %d: %+v", tc.n, got)
		}
		if (got.P90 != nil) != (tc.n >= 10) || (got.P90 != nil && *got.P90 != tc.p90) {
			t.Errorf("n %d: p90 %v, want %v", tc.n, got.P90, tc.p90)
		}
		if (got.P99 != nil) != (tc.n >= 100) || (got.P99 != nil && *got.P99 != tc.p99) {
			t.Errorf("n %d: p99 %v, want %v", tc.n, got.P99, tc.p99)
		}
		if !slices.Equal(durations, upTo(tc.n)) {
			t.Errorf("n %d: the caller's durations were changed", tc.n)
		}
	}
}

func TestSummaryIsOrdered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Int64Range(0, int64(24*time.Hour)), 1, 300).Draw(t, "durations")
		var durations []time.Duration
		for _, value := range values {
			durations = append(durations, time.Duration(value))
		}
		got := stats.Summarize(durations)
		if got.Min > got.Median || got.Median > got.Max {
			t.Fatalf("%+v", got)
		}
		if got.P99 == nil {
			return
		}
		above := 0
		for _, duration := range durations {
			if duration > *got.P99 {
				above++
			}
		}
		if above*100 > len(durations) || !slices.Contains(durations, *got.P99) {
			t.Fatalf("%d of %d are above the p99 %v", above, len(durations), *got.P99)
		}
	})
}
