package html

import (
	"cmp"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// page is what the template is filled with.
type page struct {
	Policy           string
	Style            template.CSS
	Script           template.JS
	Target, Image    string
	Answer           answer
	Counts           []count
	Facts            []fact
	Budgets          []fact
	Failed           failures
	Advisory         failures
	Themes           []themeView
	ThemesLeft       int
	ServicesLeft     int
	Inconclusive     []group
	InconclusiveLeft int
	NotRun           []group
	NotRunLeft       int
	Untested         []string
	UntestedLeft     int
	Labels           []labels
	Recoveries       []recoveryGroup
	RecoveriesLeft   int
	Drawn            int
	Spreads          []spread
	SpreadsLeft      int
	Baseline         *baselineView
	Notes            []string
	Files            []fileView
	FilesLeft        int
}

// recoveryGroup are the recoveries of one promise.
type recoveryGroup struct {
	Promise, Sentence, Outcomes string
	Recoveries                  []recoveryView
}

// labels are the names of the lanes of every timeline that has as many.
type labels struct {
	ID   string
	Rows []row
}

// pageBuilder knows what is on the page already.
type pageBuilder struct {
	record      *record.Record
	index       *index
	files       *files
	recovery    map[string]record.Recovery // by its id
	anchors     map[string]string          // by the key of a result
	drawn       map[string]bool            // the ids of recoveries that are on the page
	labels      map[int][]row              // by the number of lanes
	failureRoom allowance
	lists       *allowance
	number      int // of timelines on the page
}

func newPage(in Input) page {
	r := in.Record
	b := &pageBuilder{
		record: r, index: newIndex(r), files: newFiles(in.Evidence), recovery: map[string]record.Recovery{},
		anchors: map[string]string{}, drawn: map[string]bool{}, labels: map[int][]row{}, failureRoom: allowance{failuresAllowance}, lists: &allowance{listsAllowance},
	}
	for _, recovery := range r.Recoveries {
		b.recovery[recovery.ID] = recovery
	}
	made := page{
		Policy: policy(), Style: template.CSS(style), Script: template.JS(script), //nolint:gosec // both are files of this package
		Target: shorten(r.Run.Target, longestName), Image: shorten(cmp.Or(r.Run.Image, "this image"), longestName), Answer: newAnswer(in.Verdict, b.lists),
		Facts: runFacts(r), Budgets: budgets(r.Run.Budgets, b.lists), Notes: notes(r),
	}
	untested := b.index.untested()
	made.Untested, made.UntestedLeft = names(untested, b.lists)
	made.Counts = counts(r.Results, len(untested))
	made.Failed = b.failures(b.index.withOutcome(record.Failed, false), "f")
	made.Advisory = b.failures(b.index.withOutcome(record.Failed, true), "a")
	made.Recoveries, made.RecoveriesLeft = b.recoveries()
	made.Drawn = len(b.drawn)
	made.Themes, made.ThemesLeft = b.index.matrix(func(result record.Result) string { return b.anchors[key(result)] })
	made.ServicesLeft = len(r.Run.Services) - len(b.index.columns())
	made.Inconclusive, made.InconclusiveLeft = b.index.groups(record.Inconclusive, b.lists)
	made.NotRun, made.NotRunLeft = b.index.groups(record.NotRun, b.lists)
	made.Spreads, made.SpreadsLeft = b.index.spreads()
	made.Baseline = newBaseline(in.Baseline, b.lists)
	for _, lanes := range slices.Sorted(maps.Keys(b.labels)) {
		made.Labels = append(made.Labels, labels{ID: fmt.Sprintf("l%d", lanes), Rows: b.labels[lanes]})
	}
	made.Files, made.FilesLeft = collected(r.Evidence, b.lists)
	return made
}

// key is what tells a result from every other.
func key(result record.Result) string {
	return strings.Join([]string{result.Promise, result.Service, result.Fault, result.Name}, "\x00")
}

// view draws a recovery, with at most so many lines of the supervisor's log.
func (b *pageBuilder) view(r record.Recovery, lines int) recoveryView {
	result, known := b.index.resultOf[r.ID]
	b.number++
	made := recoveryView{
		ID: fmt.Sprintf("r%d", b.number), Service: shorten(r.Service, longestName), Fault: shorten(r.Fault, longestName),
		Mark:     mark{"–", "of no result: its spec was cut off, or measured again", "n"},
		Timeline: newTimeline(r, b.index.windows[r.ID], b.record.Run.Tolerance), Facts: facts(r, result.Outcome == record.Held),
	}
	if known {
		made.Mark = markOf(result.Outcome)
		made.Log = b.files.said(b.record, r, result, lines)
		if result.Outcome == record.Held && made.Log.Text == "" {
			made.Log = excerpt{} // that nothing was said is no news where all went well
		}
	}
	b.labels[len(made.Timeline.Rows)] = made.Timeline.Rows
	return made
}

// recoveries are those that are on the page with no failure, by promise, and how many did not fit: of those that held.
func (b *pageBuilder) recoveries() (groups []recoveryGroup, left int) {
	room := allowance{b.failureRoom.left + timelinesAllowance}
	fits, begun := map[string]recoveryView{}, map[string]bool{}
	held := func(r record.Recovery) bool { return b.index.resultOf[r.ID].Outcome == record.Held }
	for _, second := range []bool{false, true} { // what held is drawn last, with the room that is left
		for _, promise := range b.index.promises {
			for _, recovery := range b.index.recoveries[promise.ID] {
				if b.drawn[recovery.ID] || held(recovery) != second {
					continue
				}
				view := b.view(recovery, fewLines)
				markup, texts := view.size()
				if !begun[promise.ID] {
					markup, texts = markup+180, append(texts, promise.ID, promise.Sentence)
				}
				if !room.take(markup, texts) {
					left++
					continue
				}
				b.drawn[recovery.ID], fits[recovery.ID], begun[promise.ID] = true, view, true
			}
		}
	}
	for _, promise := range b.index.promises {
		group := recoveryGroup{Promise: promise.ID, Sentence: promise.Sentence}
		for _, recovery := range b.index.recoveries[promise.ID] {
			if view, ok := fits[recovery.ID]; ok {
				group.Recoveries = append(group.Recoveries, view)
				anchor := key(b.index.resultOf[recovery.ID])
				b.anchors[anchor] = cmp.Or(b.anchors[anchor], "#"+view.ID)
			}
		}
		if len(group.Recoveries) > 0 {
			group.Outcomes = tally(group.Recoveries)
			groups = append(groups, group)
		}
	}
	return groups, left
}

func recoveries(n int) string {
	if n == 1 {
		return "1 recovery"
	}
	return fmt.Sprintf("%d recoveries", n)
}

func tally(views []recoveryView) string {
	counts := map[string]int{}
	for _, view := range views {
		counts[view.Mark.Class]++
	}
	parts := []string{recoveries(len(views))}
	for _, outcome := range []record.Outcome{record.Failed, record.Inconclusive, record.Held} {
		if mark := markOf(outcome); counts[mark.Class] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[mark.Class], mark.Word))
		}
	}
	return strings.Join(parts, ", ")
}
