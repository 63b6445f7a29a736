package html

import (
	"cmp"
	"slices"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// index groups the contents of a record by promise and by recovery.
type index struct {
	record *record.Record
	// promises are those of the run in their order, then those that only results or recoveries name.
	promises   []record.Promise
	results    map[string][]record.Result   // by promise, in the order of service and name
	recoveries map[string][]record.Recovery // by promise, in the order of service and id
	resultOf   map[string]record.Result     // by the id of a recovery
	windows    map[string][]record.Window   // by the id of a recovery
	faults     []heldFault                  // of the host, in their order
}

func newIndex(r *record.Record) *index {
	x := &index{
		record: r, results: map[string][]record.Result{}, recoveries: map[string][]record.Recovery{},
		resultOf: map[string]record.Result{}, windows: map[string][]record.Window{},
	}
	// Parallel specs end in a different order in every run.
	for _, result := range slices.SortedStableFunc(slices.Values(r.Results), compareResults) {
		x.results[result.Promise] = append(x.results[result.Promise], result)
		for _, id := range result.Recoveries {
			x.resultOf[id] = result
		}
		for _, window := range result.Windows {
			x.windows[window.Recovery] = append(x.windows[window.Recovery], window)
		}
		x.addFault(result)
	}
	slices.SortStableFunc(x.faults, compareFaults)
	for _, recovery := range slices.SortedStableFunc(slices.Values(r.Recoveries), compareRecoveries) {
		x.recoveries[recovery.Promise] = append(x.recoveries[recovery.Promise], recovery)
	}
	x.promises = slices.Clone(r.Run.Promises)
	known := map[string]bool{}
	for i, promise := range x.promises {
		known[promise.ID] = true
		x.promises[i].Sentence, x.promises[i].Source = shorten(promise.Sentence, longestLine), shorten(promise.Source, longestLine)
	}
	var others []string
	for id := range x.results {
		others = append(others, id)
	}
	for id := range x.recoveries {
		others = append(others, id)
	}
	slices.Sort(others)
	for _, id := range slices.Compact(others) {
		if !known[id] {
			x.promises = append(x.promises, record.Promise{ID: id})
		}
	}
	return x
}

func compareResults(one, other record.Result) int {
	return cmp.Or(cmp.Compare(one.Service, other.Service), cmp.Compare(one.Fault, other.Fault), cmp.Compare(one.Name, other.Name),
		cmp.Compare(one.Promise, other.Promise))
}

// compareRecoveries compares points in time only within a shard, because each shard has its own clock.
func compareRecoveries(one, other record.Recovery) int {
	return cmp.Or(cmp.Compare(one.Service, other.Service), cmp.Compare(one.Shard, other.Shard), cmp.Compare(one.Injected.Lo, other.Injected.Lo), cmp.Compare(one.ID, other.ID))
}

// withOutcome returns the results of an outcome in the order of their promises.
func (x *index) withOutcome(outcome record.Outcome, advisory bool) (found []record.Result) {
	for _, promise := range x.promises {
		for _, result := range x.results[promise.ID] {
			if result.Outcome == outcome && promise.Advisory == advisory {
				found = append(found, result)
			}
		}
	}
	return found
}

// promise returns a promise by its id.
func (x *index) promise(id string) record.Promise {
	at := slices.IndexFunc(x.promises, func(p record.Promise) bool { return p.ID == id })
	if at < 0 {
		return record.Promise{ID: id}
	}
	return x.promises[at]
}

// themeOf returns the theme of a promise.
func themeOf(id string) string {
	name, _, _ := strings.Cut(id, ".")
	return name
}

// mark is an outcome on the page: a symbol, a word, and a class of the style sheet for its colour.
type mark struct{ Symbol, Word, Class string }

func markOf(outcome record.Outcome) mark {
	switch outcome {
	case record.Held:
		return mark{"✓", "held", "h"}
	case record.Failed:
		return mark{"✗", "failed", "f"}
	case record.Inconclusive:
		return mark{"?", "inconclusive", "i"}
	case record.NotRun:
		return untested()
	}
	return mark{"?", string(outcome), "i"}
}

// outcomes returns all outcomes, the one that matters most first.
func outcomes() []record.Outcome {
	return []record.Outcome{record.Failed, record.Inconclusive, record.Held, record.NotRun}
}

func untested() mark { return mark{"–", "not tested", "n"} }

// worstOf returns the outcome that a reader must see first; NotRun if there are no results.
func worstOf(results []record.Result) record.Outcome {
	for _, outcome := range []record.Outcome{record.Failed, record.Inconclusive, record.NotRun, record.Held} {
		if slices.ContainsFunc(results, func(r record.Result) bool { return r.Outcome == outcome }) {
			return outcome
		}
	}
	return record.NotRun
}

// subjectOf returns the thing that a result is about: a service, a spec, or the target.
func subjectOf(result record.Result) string { return cmp.Or(result.Service, result.Name, "the target") }
