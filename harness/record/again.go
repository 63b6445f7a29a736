package record

import (
	"fmt"
	"slices"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/plain"
)

// IsLater reports whether a sandbox is of a repetition (ReplaceSpoiled).
func IsLater(sandbox string) bool { return strings.Contains(sandbox, againMark) }

// Spoiled returns the results that are inconclusive because the host stalled while they were measured.
func (r *Record) Spoiled() []Result {
	return slices.DeleteFunc(slices.Clone(r.Results), func(result Result) bool { return !result.Stalled })
}

// againMark stands between the name of what was measured again and the number of the repetition.
const againMark = " again "

// ReplaceSpoiled takes over what a later run of the same target found of the results that the host had spoiled, and counts them.
// A result that failed or held the first time stays as it is, and so does one that proved nothing the second time either: a
// repetition that was interrupted hides no cause. The error names what makes the later record another target's.
func (r *Record) ReplaceSpoiled(later *Record) error {
	if later.Run.Digest != r.Run.Digest || later.Run.Target != r.Run.Target {
		return fmt.Errorf("take over what was measured again: it was %s (%s), not %s (%s)",
			later.Run.Target, later.Run.Digest, r.Run.Target, r.Run.Digest)
	}
	if !later.Complete() || later.End.Trouble != "" {
		return fmt.Errorf("take over what was measured again: that run did not come to a good end")
	}
	replaced, suffix := 0, fmt.Sprint(againMark, r.MeasuredAgain+1)
	used := map[string]bool{}
	for i, result := range r.Results {
		again := slices.IndexFunc(later.Results, func(l Result) bool {
			return l.Key() == result.Key()
		})
		if !result.Stalled || again < 0 || !later.Results[again].proves() {
			continue
		}
		for _, name := range later.Results[again].Sandboxes {
			used[name] = true
		}
		r.Results[i] = r.takeOver(later, later.Results[again], suffix)
		replaced++
	}
	for _, container := range later.Containers {
		if used[container.Sandbox] {
			container.Sandbox += suffix
			r.Containers = append(r.Containers, container)
		}
	}
	r.MeasuredAgain += replaced
	if replaced > 0 && r.Complete() {
		if later.End.Finished.After(r.End.Finished) {
			r.End.Finished = later.End.Finished
		}
		r.End.WorstGap = max(r.End.WorstGap, later.End.WorstGap)
	}
	if r.End != nil && r.End.Totals != nil {
		totals := r.Count()
		r.End.Totals = &totals
	}
	return nil
}

// proves reports whether a result says something about the target.
func (r Result) proves() bool { return r.Outcome == Held || r.Outcome == Failed }

// takeOver returns a result of a later run. It adds the result's recoveries, and those that it was held to besides, under ids
// that are not taken. The sandboxes of the later run get other names, too.
func (r *Record) takeOver(later *Record, result Result, suffix string) Result {
	result.Recoveries, result.Windows, result.Sandboxes = slices.Clone(result.Recoveries), slices.Clone(result.Windows), slices.Clone(result.Sandboxes)
	ids := slices.Clone(result.Recoveries)
	for _, window := range result.Windows {
		ids = append(ids, window.Recovery)
	}
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		if recovery, ok := later.Recovery(id); ok {
			recovery.ID, recovery.Sandbox = id+suffix, recovery.Sandbox+suffix
			r.Recoveries = append(r.Recoveries, recovery)
		}
	}
	for i := range result.Recoveries {
		result.Recoveries[i] += suffix
	}
	for i := range result.Windows {
		result.Windows[i].Recovery += suffix
	}
	for i := range result.Sandboxes {
		result.Sandboxes[i] += suffix
	}
	if result.Lasting != nil {
		lasting := *result.Lasting
		lasting.Sandbox += suffix
		result.Lasting = &lasting
	}
	return result
}

// Remarks returns the notes and, in words, the number of results that were measured again.
func (r *Record) Remarks() []string {
	remarks := slices.Clone(r.Notes)
	if r.MeasuredAgain > 0 {
		remarks = append(remarks, plain.Count(r.MeasuredAgain, "result")+" measured again, because the host had stalled")
	}
	return remarks
}
