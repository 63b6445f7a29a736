package baseline

import (
	"fmt"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/plain"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
)

// Render returns the comparison as text: the images, a line for each row, the notes, and the conclusion.
func Render(c Comparison) string {
	text := new(strings.Builder)
	line(text, "before   %s", c.Old.format())
	line(text, "now      %s", c.New.format())
	line(text, "")
	promise := ""
	for _, row := range c.Rows {
		if row.Promise != promise {
			promise = row.Promise
			line(text, "%-33s %6s %9s %9s %10s %10s %9s %6s %7s", promise, "n", "before", "now", "shift", "allowed", "host", "effect", "p")
		}
		line(text, "    %-11s%-18s %6s %9s %9s %10s %10s %9s %6s %7s%s", row.Phase.Title, row.Phase.After, row.count(),
			span.Text(row.OldMedian), span.Text(row.NewMedian), formatSigned(row.Shift), formatSigned(row.ShiftLimit), span.Text(row.HostMedian),
			fmt.Sprintf("%+.2f", row.Effect), row.p(), row.mark())
	}
	if len(c.Rows) > 0 {
		line(text, "")
		for _, legend := range []string{
			"Medians of the longest possible times. n/n: of different services. host: the delay that the host may explain.",
			"p: the chance of such times if nothing else is slower than allowed, corrected for the number of tests.",
			"too few: so few values can never be significant.",
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

// Conclusion returns one line: "64 phases compared with the baseline, 1 significantly slower than allowed".
func (c Comparison) Conclusion() string {
	if len(c.Rows) == 0 {
		return "nothing could be compared with the baseline: no phase held in both records"
	}
	slower := "none"
	if n := len(c.Slower()); n > 0 {
		slower = fmt.Sprint(n)
	}
	return fmt.Sprintf("%s compared with the baseline, %s significantly slower than allowed", plain.Count(len(c.Rows), "phase"), slower)
}

func (i Image) format() string {
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

func formatSigned(d time.Duration) string {
	if d < 0 {
		return span.Text(d)
	}
	return "+" + span.Text(d)
}

// line writes one line without control characters, because a part of it comes from the record.
func line(text *strings.Builder, format string, args ...any) {
	_, _ = text.WriteString(plain.Line(fmt.Sprintf(format, args...)))
}
