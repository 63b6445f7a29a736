package summary

import (
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/tally"
)

// writePhases writes a line for each phase of a promise's recoveries.
func writePhases(text *strings.Builder, found []tally.Phase) {
	if len(found) > 0 {
		writeLine(text, "    %-32s %8s %9s %13s %9s %11s", "", "n", "median", "p90", "p99", "max")
	}
	for _, phase := range found {
		writeLine(text, "    %-11s%-21s %8d %9s %13s %9s %11s", phase.Title, phase.After, phase.Took.N,
			span.Text(phase.Took.Median), formatPercentile(phase.Took.P90), formatPercentile(phase.Took.P99), span.Text(phase.Took.Max))
	}
}

func formatPercentile(duration *time.Duration) string {
	if duration == nil {
		return "-"
	}
	return span.Text(*duration)
}
