package summary

import (
	"fmt"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
)

// writeFigures writes the numbers that the run was judged by: the factor of the quick profile or the floor of the faithful
// one, the calibrated jitter, and every budget.
func writeFigures(text *strings.Builder, r *record.Record) {
	run := r.Run
	jitter := fmt.Sprintf("calibrated jitter %s, tolerance %s",
		span.Text(time.Duration(run.Host.WorstGap)), span.Text(time.Duration(run.Tolerance)))
	switch {
	case run.Scale > 0:
		writeWrapped(text, "scale    ", strings.Fields(fmt.Sprintf("1/%.1f of the target's numbers for victims; %s", run.Scale, jitter)))
	case run.Tolerance > 0:
		writeWrapped(text, "scale    ", strings.Fields("none: the target's own numbers; "+jitter))
	}
	if run.Floor > 0 {
		floor := fmt.Sprintf("%s is the longest chain of policy waits", span.Text(time.Duration(run.Floor)))
		if r.Complete() {
			floor += fmt.Sprintf("; the run took %.2f times as long", float64(r.Took())/float64(run.Floor))
		}
		writeLine(text, "floor    %s", floor)
	}
	for i, budget := range run.Budgets {
		title := "         "
		if i == 0 {
			title = "budgets  "
		}
		due := "by " + span.Text(time.Duration(budget.Latest))
		if budget.Earliest > 0 {
			due = span.Text(time.Duration(budget.Earliest)) + " to " + span.Text(time.Duration(budget.Latest))
		}
		writeWrapped(text, title, strings.Fields(fmt.Sprintf("%s: %s (%s)", budget.Name, due, budget.Why)))
	}
}
