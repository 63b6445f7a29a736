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

// page holds the values of the template.
type page struct {
	Policy            string
	Style             template.CSS
	Script            template.JS
	Target, Image     string
	Answer            answer
	Counts            []count
	Facts             []fact
	Budgets           []fact
	Failed            failures
	Advisory          failures
	Themes            []themeView
	ThemesLeft        int
	Coverage          coverageView
	ServicesLeft      int
	Inconclusive      []group
	InconclusiveLeft  int
	NotRun            []group
	NotRunLeft        int
	Untested          []string
	UntestedLeft      int
	Labels            []labels
	Recoveries        []recoveryGroup
	RecoveriesLeft    int
	Faults            []recoveryGroup
	FaultsLeft        int
	Drawn             int
	Distributions     []distribution
	DistributionsLeft int
	Baseline          *baselineView
	Notes             []string
	Files             []fileView
	FilesLeft         int
}

// pageBuilder collects the contents of a page.
type pageBuilder struct {
	record      *record.Record
	index       *index
	logs        *logs
	recovery    map[string]record.Recovery // by its id
	anchors     map[string]string          // by the key of a result
	drawn       map[string]bool            // the ids of recoveries that are on the page
	labels      map[int][]row              // by the number of lanes
	failureRoom allowance
	lists       *allowance
	number      int // how many timelines are on the page
}

func newPage(in Input) page {
	r := in.Record
	b := &pageBuilder{
		record: r, index: newIndex(r), logs: newLogs(in.Evidence), recovery: map[string]record.Recovery{},
		anchors: map[string]string{}, drawn: map[string]bool{}, labels: map[int][]row{}, failureRoom: allowance{failuresAllowance}, lists: &allowance{listsAllowance},
	}
	for _, recovery := range r.Recoveries {
		b.recovery[recovery.ID] = recovery
	}
	made := page{
		Policy: contentPolicy(), Style: template.CSS(style), Script: template.JS(script), //nolint:gosec // both are files of this package
		Target: shorten(r.Run.Target, longestName), Image: shorten(cmp.Or(r.Run.Image, "this image"), longestName), Answer: newAnswer(in, b.lists),
		Facts: runFacts(r), Budgets: newBudgets(r.Run.Budgets, b.lists), Notes: notesOf(r),
	}
	untested := b.index.untested()
	made.Untested, made.UntestedLeft = fitNames(untested, b.lists)
	made.Counts = countOutcomes(r.Results, len(untested))
	made.Failed = b.failures(b.index.withOutcome(record.Failed, false), "f")
	made.Advisory = b.failures(b.index.withOutcome(record.Failed, true), "a")
	made.Recoveries, made.RecoveriesLeft = b.recoveries()
	made.Drawn = len(b.drawn)
	made.Faults, made.FaultsLeft = b.faults()
	made.Themes, made.ThemesLeft = b.index.matrix(func(result record.Result) string { return b.anchors[keyOf(result)] })
	made.Coverage = newCoverage(r, b.index.columns(), b.lists)
	made.ServicesLeft = len(r.Run.Services) - len(b.index.columns())
	made.Inconclusive, made.InconclusiveLeft = b.index.groups(record.Inconclusive, b.lists)
	made.NotRun, made.NotRunLeft = b.index.groups(record.NotRun, b.lists)
	made.Distributions, made.DistributionsLeft = b.index.distributions()
	made.Baseline = newBaseline(in.Baseline, b.lists)
	for _, lanes := range slices.Sorted(maps.Keys(b.labels)) {
		made.Labels = append(made.Labels, labels{ID: fmt.Sprintf("l%d", lanes), Rows: b.labels[lanes]})
	}
	made.Files, made.FilesLeft = fitFiles(r.Evidence, b.lists)
	return made
}

// keyOf returns the key of a result, which no other result has.
func keyOf(result record.Result) string {
	return strings.Join([]string{result.Promise, result.Service, result.Fault, result.Name}, "\x00")
}
