package bench

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/stats"
)

// The goals, for an idle machine.
const (
	injectionLimit = 500 * time.Microsecond // p50 through the link
	leastFactor    = 50                     // p50 of any other way, divided by that of the link
	errorLimit     = time.Millisecond       // p99 of every phase
)

// latency holds how long the injections by one way took.
type latency struct {
	way  string
	took []time.Duration
}

// report holds everything that a run measured. The link is the first of the ways.
type report struct {
	injection   []latency
	observation []accuracy
	host        string
}

// text returns the report as people read it.
func (r report) text() string {
	var out strings.Builder
	if len(r.injection) > 0 {
		r.writeInjection(&out)
	}
	if len(r.observation) > 0 {
		r.writeObservation(&out)
	}
	fmt.Fprintf(&out, "The goals are for an idle machine. This one: %s.\n", r.host)
	return out.String()
}

func (r report) writeInjection(out *strings.Builder) {
	out.WriteString("Injection: from the call to its return, SIGCONT to a running process\n\n")
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(table, "through\tn\tp50\tp99\tmax\ttimes the link\t")
	link := stats.Summarize(r.injection[0].took)
	least := 0.0
	for i, way := range r.injection {
		summary := stats.Summarize(way.took)
		times := "-"
		if i > 0 && link.Median > 0 {
			factor := float64(summary.Median) / float64(link.Median)
			times = fmt.Sprintf("%.0f", factor)
			if i == 1 || factor < least {
				least = factor
			}
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t\n", way.way, formatRow(summary), times)
	}
	_ = table.Flush()
	writeGoal(out, link.Median <= injectionLimit, "p50 of the link at most %s", span.Text(injectionLimit))
	if len(r.injection) > 1 {
		writeGoal(out, least >= leastFactor, "at least %d times less than any other way", leastFactor)
	}
	out.WriteString("\n")
}

func (r report) writeObservation(out *strings.Builder) {
	out.WriteString("Observation: from the end of what is stated, [lo, hi], to the truth, SIGKILL\n\n")
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(table, "phase\tn\tp50\tp99\tmax\ttruth outside\t")
	accurate, inside := true, true
	for _, phase := range r.observation {
		summary := stats.Summarize(phase.errors)
		_, _ = fmt.Fprintf(table, "%s\t%s\t%d\t\n", phase.phase, formatRow(summary), len(phase.outside))
		accurate = accurate && findP99(summary) <= errorLimit
		inside = inside && len(phase.outside) == 0
	}
	_ = table.Flush()
	writeGoal(out, accurate, "p99 of every phase at most %s", span.Text(errorLimit))
	writeGoal(out, inside, "the truth never outside of what is stated")
	out.WriteString("\n")
}

// formatRow returns a summary's cells: n, p50, p99, max. Few durations have no p99.
func formatRow(s stats.Summary) string {
	p99 := "-"
	if s.P99 != nil {
		p99 = span.Text(*s.P99)
	}
	return fmt.Sprintf("%d\t%s\t%s\t%s", s.N, span.Text(s.Median), p99, span.Text(s.Max))
}

// findP99 returns the 99th percentile, or the longest of few durations.
func findP99(s stats.Summary) time.Duration {
	if s.P99 != nil {
		return *s.P99
	}
	return s.Max
}

func writeGoal(out *strings.Builder, met bool, format string, values ...any) {
	verdict := "missed"
	if met {
		verdict = "met"
	}
	fmt.Fprintf(out, "  goal %-6s  %s\n", verdict, fmt.Sprintf(format, values...))
}
