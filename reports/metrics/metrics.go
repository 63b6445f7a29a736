// Package metrics writes a record as OpenMetrics text, for the textfile collector of a node exporter.
package metrics

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/tally"
)

// Render returns the verdict, the counts and the phases of the recoveries. The answer of the verdict may be empty.
func Render(r *record.Record, answer string, answers []string) string {
	text := new(strings.Builder)
	run := labels{{"target", r.Run.Target}, {"image", r.Run.Image}, {"profile", r.Run.Profile}}
	family(text, "hero_chaos_verdict", "gauge", "1 for the verdict on the image.") // not a stateset, which a node exporter does not read
	for _, one := range answers {
		sample(text, "hero_chaos_verdict", append(slices.Clone(run), [2]string{"verdict", one}), truth(one == answer))
	}
	family(text, "hero_chaos_results", "gauge", "Results of the run by promise and outcome.")
	promises := tally.Of(r)
	for _, promise := range promises {
		for _, outcome := range []record.Outcome{record.Held, record.Failed, record.Inconclusive, record.NotRun} {
			sample(text, "hero_chaos_results", append(slices.Clone(run), [2]string{"promise", promise.ID}, [2]string{"outcome", string(outcome)}),
				float64(promise.Outcomes[outcome]))
		}
	}
	family(text, "hero_chaos_phase_seconds", "summary", "Longest possible times of the phases of recoveries.")
	for _, promise := range promises {
		for _, phase := range promise.Phases {
			of := append(slices.Clone(run), [2]string{"promise", promise.ID}, [2]string{"phase", phase.Name})
			writePhase(text, of, phase)
		}
	}
	family(text, "hero_chaos_phase_longest_seconds", "gauge", "Longest time of a phase.")
	for _, promise := range promises {
		for _, phase := range promise.Phases {
			sample(text, "hero_chaos_phase_longest_seconds", append(slices.Clone(run), [2]string{"promise", promise.ID}, [2]string{"phase", phase.Name}), phase.Took.Max.Seconds())
		}
	}
	family(text, "hero_chaos_run_seconds", "gauge", "Duration of the run; 0 if it did not come to its end.")
	took := time.Duration(0)
	if r.Complete() {
		took = r.Took()
	}
	sample(text, "hero_chaos_run_seconds", run, took.Seconds())
	family(text, "hero_chaos_run_started_timestamp_seconds", "gauge", "Start of the run in Unix time.")
	sample(text, "hero_chaos_run_started_timestamp_seconds", run, float64(r.Run.Started.Unix()))
	_, _ = text.WriteString("# EOF\n")
	return text.String()
}

func writePhase(text *strings.Builder, of labels, phase tally.Phase) {
	quantile := func(name string, took time.Duration) {
		sample(text, "hero_chaos_phase_seconds", append(slices.Clone(of), [2]string{"quantile", name}), took.Seconds())
	}
	quantile("0.5", phase.Took.Median)
	if phase.Took.P90 != nil {
		quantile("0.9", *phase.Took.P90)
	}
	if phase.Took.P99 != nil {
		quantile("0.99", *phase.Took.P99)
	}
	sample(text, "hero_chaos_phase_seconds_count", of, float64(phase.Took.N))
}

// labels are the labels of a sample, in their order.
type labels [][2]string

// escaper writes a label's value as OpenMetrics wants it.
var escaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func family(text *strings.Builder, name, kind, help string) {
	_, _ = fmt.Fprintf(text, "# TYPE %s %s\n", name, kind)
	if strings.HasSuffix(name, "_seconds") {
		_, _ = fmt.Fprintf(text, "# UNIT %s seconds\n", name)
	}
	_, _ = fmt.Fprintf(text, "# HELP %s %s\n", name, help)
}

func sample(text *strings.Builder, name string, of labels, value float64) {
	var pairs []string
	for _, label := range of {
		pairs = append(pairs, fmt.Sprintf(`%s="%s"`, label[0], escaper.Replace(label[1])))
	}
	_, _ = fmt.Fprintf(text, "%s{%s} %s\n", name, strings.Join(pairs, ","), strconv.FormatFloat(value, 'g', -1, 64))
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
