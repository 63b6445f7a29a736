package shard

import (
	"slices"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

const (
	// unknown is the work of every spec where nothing is known of any.
	unknown = time.Second
	// longest is more than a whole run may take (harness/runner): a record that says more of a spec is not believed.
	longest = time.Hour
)

// Durations are what specs took in an earlier run. The zero value knows none: then all count the same, a second.
type Durations struct {
	specs    map[record.Key]time.Duration
	promises map[string]time.Duration // the median of a promise's specs
	median   time.Duration            // of all specs
}

// DurationsOf are those of a record, also of one that has no end. What was not run, or took no time, has none.
func DurationsOf(earlier *record.Record) Durations {
	d := Durations{specs: map[record.Key]time.Duration{}, promises: map[string]time.Duration{}}
	var all []time.Duration
	byPromise := map[string][]time.Duration{}
	for _, result := range earlier.Results {
		took := time.Duration(result.Duration)
		if result.Outcome == record.NotRun || took <= 0 || took > longest {
			continue
		}
		d.specs[result.Key()] = took
		all, byPromise[result.Promise] = append(all, took), append(byPromise[result.Promise], took)
	}
	for promise, figures := range byPromise {
		d.promises[promise] = median(figures)
	}
	if len(all) > 0 {
		d.median = median(all)
	}
	return d
}

// of is what a spec took; of one without a figure it is the median of its promise's, else of all.
func (d Durations) of(spec record.Key) time.Duration {
	for _, known := range []time.Duration{d.specs[spec], d.promises[spec.Promise], d.median} {
		if known > 0 {
			return known
		}
	}
	return unknown
}

// median is the lower one of an even number of figures; there is at least one.
func median(figures []time.Duration) time.Duration {
	slices.Sort(figures)
	return figures[(len(figures)-1)/2]
}
