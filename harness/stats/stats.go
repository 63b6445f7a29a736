// Package stats summarizes durations, with no more figures than their number supports.
package stats

import (
	"slices"
	"time"

	"gonum.org/v1/gonum/stat"
)

// The fewest durations that a percentile takes. Of fewer it is the maximum by another name.
const (
	FewestForP90 = 10
	FewestForP99 = 100
)

// Summary is the summary of N durations. With N = 0 all of it is zero.
type Summary struct {
	N      int
	Min    time.Duration
	Median time.Duration // of an even number the mean of the two in the middle
	// P90 and P99 are the lowest durations that 90 % and 99 % do not exceed; nil if there are too few.
	P90, P99 *time.Duration
	Max      time.Duration
}

// Summarize returns the summary of durations, in any order.
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
	return Summary{
		N: len(sorted), Min: sorted[0], Max: sorted[last],
		Median: time.Duration(stat.Mean([]float64{values[last/2], values[(last+1)/2]}, nil)),
		P90:    percentile(0.90, FewestForP90, values), P99: percentile(0.99, FewestForP99, values),
	}
}

func percentile(share float64, fewest int, sorted []float64) *time.Duration {
	if len(sorted) < fewest {
		return nil
	}
	found := time.Duration(stat.Quantile(share, stat.Empirical, sorted, nil))
	return &found
}
