package record

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// measuredAgain ends the note that MeasuredAgain leaves.
const measuredAgain = " results were measured again, because the host had stalled"

// Doubts are the notes that say what was odd about the file: all but those of a second measurement.
func (r *Record) Doubts() []string {
	return slices.DeleteFunc(slices.Clone(r.Notes), func(note string) bool {
		_, again := countAgain(note)
		return again
	})
}

// countAgain is how many results a note says to have been measured again; false of any other note.
func countAgain(note string) (count int, ok bool) {
	text, again := strings.CutSuffix(note, measuredAgain)
	count, err := strconv.Atoi(text)
	return count, again && err == nil
}

// Stalled are the results that are inconclusive because the host stalled while they were measured.
func (r *Record) Stalled() []Result {
	return slices.DeleteFunc(slices.Clone(r.Results), func(result Result) bool { return !result.Stalled })
}

// MeasuredAgain takes over what a later run of the same target has found of the results that the host had spoiled,
// and notes that it did. A result that failed or held the first time stays as it is: only what proved nothing is
// measured again. The error names what makes the later record another one's.
func (r *Record) MeasuredAgain(later *Record) error {
	if later.Run.Digest != r.Run.Digest || later.Run.Target != r.Run.Target {
		return fmt.Errorf("take over what was measured again: it was %s (%s), not %s (%s)",
			later.Run.Target, later.Run.Digest, r.Run.Target, r.Run.Digest)
	}
	if !later.Complete() || later.End.Trouble != "" {
		return fmt.Errorf("take over what was measured again: that run did not come to a good end")
	}
	replaced, suffix := 0, fmt.Sprintf(" again %d", len(r.Notes)+1)
	for i, result := range r.Results {
		again := slices.IndexFunc(later.Results, func(l Result) bool {
			return l.Key() == result.Key()
		})
		if !result.Stalled || again < 0 {
			continue
		}
		r.Results[i] = r.takeOver(later, later.Results[again], suffix)
		replaced++
	}
	r.Notes = append(r.Notes, strconv.Itoa(replaced)+measuredAgain)
	return nil
}

// takeOver returns a result of a later run, and adds its recoveries, and those that it was held to besides, under ids that
// are not taken.
func (r *Record) takeOver(later *Record, result Result, suffix string) Result {
	result.Recoveries, result.Windows = slices.Clone(result.Recoveries), slices.Clone(result.Windows)
	ids := slices.Clone(result.Recoveries)
	for _, window := range result.Windows {
		ids = append(ids, window.Recovery)
	}
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		if recovery, ok := later.Recovery(id); ok {
			recovery.ID = id + suffix
			r.Recoveries = append(r.Recoveries, recovery)
		}
	}
	for i := range result.Recoveries {
		result.Recoveries[i] += suffix
	}
	for i := range result.Windows {
		result.Windows[i].Recovery += suffix
	}
	return result
}
