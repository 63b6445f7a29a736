package html

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/stats"
)

const (
	// mostColumns is how many shipped services have a column of their own.
	mostColumns = 64
	// mostElsewhere is how many results on other services and on the target as a whole a line names.
	mostElsewhere = 12
)

// themeView is the part of the matrix that belongs to one theme.
type themeView struct {
	Name, Counts string
	Open         bool
	Columns      []string // the shipped services, where a promise of the theme was tested on one; else empty
	Rows         []promiseRow
}

// promiseRow is one promise: on what it was tested, with what outcome, and on what not.
type promiseRow struct {
	ID, Sentence, Bound string
	Advisory            bool
	Outcomes            string // for the filter: the classes of all that is in the row
	Elsewhere           []cell // on services of ours, or on the target as a whole
	More                int
	Cells               []cell // one a column; empty where it was tested on no shipped service
	None                string // says so
}

// cell is what a promise came to on one service.
type cell struct {
	mark
	Service string
	Link    string // to a failure or a timeline of the page; empty is none
	Note    string // "3 results"
}

// matrix returns the themes in the order of their promises, and how many promises did not fit. anchors are the places on
// the page that say more about a result.
func (x *index) matrix(anchor func(record.Result) string) (themes []themeView, left int) {
	room := allowance{matrixAllowance}
	columns := x.columns()
	for _, promise := range x.promises {
		row := x.row(promise, columns, anchor)
		name := theme(promise.ID)
		at := slices.IndexFunc(themes, func(t themeView) bool { return t.Name == name })
		markup, texts := row.size()
		if len(row.Cells) > 0 && (at < 0 || themes[at].Columns == nil) {
			markup, texts = markup+60*len(columns), append(texts, columns...)
		}
		if !room.take(markup, texts) {
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
	made := promiseRow{ID: promise.ID, Sentence: promise.Sentence, Advisory: promise.Advisory}
	on := map[string][]record.Result{}
	var services []string
	for _, result := range x.results[promise.ID] {
		name := subject(result)
		if len(on[name]) == 0 && !slices.Contains(columns, name) {
			services = append(services, name)
		}
		on[name] = append(on[name], result)
	}
	made.Bound = bound(x.results[promise.ID])
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
	made.Outcomes = classes(slices.Concat(made.Elsewhere, made.Cells))
	return made
}

// bound says what the results of a promise prove, were they drawn by lot.
func bound(results []record.Result) string {
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
	if trials < fewestDrawn { // of one or two the share says nothing that the outcome does not
		return ""
	}
	return fmt.Sprintf("%d of %d failed: at most %.1f %%", failed, trials, 100*stats.FailsAtMost(failed, trials))
}

func newCell(service string, results []record.Result, anchor func(record.Result) string) cell {
	outcome := worst(results)
	made := cell{mark: markOf(outcome), Service: shorten(service, longestName)}
	if len(results) > 1 {
		made.Note = fmt.Sprintf(" (the worst of %d)", len(results))
	}
	for _, result := range results {
		if result.Outcome == outcome {
			made.Link = cmp.Or(made.Link, anchor(result))
		}
	}
	return made
}

// classes are those of the cells, each once; of a row without a cell that of what was not tested.
func classes(cells []cell) string {
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

// size is how many bytes the row takes on the page.
func (r promiseRow) size() (markup int, texts []string) {
	const frame, perCell, perLink = 300, 55, 22
	texts = []string{r.ID, r.Sentence, r.Bound, r.None}
	for _, cell := range r.Elsewhere {
		texts = append(texts, cell.Service, cell.Note)
	}
	cells := slices.Concat(r.Elsewhere, r.Cells)
	for _, cell := range cells {
		markup += len(cell.Symbol) + len(cell.Word)
		if cell.Link != "" {
			markup += perLink
		}
	}
	return frame + perCell*len(cells) + markup, texts
}

// count says how the theme went, and opens it where something failed.
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
	parts := []string{plural(len(t.Rows), "promise")}
	for _, outcome := range []record.Outcome{record.Failed, record.Inconclusive, record.Held, record.NotRun} {
		if counts[outcome] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[outcome], markOf(outcome).Word))
		}
	}
	if untested > 0 {
		parts = append(parts, plural(untested, "promise")+" without a result")
	}
	t.Counts, t.Open = strings.Join(parts, ", "), counts[record.Failed] > 0
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
