package html

import (
	"fmt"
	"slices"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/baseline"
)

// baselineView is the comparison with an earlier record.
type baselineView struct {
	Old, New, Conclusion string
	Rows                 []baselineRow
	Left                 int
	Notes                []string
}

// baselineRow compares one phase.
type baselineRow struct {
	Promise, Phase, N, Old, New, Shift, Allowed, Effect, P string
	Slower                                                 bool
}

func newBaseline(c *baseline.Comparison, room *allowance) *baselineView {
	if c == nil {
		return nil
	}
	const mostNotes = 40
	made := &baselineView{Old: shorten(c.Old.Reference+" "+c.Old.Digest, longestLine), New: shorten(c.New.Reference+" "+c.New.Digest, longestLine), Conclusion: c.Conclusion(), Notes: c.Notes[:min(mostNotes, len(c.Notes))]}
	rows := slices.Clone(c.Rows)
	slices.SortStableFunc(rows, func(one, other baseline.Row) int { // what is slower first
		switch {
		case one.Slower == other.Slower:
			return 0
		case one.Slower:
			return -1
		}
		return 1
	})
	for i, row := range rows {
		p, n := fmt.Sprintf("%.4f", row.P), fmt.Sprint(row.NewN)
		if row.TooFew {
			p = "too few"
		}
		if !row.Paired {
			n = fmt.Sprintf("%d/%d", row.OldN, row.NewN)
		}
		shown := baselineRow{
			Promise: row.Promise, Phase: row.Phase.Title + " " + row.Phase.After, N: n, P: p, Old: span.Text(row.OldMedian), New: span.Text(row.NewMedian),
			Shift: span.Text(row.Shift), Allowed: span.Text(row.ShiftLimit), Effect: fmt.Sprintf("%+.2f", row.Effect), Slower: row.Slower,
		}
		if !room.take(size("comparison", shown)) {
			made.Left = len(rows) - i
			break
		}
		made.Rows = append(made.Rows, shown)
	}
	return made
}
