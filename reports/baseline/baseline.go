// Package baseline compares how long the phases of recoveries took with those in the record of an image that was
// promoted before: a slowdown is to be seen while it is still within every budget.
package baseline

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/stats"
)

// Allowed is how much longer a phase may take than before, the larger of the two. It is never less than the jitter that
// either run was calibrated with, because of a smaller difference nobody can say whose it is.
type Allowed struct {
	Share   float64 // of the median before: 0.10 is 10 %
	AtLeast time.Duration
}

// Comparison is a record beside an earlier one.
type Comparison struct {
	Old, New Image
	Rows     []Row
	// Notes say what weakens the comparison: another host, a phase that only one record has.
	Notes []string
}

// Image is what one of the two records is of.
type Image struct {
	Reference, Digest string
	Started           time.Time
}

// Row compares one phase of the recoveries of one promise.
type Row struct {
	Promise string
	Phase   record.Phase
	// OldN and NewN are how many values were compared. Paired, they are medians of the same services.
	OldN, NewN           int
	Paired               bool
	OldMedian, NewMedian time.Duration
	// Shift is the median of the paired differences, else the difference of the medians; above 0 it is slower now.
	Shift time.Duration
	// Effect is Cliff's delta, between -1 and 1: how much more often a value of now is longer than one of before.
	Effect float64
	// Allowed is the shift that is not held against the image.
	Allowed time.Duration
	// Host is the median of what the host may have made of the new values; neither is that held against the image.
	Host time.Duration
	// P is the chance of such values where the shift is no more than both: Wilcoxon's signed rank test of pairs, else
	// Mann and Whitney's U test, one-sided, corrected by Holm's method for the number of rows that were tested.
	P float64
	// TooFew tells that no values of so few could be significant: the row is for reading, and P is 1.
	TooFew bool
	// Slower tells that the shift is significantly (stats.Confidence) more than is allowed.
	Slower bool
}

// Slower are the rows that are.
func (c Comparison) Slower() []Row {
	var slower []Row
	for _, row := range c.Rows {
		if row.Slower {
			slower = append(slower, row)
		}
	}
	return slower
}

// Compare holds the recoveries of what held in the newer record against those in the older one. Records that say
// nothing of one another are an error of one line. A host that was busy while the older record was made hides what has become
// slower since: take the baseline where nothing else runs.
func Compare(older, newer *record.Record, allowed Allowed) (Comparison, error) {
	if err := mismatch(older, newer); err != nil {
		return Comparison{}, fmt.Errorf("compare with the baseline: %w", err)
	}
	allowed.AtLeast = max(allowed.AtLeast, time.Duration(older.Run.Host.WorstGap), time.Duration(newer.Run.Host.WorstGap))
	found := Comparison{Old: image(older), New: image(newer), Notes: hosts(older.Run.Host, newer.Run.Host)}
	before, after := collect(older), collect(newer)
	for _, key := range keys(before, after) {
		if before[key] == nil || after[key] == nil {
			found.missing(key, before[key] == nil)
			continue
		}
		row := Row{Promise: key.promise, Phase: key.phase, P: 1}
		row.compare(before[key], after[key], allowed)
		found.Rows = append(found.Rows, row)
	}
	correct(found.Rows)
	return found, nil
}

func mismatch(older, newer *record.Record) error {
	one, other := older.Run, newer.Run
	switch {
	case one.Target != other.Target:
		return fmt.Errorf("it is of the target %q, and this record of %q", one.Target, other.Target)
	case one.Profile != other.Profile:
		return fmt.Errorf("it has the %s profile, and this record the %s one", one.Profile, other.Profile)
	case one.Scale != other.Scale:
		return fmt.Errorf("its victims' policies were divided by %g, and this record's by %g", one.Scale, other.Scale)
	case !older.Complete() || older.End.Trouble != "":
		return errors.New("it did not come to a good end: choose the record of a run that did")
	case !newer.Complete() || newer.End.Trouble != "":
		return errors.New("the newer run did not come to a good end")
	case one.ID == other.ID:
		return errors.New("it is the same run: choose that of the image that was promoted last")
	}
	return nil
}

func image(r *record.Record) Image {
	return Image{Reference: r.Run.Image, Digest: r.Run.Digest, Started: r.Run.Started}
}

func hosts(before, after record.Host) []string {
	if before.Cores == after.Cores && before.Kernel == after.Kernel {
		return nil
	}
	return []string{fmt.Sprintf("the hosts differ, and may be what made a difference: %d cores and kernel %s before, %d cores and kernel %s now",
		before.Cores, before.Kernel, after.Cores, after.Kernel)}
}

// missing notes that only one of the records has a phase, in one line for all phases of a promise.
func (c *Comparison) missing(what key, onlyNew bool) {
	where := "only the baseline has it"
	if onlyNew {
		where = "the baseline has none"
	}
	begin := fmt.Sprintf("not compared, since %s: %s ", where, what.promise)
	if last := len(c.Notes) - 1; last >= 0 && strings.HasPrefix(c.Notes[last], begin) {
		c.Notes[last] += ", " + what.phase.Title
		return
	}
	c.Notes = append(c.Notes, begin+what.phase.Title)
}

// correct corrects the P of the rows that can be significant, and judges them. Which those are does not depend on what
// was measured, only on how often: the correction stays right, and the others cost it nothing.
func correct(rows []Row) {
	var tested []int
	var ps []float64
	for i := range rows {
		if !rows[i].TooFew {
			tested, ps = append(tested, i), append(ps, rows[i].P)
		}
	}
	for i, p := range stats.Holm(ps) {
		rows[tested[i]].P, rows[tested[i]].Slower = p, p <= 1-stats.Confidence
	}
}
