// Package history compares the records of many runs: how each promise and phase went from run to run, what is flaky, what became slower,
// and which image was the first bad one.
package history

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/plain"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/baseline"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/tally"
)

// Named is a record with the path that it was read from.
type Named struct {
	Path   string
	Record *record.Record
}

// History holds what many runs have in common. Only runs of one target and profile can be compared.
type History struct {
	Target, Profile string
	Runs            []Run
	Promises        []Promise
	Slower          []Slowdown
	// Notes say which records were left out, and why.
	Notes []string
}

// Run is a column of the history.
type Run struct {
	Path, ID, Image, Digest, Version string
	Started                          time.Time
	Took                             time.Duration // 0 if it did not come to its end
	Outcomes                         map[record.Outcome]int
}

// Promise is a row of the history.
type Promise struct {
	ID, Sentence string
	Advisory     bool
	// Outcomes are the worst outcome of each run; empty if it was not asked.
	Outcomes []record.Outcome
	// Flaky says that it held and failed on the same image.
	Flaky bool
	// FirstBad is the run since which it has failed, until the last run that says something; -1 if that held.
	FirstBad int
	Phases   []Phase
}

// Phase is the trend of a phase: its median in each run, -1 if there is none.
type Phase struct {
	record.Phase
	Medians []time.Duration
}

// Slowdown is a phase that takes significantly longer in the last run than in the first comparable one.
type Slowdown struct {
	Promise, Phase       string
	OldMedian, NewMedian time.Duration
	P                    float64
}

// allowedShare is the share by which a phase may take longer before it counts as slower.
const allowedShare = 0.1

// Of returns the history of the runs that belong together: those of the target and profile that most of the records have. The order of the
// records makes no difference.
func Of(records []Named) (History, error) {
	kept, notes := selectComparable(records)
	if len(kept) == 0 {
		return History{}, errors.New("write the history: there is no record of a run")
	}
	first := kept[0].Record.Run
	h := History{Target: first.Target, Profile: first.Profile, Notes: notes}
	for _, one := range kept {
		h.Runs = append(h.Runs, newRun(one))
	}
	h.addPromises(kept)
	h.addSlowdowns(kept)
	return h, nil
}

// selectComparable returns the records of one target and profile in the order of their starts, each run once, and says what was left out.
func selectComparable(records []Named) (kept []Named, notes []string) {
	count := map[[2]string]int{}
	for _, one := range records {
		count[[2]string{one.Record.Run.Target, one.Record.Run.Profile}]++
	}
	most := slices.SortedFunc(maps.Keys(count), func(one, other [2]string) int {
		return cmp.Or(cmp.Compare(count[other], count[one]), cmp.Compare(one[0], other[0]), cmp.Compare(one[1], other[1]))
	})
	ordered := slices.SortedStableFunc(slices.Values(records), func(one, other Named) int {
		return cmp.Or(one.Record.Run.Started.Compare(other.Record.Run.Started), cmp.Compare(one.Record.Run.ID, other.Record.Run.ID), cmp.Compare(one.Path, other.Path))
	})
	seen := map[string]bool{}
	for _, one := range ordered {
		run := one.Record.Run
		switch {
		case run.Target != most[0][0] || run.Profile != most[0][1]:
			notes = append(notes, fmt.Sprintf("%s is left out: it is of the target %s in the %s profile", one.Path, run.Target, run.Profile))
		case run.ID != "" && seen[run.ID]:
			notes = append(notes, one.Path+" is left out: another record is of the same run")
		default:
			kept = append(kept, one)
			seen[run.ID] = true
		}
	}
	return kept, notes
}

func newRun(one Named) Run {
	r := one.Record
	made := Run{
		Path: one.Path, ID: r.Run.ID, Image: r.Run.Image, Digest: r.Run.Digest, Version: r.Run.Version, Started: r.Run.Started, Outcomes: map[record.Outcome]int{},
	}
	if r.Complete() {
		made.Took = r.Took()
	}
	for _, result := range r.Results {
		made.Outcomes[result.Outcome]++
	}
	return made
}

