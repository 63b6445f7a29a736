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

// key names the values that are compared: a phase of a promise's recoveries.
type key struct {
	promise string
	phase   record.Phase
}

// subject is the service and fault that a value was measured on.
type subject struct{ service, fault string }

// value is the time that a phase took, and the part of it that the host may have caused: the time for which the observer, or
// any process when the new one was due, waited for a processor. As with budgets, that part is not held against an image.
type value struct{ took, host time.Duration }

// values are the values of a phase, by subject.
type values map[subject][]value

// collect returns the values of the recoveries of results that held. The phases of a failure end with the observation, and a
// spoiled result is no measurement.
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

// sortKeys returns the keys of both maps, by promise and then in the order of the phases.
func sortKeys(one, other map[key]values) []key {
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

// fewestPairs is the fewest pairs that can be significant: that all of 5 pairs grow has a chance of 1 in 32.
const fewestPairs = 5

// compare fills the row from the values of both records. It pairs them by service and fault if both have enough.
func (row *Row) compare(before, after values, allowed Allowed) {
	olds, news := pair(before, after)
	if row.Paired = len(olds) >= fewestPairs; !row.Paired {
		olds, news = join(before), join(after)
	}
	was, is := column(olds, value.raw), column(news, value.raw)
	row.OldN, row.NewN = len(olds), len(news)
	row.OldMedian, row.NewMedian, row.HostMedian = median(was), median(is), median(column(news, value.byHost))
	row.ShiftLimit = max(allowed.LeastLimit, time.Duration(allowed.Share*float64(row.OldMedian)))
	row.Effect = stats.Dominance(is, was)
	certain := column(news, func(v value) float64 { return float64(v.took - v.host - row.ShiftLimit) })
	if row.Paired {
		row.Shift = median(subtract(is, was))
		row.P = stats.SignedRank(subtract(certain, was))
		return
	}
	row.Shift = row.NewMedian - row.OldMedian
	row.TooFew = smallestP(len(olds), len(news)) > 1-stats.Confidence
	if !row.TooFew {
		row.P = stats.Greater(certain, was)
	}
}

func (v value) raw() float64    { return float64(v.took) }
func (v value) byHost() float64 { return float64(v.host) }

// column returns one figure of each value.
func column(of []value, figure func(value) float64) []float64 {
	figures := make([]float64, len(of))
	for i, v := range of {
		figures[i] = figure(v)
	}
	return figures
}

// pair returns the medians of the subjects that both have, in the same order.
func pair(before, after values) (olds, news []value) {
	for _, on := range slices.SortedFunc(maps.Keys(before), func(a, b subject) int {
		return cmp.Or(cmp.Compare(a.service, b.service), cmp.Compare(a.fault, b.fault))
	}) {
		if after[on] != nil {
			olds, news = append(olds, medianOf(before[on])), append(news, medianOf(after[on]))
		}
	}
	return olds, news
}

// medianOf returns the medians of both figures.
func medianOf(of []value) value {
	return value{took: median(column(of, value.raw)), host: median(column(of, value.byHost))}
}

// join returns the values of all subjects. No figure depends on their order.
func join(of values) []value { return slices.Concat(slices.Collect(maps.Values(of))...) }

func subtract(xs, ys []float64) []float64 {
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

// smallestP returns the smallest p that samples of n and m values can have: the chance of the one order in which all values of
// one sample are greater.
func smallestP(n, m int) float64 {
	orders := 1.0
	for i := 1; i <= min(n, m) && orders < math.MaxInt32; i++ {
		orders *= float64(n+m-min(n, m)+i) / float64(i)
	}
	return 1 / orders
}
