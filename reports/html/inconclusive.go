package html

import (
	"cmp"
	"maps"
	"slices"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// group holds the results that share a reason.
type group struct {
	Reason   string
	Count    int
	Promises []groupPromise
}

// groupPromise holds the results of one promise in a group.
type groupPromise struct {
	ID, On string
	Count  int
}

// groups returns the results of an outcome by their reasons, the most frequent first, and how many results did not fit.
func (x *index) groups(outcome record.Outcome, room *allowance) (found []group, left int) {
	byReason := map[string][]record.Result{}
	for _, promise := range x.promises {
		for _, result := range x.results[promise.ID] {
			if result.Outcome == outcome {
				reason := cmp.Or(result.Why(), "the record does not say why")
				byReason[reason] = append(byReason[reason], result)
			}
		}
	}
	reasons := slices.SortedFunc(maps.Keys(byReason), func(one, other string) int {
		return cmp.Or(cmp.Compare(len(byReason[other]), len(byReason[one])), cmp.Compare(one, other))
	})
	for _, reason := range reasons {
		made := newGroup(shorten(reason, longestLine), byReason[reason])
		if !room.take(size("group", made)) {
			left += made.Count
			continue
		}
		found = append(found, made)
	}
	return found, left
}

func newGroup(reason string, results []record.Result) group {
	made := group{Reason: reason, Count: len(results)}
	for _, result := range results {
		last := len(made.Promises) - 1
		if last < 0 || made.Promises[last].ID != result.Promise {
			made.Promises = append(made.Promises, groupPromise{ID: result.Promise})
			last++
		}
		promise := &made.Promises[last]
		promise.Count++
		switch {
		case promise.Count == 1:
			promise.On = shorten(subjectOf(result), longestName)
		case promise.Count <= mostColumns:
			promise.On += ", " + shorten(subjectOf(result), longestName)
		case promise.Count == mostColumns+1:
			promise.On += ", …"
		}
	}
	return made
}

// fitNames returns the ids that fit, and how many do not.
func fitNames(ids []string, room *allowance) (found []string, left int) {
	for _, id := range ids {
		if !room.take(size("name", id) + len(", ")) {
			return found, len(ids) - len(found)
		}
		found = append(found, id)
	}
	return found, 0
}

// untested returns the promises without a result.
func (x *index) untested() (ids []string) {
	for _, promise := range x.promises {
		if len(x.results[promise.ID]) == 0 {
			ids = append(ids, promise.ID)
		}
	}
	return ids
}
