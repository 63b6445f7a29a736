// Package tally counts the results and recoveries of every promise of a record, and computes how much they prove.
package tally

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/stats"
)

// Promise is the tally of one promise.
type Promise struct {
	ID string
	// Outcomes counts its results.
	Outcomes map[record.Outcome]int
	// Trials counts the results that are held or failed.
	Trials int
	// FailsAtMost is the upper bound of the true rate of failures with stats.Confidence, between 0 and 1, as if each trial
	// was drawn by lot. It is 1 without a trial.
	FailsAtMost float64
	// Recoveries counts the faults that were injected for it.
	Recoveries int
	// Phases are those that any of its recoveries went through, in their order.
	Phases []Phase
}

// Phase summarizes the longest possible times of a phase.
type Phase struct {
	record.Phase
	Took stats.Summary
}

// Of returns the promises with a result or a recovery, by their ids.
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
	for _, recovery := range r.Recoveries { // a spec that was cut off has recoveries without a result
		of(recovery.Promise).Recoveries++
		recoveries[recovery.Promise] = append(recoveries[recovery.Promise], recovery)
	}
	var promises []Promise
	for _, promise := range slices.SortedFunc(maps.Values(found), func(one, other *Promise) int { return cmp.Compare(one.ID, other.ID) }) {
		failures := promise.Outcomes[record.Failed]
		promise.Trials = failures + promise.Outcomes[record.Held]
		promise.FailsAtMost = stats.FailsAtMost(failures, promise.Trials)
		promise.Phases = summarizePhases(recoveries[promise.ID])
		promises = append(promises, *promise)
	}
	return promises
}

// summarizePhases returns the phases of the recoveries.
func summarizePhases(recoveries []record.Recovery) []Phase {
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
