package shard

import (
	"slices"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

const (
	// defaultPeriod is the work of every spec if no durations are known.
	defaultPeriod = time.Second
	// specLimit is more than a whole run may take (harness/runner). A longer duration of a spec is not believed.
	specLimit = time.Hour
)

// Durations are the times of specs in an earlier run. The zero value has none: then all specs count the same, a second.
type Durations struct {
	specs    map[record.Key]time.Duration
	promises map[string]time.Duration // the median of a promise's specs
	median   time.Duration            // of all specs
}

// DurationsOf returns the times in a record, even in one without an end. A spec that was not run, or took no time, has none.
func DurationsOf(earlier *record.Record) Durations {
	d := Durations{specs: map[record.Key]time.Duration{}, promises: map[string]time.Duration{}}
	var all []time.Duration
	byPromise := map[string][]time.Duration{}
	for _, result := range earlier.Results {
		took := time.Duration(result.Duration)
		if result.Outcome == record.NotRun || took <= 0 || took > specLimit {
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

// of returns the time of a spec. Without one, it is the median of its promise, else of all.
func (d Durations) of(spec record.Key) time.Duration {
	for _, known := range []time.Duration{d.specs[spec], d.promises[spec.Promise], d.median} {
		if known > 0 {
			return known
		}
	}
	return defaultPeriod
}

// median returns the lower median of at least one figure.
func median(figures []time.Duration) time.Duration {
	slices.Sort(figures)
	return figures[(len(figures)-1)/2]
}
