package baseline

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/stats"
)

// key is what is compared: a phase of a promise's recoveries.
type key struct {
	promise string
	phase   record.Phase
}

// subject is what two records can have in common.
type subject struct{ service, fault string }

// value is how long a phase took, and how much of that the host may have made: for how long it kept the observer or, when
// the new process was due, anybody waiting for a processor. What may be the host's is not held against an image, as with
// the budgets.
type value struct{ took, host time.Duration }

// values are those of a phase, by what they were measured on.
type values map[subject][]value

// collect takes the recoveries that a result which held rests on: of a failure the phases end where the observation
// did, and what the host has spoiled is no measurement.
func collect(r *record.Record) map[key]values {
	evidence := map[string]bool{}
	for _, result := range r.Results {
		if result.Outcome == record.Held {
			for _, id := range result.Recoveries {
				evidence[id] = true
			}
		}
	}
	found := map[key]values{}
	for _, recovery := range r.Recoveries {
		if !evidence[recovery.ID] {
			continue
		}
		evidence[recovery.ID] = false // a recovery counts once
		for _, phase := range record.Phases() {
			took, ok := recovery.Took(phase)
			if !ok {
				continue
			}
			at, on := key{recovery.Promise, phase}, subject{recovery.Service, recovery.Fault}
			if found[at] == nil {
				found[at] = values{}
			}
			found[at][on] = append(found[at][on], value{took, time.Duration(max(recovery.WorstGap, recovery.Pressure, 0))})
		}
	}
	return found
}

// keys are those of either, by the promise and then in the order of the phases.
func keys(one, other map[key]values) []key {
	order := map[record.Phase]int{}
	for i, phase := range record.Phases() {
		order[phase] = i
	}
	all := slices.Collect(maps.Keys(one))
	for key := range other {
		if one[key] == nil {
			all = append(all, key)
		}
	}
	slices.SortFunc(all, func(a, b key) int {
		return cmp.Or(cmp.Compare(a.promise, b.promise), cmp.Compare(order[a.phase], order[b.phase]))
	})
	return all
}

// fewestPairs is the fewest pairs that can be significant: of 5 that all grew, chance makes 1 in 32.
const fewestPairs = 5

// compare fills the row from the values of both records: paired by service and fault where enough of them are in both.
func (row *Row) compare(before, after values, allowed Allowed) {
	olds, news := paired(before, after)
	if row.Paired = len(olds) >= fewestPairs; !row.Paired {
		olds, news = all(before), all(after)
	}
	was, is := column(olds, value.raw), column(news, value.raw)
	row.OldN, row.NewN = len(olds), len(news)
	row.OldMedian, row.NewMedian, row.Host = median(was), median(is), median(column(news, value.byHost))
	row.Allowed = max(allowed.AtLeast, time.Duration(allowed.Share*float64(row.OldMedian)))
	row.Effect = stats.Dominance(is, was)
	certain := column(news, func(v value) float64 { return float64(v.took - v.host - row.Allowed) })
	if row.Paired {
		row.Shift = median(differences(is, was))
		row.P = stats.SignedRank(differences(certain, was))
		return
	}
	row.Shift = row.NewMedian - row.OldMedian
	row.TooFew = fewest(len(olds), len(news)) > 1-stats.Confidence
	if !row.TooFew {
		row.P = stats.Greater(certain, was)
	}
}

func (v value) raw() float64    { return float64(v.took) }
func (v value) byHost() float64 { return float64(v.host) }

// column is one figure of each value.
func column(of []value, figure func(value) float64) []float64 {
	figures := make([]float64, len(of))
	for i, v := range of {
		figures[i] = figure(v)
	}
	return figures
}

// paired are the medians of what both have, in the same order.
func paired(before, after values) (olds, news []value) {
	for _, on := range slices.SortedFunc(maps.Keys(before), func(a, b subject) int {
		return cmp.Or(cmp.Compare(a.service, b.service), cmp.Compare(a.fault, b.fault))
	}) {
		if after[on] != nil {
			olds, news = append(olds, middle(before[on])), append(news, middle(after[on]))
		}
	}
	return olds, news
}

// middle has the medians of many values' figures.
func middle(of []value) value {
	return value{took: median(column(of, value.raw)), host: median(column(of, value.byHost))}
}

// all are the values, whatever they were measured on. No figure depends on their order.
func all(of values) []value { return slices.Concat(slices.Collect(maps.Values(of))...) }

func differences(xs, ys []float64) []float64 {
	found := make([]float64, len(xs))
	for i := range xs {
		found[i] = xs[i] - ys[i]
	}
	return found
}

func median(nanoseconds []float64) time.Duration {
	durations := make([]time.Duration, len(nanoseconds))
	for i, value := range nanoseconds {
		durations[i] = time.Duration(value)
	}
	return stats.Summarize(durations).Median
}

// fewest is the smallest p that samples of n and m values can have: that of the one order in which all of one are
// greater, among all orders.
func fewest(n, m int) float64 {
	orders := 1.0
	for i := 1; i <= min(n, m) && orders < math.MaxInt32; i++ {
		orders *= float64(n+m-min(n, m)+i) / float64(i)
	}
	return 1 / orders
}
