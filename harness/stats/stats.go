// Package stats says of many durations what a reader has to know, and no more than their number
// supports.
package stats

import (
	"slices"
	"time"

	"gonum.org/v1/gonum/stat"
)

// FewestForP99 is how many durations a 99th percentile takes: of fewer it is only the maximum by
// another name.
const FewestForP99 = 100

// Summary is what is said of N durations. With N = 0 all of it is zero.
type Summary struct {
	N      int
	Min    time.Duration
	Median time.Duration // of an even number the mean of the two in the middle
	P99    *time.Duration
	Max    time.Duration
}

// Summarize returns the summary of durations, in any order. P99 is the lowest of them that 99 % do not
// exceed, or nil where there are fewer than FewestForP99.
func Summarize(durations []time.Duration) Summary {
	if len(durations) == 0 {
		return Summary{}
	}
	sorted := slices.Sorted(slices.Values(durations))
	// A float64 holds every nanosecond of 104 days.
	values := make([]float64, len(sorted))
	for i, duration := range sorted {
		values[i] = float64(duration)
	}
	last := len(sorted) - 1
	summary := Summary{
		N: len(sorted), Min: sorted[0], Max: sorted[last],
		Median: time.Duration(stat.Mean([]float64{values[last/2], values[(last+1)/2]}, nil)),
	}
	if summary.N >= FewestForP99 {
		p99 := time.Duration(stat.Quantile(0.99, stat.Empirical, values, nil))
		summary.P99 = &p99
	}
	return summary
}
