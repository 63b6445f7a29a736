// Package baseline compares the times of recoveries with those in the record of an image that was promoted before. It shows a
// slowdown while that is still within every budget.
package baseline

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/stats"
)

// Allowed is the time that a phase may take longer than before: the larger of its two members. It is never less than the
// calibrated jitter of either run, because a smaller difference may be the host's.
type Allowed struct {
	Share      float64 // of the median before: 0.10 is 10 %
	LeastLimit time.Duration
}

// Comparison is the comparison of a record with an earlier one.
type Comparison struct {
	Old, New Image
	Rows     []Row
	// Notes say what weakens the comparison: a different host, or a phase that only one record has.
	Notes []string
}

// Image is the image of one of the two records.
type Image struct {
	Reference, Digest string
	Started           time.Time
}

// Row compares one phase of the recoveries of one promise.
type Row struct {
	Promise string
	Phase   record.Phase
	// OldN and NewN count the values that were compared. If Paired, these are medians of the same services.
	OldN, NewN           int
	Paired               bool
	OldMedian, NewMedian time.Duration
	// Shift is the median of the paired differences, or else the difference of the medians. Above 0 the phase is slower now.
	Shift time.Duration
	// Effect is Cliff's delta, between -1 and 1: how much more often a new value is longer than an old one.
	Effect float64
	// ShiftLimit is the shift that is allowed.
	ShiftLimit time.Duration
	// HostMedian is the median of the times for which the host may have delayed the new values. It is not held against the
	// image.
	HostMedian time.Duration
	// P is the chance of such values if the shift is no more than both. It is of Wilcoxon's signed rank test for pairs, or
	// else of Mann and Whitney's U test, one-sided, corrected by Holm's method for the number of tested rows.
	P float64
	// TooFew says that so few values can never be significant. P is 1 then.
	TooFew bool
	// Slower says that the shift is significantly (stats.Confidence) above the limit.
	Slower bool
}

// Slower returns the rows that are significantly slower.
func (c Comparison) Slower() []Row {
	var slower []Row
	for _, row := range c.Rows {
		if row.Slower {
			slower = append(slower, row)
		}
	}
	return slower
}

// Compare compares the recoveries of results that held in both records. Its error says in one line why two records cannot be
// compared. A host that was busy during the older run hides a slowdown: measure the baseline on an idle host.
func Compare(older, newer *record.Record, allowed Allowed) (Comparison, error) {
	if err := checkComparable(older, newer); err != nil {
		return Comparison{}, fmt.Errorf("compare with the baseline: %w", err)
	}
	allowed.LeastLimit = max(allowed.LeastLimit, time.Duration(older.Run.Host.WorstGap), time.Duration(newer.Run.Host.WorstGap))
	found := Comparison{Old: newImage(older), New: newImage(newer), Notes: compareHosts(older.Run.Host, newer.Run.Host)}
	before, after := collect(older), collect(newer)
	var missing missingPhases
	for _, key := range sortKeys(before, after) {
		if before[key] == nil || after[key] == nil {
			missing.add(key, before[key] == nil)
			continue
		}
		row := Row{Promise: key.promise, Phase: key.phase, P: 1}
		row.compare(before[key], after[key], allowed)
		found.Rows = append(found.Rows, row)
	}
	found.Notes = append(found.Notes, missing.notes()...)
	correct(found.Rows)
	return found, nil
}

// checkComparable returns an error if the records cannot be compared.
func checkComparable(older, newer *record.Record) error {
	one, other := older.Run, newer.Run
	switch {
	case one.Target != other.Target:
		return fmt.Errorf("its target is %q, the target of this record is %q", one.Target, other.Target)
	case one.Profile != other.Profile:
		return fmt.Errorf("its profile is %s, the profile of this record is %s", one.Profile, other.Profile)
	case one.Scale != other.Scale:
		return fmt.Errorf("its delays were divided by %g, those of this record by %g", one.Scale, other.Scale)
	case !older.Complete() || older.End.Trouble != "":
		return errors.New("its run did not finish without an error: choose another baseline")
	case !newer.Complete() || newer.End.Trouble != "":
		return errors.New("the newer run did not finish without an error")
	case one.ID == other.ID:
		return errors.New("it is of the same run: choose the record of the image that was promoted last")
	}
	return nil
}

func newImage(r *record.Record) Image {
	return Image{Reference: r.Run.Image, Digest: r.Run.Digest, Started: r.Run.Started}
}

// compareHosts returns a note if the hosts differ.
func compareHosts(before, after record.Host) []string {
	if before.Cores == after.Cores && before.Kernel == after.Kernel {
		return nil
	}
	return []string{fmt.Sprintf("the hosts differ, which may explain a difference: %d cores and kernel %s before, %d cores and kernel %s now",
		before.Cores, before.Kernel, after.Cores, after.Kernel)}
}

// missingPhases are the phases that only one of the records has, in the order of their promises.
type missingPhases []missingPhase

// missingPhase holds the phases of one promise.
type missingPhase struct {
	promise string
	onlyNew bool
	titles  []string
}

// add adds a phase, beside others of its promise.
func (m *missingPhases) add(what key, onlyNew bool) {
	if last := len(*m) - 1; last >= 0 && (*m)[last].promise == what.promise && (*m)[last].onlyNew == onlyNew {
		(*m)[last].titles = append((*m)[last].titles, what.phase.Title)
		return
	}
	*m = append(*m, missingPhase{what.promise, onlyNew, []string{what.phase.Title}})
}

// notes returns a line for each promise.
func (m missingPhases) notes() (notes []string) {
	for _, missing := range m {
		where := "only the baseline has it"
		if missing.onlyNew {
			where = "the baseline lacks it"
		}
		notes = append(notes, fmt.Sprintf("not compared, because %s: %s %s", where, missing.promise, strings.Join(missing.titles, ", ")))
	}
	return notes
}

// correct corrects the P of the rows that can be significant, and judges them. Which rows these are depends only on the
// number of values, so the correction stays valid.
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
