package baseline

import (
	"fmt"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/plain"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
)

// Render returns the comparison as text: what is compared, a line a row, what weakens it, and in the last line what
// came of it.
func Render(c Comparison) string {
	text := new(strings.Builder)
	line(text, "before   %s", c.Old.text())
	line(text, "now      %s", c.New.text())
	line(text, "")
	promise := ""
	for _, row := range c.Rows {
		if row.Promise != promise {
			promise = row.Promise
			line(text, "%-33s %6s %9s %9s %10s %10s %9s %6s %7s", promise, "n", "before", "now", "shift", "allowed", "host", "effect", "p")
		}
		line(text, "    %-11s%-18s %6s %9s %9s %10s %10s %9s %6s %7s%s", row.Phase.Title, row.Phase.After, row.count(),
			span.Text(row.OldMedian), span.Text(row.NewMedian), signed(row.Shift), signed(row.Allowed), span.Text(row.Host),
			fmt.Sprintf("%+.2f", row.Effect), row.p(), row.mark())
	}
	if len(c.Rows) > 0 {
		line(text, "")
		for _, legend := range []string{
			"Medians of the longest times that were possible; n/n: not of the same services. host: what of them it may have made.",
			"p: the chance of such values if nothing but that is slower than allowed, corrected for the number of tests;",
			"too few: no values of so few could be significant.",
		} {
			line(text, "%s", legend)
		}
	}
	for _, note := range c.Notes {
		line(text, "%s", note)
	}
	line(text, "%s", c.Conclusion())
	return text.String()
}

// Conclusion is one line: "64 phases compared with the baseline, 1 significantly slower than allowed".
func (c Comparison) Conclusion() string {
	if len(c.Rows) == 0 {
		return "nothing could be compared with the baseline: the records have no phase in common that was measured and held"
	}
	slower := "none"
	if n := len(c.Slower()); n > 0 {
		slower = fmt.Sprint(n)
	}
	return fmt.Sprintf("%d phases compared with the baseline, %s significantly slower than allowed", len(c.Rows), slower)
}

func (i Image) text() string {
	return fmt.Sprintf("%s %s of %s", i.Reference, i.Digest, i.Started.UTC().Format(time.RFC3339))
}

func (row Row) count() string {
	if row.Paired {
		return fmt.Sprint(row.NewN)
	}
	return fmt.Sprintf("%d/%d", row.OldN, row.NewN)
}

func (row Row) p() string {
	switch {
	case row.TooFew:
		return "too few"
	case row.P < 0.0001:
		return "<0.0001"
	}
	return fmt.Sprintf("%.4f", row.P)
}

func (row Row) mark() string {
	if row.Slower {
		return " SLOWER"
	}
	return ""
}

func signed(d time.Duration) string {
	if d < 0 {
		return span.Text(d)
	}
	return "+" + span.Text(d)
}

// line writes one line, without what could move a terminal's cursor: a part of it was said by the record.
func line(text *strings.Builder, format string, args ...any) {
	_, _ = text.WriteString(plain.Line(fmt.Sprintf(format, args...)))
}