// addPromises adds a row for each promise of any run, in the order of the last run that lists it.
func (h *History) addPromises(runs []Named) {
	row := map[string]int{}
	for i := len(runs) - 1; i >= 0; i-- {
		for _, promise := range runs[i].Record.Run.Promises {
			if _, known := row[promise.ID]; !known {
				row[promise.ID] = len(h.Promises)
				h.Promises = append(h.Promises, Promise{
					ID: promise.ID, Sentence: promise.Sentence, Advisory: promise.Advisory, Outcomes: make([]record.Outcome, len(runs)), FirstBad: -1,
				})
			}
		}
	}
	for i, one := range runs {
		for _, result := range one.Record.Results {
			if at, known := row[result.Promise]; known {
				h.Promises[at].Outcomes[i] = worse(h.Promises[at].Outcomes[i], result.Outcome)
			}
		}
		for _, counted := range tally.Of(one.Record) {
			if at, known := row[counted.ID]; known {
				h.Promises[at].addPhases(i, len(runs), counted.Phases)
			}
		}
	}
	for i := range h.Promises {
		h.Promises[i].judge(h.Runs)
	}
}

// addPhases adds the medians of a run.
func (p *Promise) addPhases(run, runs int, phases []tally.Phase) {
	for _, phase := range phases {
		at := slices.IndexFunc(p.Phases, func(known Phase) bool { return known.Name == phase.Name })
		if at < 0 {
			at = len(p.Phases)
			p.Phases = append(p.Phases, Phase{Phase: phase.Phase, Medians: slices.Repeat([]time.Duration{-1}, runs)})
		}
		p.Phases[at].Medians[run] = phase.Took.Median
	}
}

// worse returns the one of two outcomes that a reader must not miss.
func worse(one, other record.Outcome) record.Outcome {
	order := []record.Outcome{record.Failed, record.Inconclusive, record.Held, record.NotRun, ""}
	if slices.Index(order, other) < slices.Index(order, one) {
		return other
	}
	return one
}

// judge finds whether a promise is flaky, and since when it fails.
func (p *Promise) judge(runs []Run) {
	on := map[string]record.Outcome{}
	for i, outcome := range p.Outcomes {
		if outcome != record.Held && outcome != record.Failed {
			continue
		}
		if before, known := on[runs[i].Digest]; known && before != outcome && runs[i].Digest != "" {
			p.Flaky = true
		}
		on[runs[i].Digest] = outcome
		switch {
		case outcome == record.Held:
			p.FirstBad = -1
		case p.FirstBad < 0:
			p.FirstBad = i
		}
	}
}

// addSlowdowns compares the last run with the first one that can be compared with it.
func (h *History) addSlowdowns(runs []Named) {
	last := runs[len(runs)-1].Record
	for _, one := range runs[:len(runs)-1] {
		found, err := baseline.Compare(one.Record, last, baseline.Allowed{Share: allowedShare})
		if err != nil {
			continue
		}
		for _, row := range found.Slower() {
			h.Slower = append(h.Slower, Slowdown{
				Promise: row.Promise, Phase: row.Phase.Title + " " + row.Phase.After, OldMedian: row.OldMedian, NewMedian: row.NewMedian, P: row.P,
			})
		}
		return
	}
}

// formatP writes a probability; one that is very small is no 0.
func formatP(p float64) string {
	const least = 0.0001
	if p < least {
		return fmt.Sprintf("< %.4f", least)
	}
	return fmt.Sprintf("%.4f", p)
}

// Flaky returns the promises that held and failed on the same image.
func (h History) Flaky() (found []Promise) {
	for _, promise := range h.Promises {
		if promise.Flaky {
			found = append(found, promise)
		}
	}
	return found
}

// Bad returns the promises that fail until the last run.
func (h History) Bad() (found []Promise) {
	for _, promise := range h.Promises {
		if promise.FirstBad >= 0 {
			found = append(found, promise)
		}
	}
	return found
}

// Text returns the history in a few lines.
func (h History) Text() string {
	text := plain.Line(fmt.Sprintf("%s of %s in the %s profile", plain.Count(len(h.Runs), "run"), h.Target, h.Profile))
	for _, promise := range h.Bad() {
		run := h.Runs[promise.FirstBad]
		text += plain.Line(fmt.Sprintf("  bad     %s since %s, %s %s", promise.ID, run.Started.UTC().Format(time.RFC3339), run.Image, run.Digest))
	}
	for _, promise := range h.Flaky() {
		text += plain.Line(fmt.Sprintf("  flaky   %s held and failed on the same image", promise.ID))
	}
	for _, slower := range h.Slower {
		text += plain.Line(fmt.Sprintf("  slower  %s: %s: %s before, %s now (p %s)", slower.Promise, slower.Phase, span.Text(slower.OldMedian), span.Text(slower.NewMedian), formatP(slower.P)))
	}
	if len(h.Bad())+len(h.Flaky())+len(h.Slower) == 0 {
		text += plain.Line("  nothing fails in the last run, nothing is flaky, and nothing became slower")
	}
	for _, note := range h.Notes {
		text += plain.Line("  note    " + note)
	}
	return text
}
