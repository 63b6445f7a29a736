// Package tally says of every promise of a record how much was found of it, and how much that proves.
package tally

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/stats"
)

// Promise is what a record has of one promise.
type Promise struct {
	ID string
	// Outcomes counts its results.
	Outcomes map[record.Outcome]int
	// Trials are the results that say something, Held and Failed ones: only these count.
	Trials int
	// FailsAtMost is the share, between 0 and 1, that the true rate of failures does not exceed with stats.Confidence,
	// were each trial drawn by lot; 1 without a trial.
	FailsAtMost float64
	// Recoveries is how many faults were injected for it.
	Recoveries int
	// Phases are those that any of its recoveries went through, in their order.
	Phases []Phase
}

// Phase is how long a phase took: the longest that was possible of each recovery.
type Phase struct {
	record.Phase
	Took stats.Summary
}

// Of returns the promises that the record has a result or a recovery of, by their ids.
func Of(r *record.Record) []Promise {
	found := map[string]*Promise{}
	of := func(id string) *Promise {
		if found[id] == nil {
			found[id] = &Promise{ID: id, Outcomes: map[record.Outcome]int{}}
		}
		return found[id]
	}
	for _, result := range r.Results {
		of(result.Promise).Outcomes[result.Outcome]++
	}
	recoveries := map[string][]record.Recovery{}
	for _, recovery := range r.Recoveries { // of a spec that was cut off there are recoveries and no result
		of(recovery.Promise).Recoveries++
		recoveries[recovery.Promise] = append(recoveries[recovery.Promise], recovery)
	}
	var promises []Promise
	for _, promise := range slices.SortedFunc(maps.Values(found), func(one, other *Promise) int { return cmp.Compare(one.ID, other.ID) }) {
		failures := promise.Outcomes[record.Failed]
		promise.Trials = failures + promise.Outcomes[record.Held]
		promise.FailsAtMost = stats.FailsAtMost(failures, promise.Trials)
		promise.Phases = phases(recoveries[promise.ID])
		promises = append(promises, *promise)
	}
	return promises
}

func phases(recoveries []record.Recovery) []Phase {
	var found []Phase
	for _, phase := range record.Phases() {
		var took []time.Duration
		for _, recovery := range recoveries {
			if longest, ok := recovery.Took(phase); ok {
				took = append(took, longest)
			}
		}
		if len(took) > 0 {
			found = append(found, Phase{Phase: phase, Took: stats.Summarize(took)})
		}
	}
	return found
}
