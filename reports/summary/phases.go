package summary

import (
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/stats"
)

const fewestForP99 = stats.FewestForP99

// phase is a part of a recovery and what it is counted from.
type phase struct {
	name, from   string
	since, until func(record.Recovery) *record.Interval
}

func allPhases() []phase {
	injected := func(r record.Recovery) *record.Interval { return &r.Injected }
	exited := func(r record.Recovery) *record.Interval { return r.Exited }
	respawned := func(r record.Recovery) *record.Interval { return r.Respawned }
	return []phase{
		{"exit", "after the fault", injected, exited},
		{"noticed", "after the exit", exited, func(r record.Recovery) *record.Interval { return r.Noticed }},
		{"respawn", "after the exit", exited, respawned},
		{"accepting", "after the respawn", respawned, func(r record.Recovery) *record.Interval { return r.Accepting }},
		{"serving", "after the exit", exited, func(r record.Recovery) *record.Interval { return r.Serving }},
	}
}

// phases writes a line for each phase that any of the recoveries went through.
func phases(text *strings.Builder, recoveries []record.Recovery) {
	headed := false
	for _, phase := range allPhases() {
		var took []time.Duration
		for _, recovery := range recoveries {
			since, until := phase.since(recovery), phase.until(recovery)
			if since != nil && until != nil {
				_, longest := until.Since(*since)
				took = append(took, longest)
			}
		}
		if len(took) == 0 {
			continue
		}
		if !headed {
			line(text, "    %-32s %8s %8s %14s %9s %12s", "", "", "n", "median", "p99", "max")
			headed = true
		}
		found := stats.Summarize(took)
		p99 := "-"
		if found.P99 != nil {
			p99 = span.Text(*found.P99)
		}
		line(text, "    %-11s%-21s %8s %8d %14s %9s %12s", phase.name, phase.from, "", found.N,
			span.Text(found.Median), p99, span.Text(found.Max))
	}
}
