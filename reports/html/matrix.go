package html

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/plain"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/stats"
)

const (
	// mostColumns is the most shipped services that have a column.
	mostColumns = 64
	// mostElsewhere is the most results on other services and on the target as a whole that a row names.
	mostElsewhere = 12
)

// themeView is the matrix of one theme.
type themeView struct {
	Name, Counts string
	Open         bool
	Columns      []string // the shipped services; empty if no promise of the theme was tested on one
	Rows         []promiseRow
}

// promiseRow is the row of a promise: its outcome on every service.
type promiseRow struct {
	ID, Sentence, Bound string
	Advisory            bool
	Outcomes            string // for the filter: the classes of all cells in the row
	Elsewhere           []cell // on services of hero_chaos, or on the target as a whole
	More                int
	Cells               []cell // one for each column; empty if it was tested on no shipped service
	None                string // says that it was not tested
	Wide                int    // the number of columns of its theme
}

// cell is the outcome of a promise on one service.
type cell struct {
	mark
	Service string
	Link    string // to a failure or a timeline of the page, or empty
	Note    string // "3 results"
}

// matrix returns the themes in the order of their promises, and how many promises did not fit. anchor returns the place on
// the page that says more about a result.
func (x *index) matrix(anchor func(record.Result) string) (themes []themeView, left int) {
	room := allowance{matrixAllowance}
	columns := x.columns()
	for _, promise := range x.promises {
		row := x.row(promise, columns, anchor)
		name := themeOf(promise.ID)
		at := slices.IndexFunc(themes, func(t themeView) bool { return t.Name == name })
		bytes := size("row", row)
		if at < 0 {
			bytes += size("theme", themeView{Name: name})
		}
		if len(row.Cells) > 0 && (at < 0 || themes[at].Columns == nil) {
			bytes += size("columns", columns)
		}
		if !room.take(bytes) {
			left++
			continue
		}
		if at < 0 {
			at = len(themes)
			themes = append(themes, themeView{Name: name})
		}
		themes[at].Rows = append(themes[at].Rows, row)
		if len(row.Cells) > 0 {
			themes[at].Columns = columns
		}
	}
	for i := range themes {
		themes[i].count(x)
		for j := range themes[i].Rows {
			themes[i].Rows[j].Wide = len(themes[i].Columns)
		}
	}
	return themes, left
}

func (x *index) columns() []string {
	var names []string
	for _, service := range x.record.Run.Services[:min(mostColumns, len(x.record.Run.Services))] {
		names = append(names, service.Name)
	}
	return names
}

func (x *index) row(promise record.Promise, columns []string, anchor func(record.Result) string) promiseRow {
	made := promiseRow{ID: promise.ID, Sentence: promise.Sentence, Advisory: promise.Advisory, Wide: len(columns)}
	on := map[string][]record.Result{}
	var services []string
	for _, result := range x.results[promise.ID] {
		name := subjectOf(result)
		if len(on[name]) == 0 && !slices.Contains(columns, name) {
			services = append(services, name)
		}
		on[name] = append(on[name], result)
	}
	made.Bound = describeBound(x.results[promise.ID])
	for _, name := range services[:min(mostElsewhere, len(services))] {
		made.Elsewhere = append(made.Elsewhere, newCell(name, on[name], anchor))
	}
	made.More = len(services) - len(made.Elsewhere)
	if slices.ContainsFunc(columns, func(name string) bool { return len(on[name]) > 0 }) {
		for _, name := range columns {
			made.Cells = append(made.Cells, newCell(name, on[name], anchor))
		}
	}
	switch {
	case len(x.results[promise.ID]) == 0:
		made.None = "not tested at all"
	case len(made.Cells) == 0 && len(columns) > 0:
		made.None = fmt.Sprintf("not tested on any of the %d shipped services", len(columns))
	}
	made.Outcomes = classesOf(slices.Concat(made.Elsewhere, made.Cells))
	return made
}

// describeBound returns the upper bound of a promise's rate of failures, in words.
func describeBound(results []record.Result) string {
	failed, trials := 0, 0
	for _, result := range results {
		switch result.Outcome {
		case record.Failed:
			failed, trials = failed+1, trials+1
		case record.Held:
			trials++
		case record.Inconclusive, record.NotRun:
		}
	}
	if trials < fewestDrawn { // the share of one or two says no more than the outcome
		return ""
	}
	return fmt.Sprintf("%d of %d failed: the true rate is at most %.1f %%", failed, trials, 100*stats.FailsAtMost(failed, trials))
}

func newCell(service string, results []record.Result, anchor func(record.Result) string) cell {
	outcome := worstOf(results)
	made := cell{mark: markOf(outcome), Service: shorten(service, longestName)}
	if len(results) > 1 {
		made.Note = fmt.Sprintf(" (the worst of %d results)", len(results))
	}
	for _, result := range results {
		if result.Outcome == outcome {
			made.Link = cmp.Or(made.Link, anchor(result))
		}
	}
	return made
}

// classesOf returns the classes of the cells, each once. A row without a cell counts as not tested.
func classesOf(cells []cell) string {
	var found []string
	for _, cell := range cells {
		found = append(found, cell.Class)
	}
	if len(found) == 0 {
		found = []string{untested().Class}
	}
	slices.Sort(found)
	return strings.Join(slices.Compact(found), " ")
}

// count sets the counts of the theme, and opens it if something failed.
func (t *themeView) count(x *index) {
	counts := map[record.Outcome]int{}
	untested := 0
	for _, row := range t.Rows {
		if len(x.results[row.ID]) == 0 {
			untested++
		}
		for _, result := range x.results[row.ID] {
			counts[result.Outcome]++
		}
	}
	parts := []string{plain.Count(len(t.Rows), "promise")}
	for _, outcome := range outcomes() {
		if counts[outcome] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[outcome], markOf(outcome).Word))
		}
	}
	if untested > 0 {
		parts = append(parts, plain.Count(untested, "promise")+" without a result")
	}
	t.Counts, t.Open = strings.Join(parts, ", "), counts[record.Failed] > 0
}
