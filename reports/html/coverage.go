package html

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/plain"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/coverage"
)

// coverageView is the matrix of faults and services, with what was not tested.
type coverageView struct {
	Sentence string
	Columns  []string
	Rows     []faultRow
	RowsLeft int // faults that did not fit
	Gaps     []gapView
	Left     int // gaps that did not fit
}

// faultRow is a fault on every service of a column.
type faultRow struct {
	Name, Elsewhere string
	Cells           []faultCell
}

// faultCell is a fault on a service. Title names the promises that it was tested for.
type faultCell struct {
	mark
	Title string
}

// gapView is a gap in words.
type gapView struct{ What, On, Why string }

// newCoverage returns the matrix of faults, as far as it fits.
func newCoverage(r *record.Record, columns []string, room *allowance) coverageView {
	found := coverage.Of(r)
	view := coverageView{Sentence: found.Sentence() + "."}
	matrixRoom := allowance{coverageAllowance - size("columns", columns)}
	for _, fault := range found.Faults {
		row := faultRow{Name: shorten(fault.Name, longestName)}
		if fault.Elsewhere > 0 {
			row.Elsewhere = plain.Count(fault.Elsewhere, "result") + " on services of hero_chaos"
		}
		for _, cell := range fault.Cells[:min(len(columns), len(fault.Cells))] {
			row.Cells = append(row.Cells, faultCell{markOf(cell.Outcome), describeCell(fault.Name, cell)})
		}
		if matrixRoom.take(size("fault", row)) {
			view.Rows = append(view.Rows, row)
		} else {
			view.RowsLeft++
		}
	}
	if len(view.Rows) > 0 {
		view.Columns = columns
	}
	for _, gap := range found.Gaps {
		made := gapView{
			What: shorten(strings.TrimPrefix(strings.TrimSuffix(gap.Promise+", "+gap.Fault, ", "), ", "), longestName),
			On:   describeServices(gap.Services, len(r.Run.Services)), Why: shorten(gap.Why, longestLine),
		}
		if !room.take(size("gap", made)) {
			view.Left++
			continue
		}
		view.Gaps = append(view.Gaps, made)
	}
	return view
}

// describeServices names services, unless they are all.
func describeServices(names []string, all int) string {
	if len(names) == all && all > 1 {
		return fmt.Sprintf("all %d services", all)
	}
	return shorten(strings.Join(names, ", "), longestNames)
}

// describeCell names the promises that a fault was tested for on a service; empty if it was not.
func describeCell(fault string, cell coverage.Cell) string {
	if len(cell.Promises) == 0 {
		return ""
	}
	var parts []string
	for _, promise := range slices.Sorted(maps.Keys(cell.Promises)) {
		parts = append(parts, promise+" "+string(cell.Promises[promise]))
	}
	return shorten(fmt.Sprintf("%s on %s: %s", fault, cell.Service, strings.Join(parts, ", ")), longestLine)
}
