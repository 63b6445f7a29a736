// Package summary writes a record as the plain text that ends a run.
package summary

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/plain"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/stats"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/tally"
)

// width is how many columns the text takes at most, but for the text of a failure, which is complete.
const width = 120

// Render returns the record as text: what was run, a line a promise with how its recoveries went, the
// failures, why what is inconclusive is so, and the counts in the last line.
func Render(r *record.Record) string {
	text := new(strings.Builder)
	head(text, r)
	promises(text, r)
	failures(text, r)
	reasons(text, "INCONCLUSIVE", record.Inconclusive, r)
	reasons(text, "NOT RUN", record.NotRun, r)
	trouble(text, r)
	line(text, "%s", Counts(r))
	return text.String()
}

// Counts is the last line: "27 held, 1 failed, 2 inconclusive", and how many were not run, if any.
func Counts(r *record.Record) string {
	counts := count(r.Results)
	text := fmt.Sprintf("%d held, %d failed, %d inconclusive", counts[record.Held], counts[record.Failed], counts[record.Inconclusive])
	if counts[record.NotRun] > 0 {
		text += fmt.Sprintf(", %d not run", counts[record.NotRun])
	}
	return text
}

func count(results []record.Result) map[record.Outcome]int {
	counts := map[record.Outcome]int{}
	for _, result := range results {
		counts[result.Outcome]++
	}
	return counts
}

func head(text *strings.Builder, r *record.Record) {
	run := r.Run
	line(text, "target   %s", run.Target)
	line(text, "image    %s", run.Image)
	if run.Digest != "" {
		line(text, "         %s", run.Digest)
	}
	how := fmt.Sprintf("%s profile, seed %d, %d specs at once on %d cores", run.Profile, run.Seed, run.Procs, run.Host.Cores)
	if run.Focus != "" {
		how += ", only " + run.Focus
	}
	if run.Supervisor != "" {
		wrapped(text, "zinit    ", strings.Fields(run.Supervisor))
	}
	wrapped(text, "run      ", []string{how})
	if r.Complete() {
		line(text, "time     %s%s from %s on; the observer's worst gap was %s", inParts(run), span.Text(r.Took()),
			run.Started.UTC().Format(time.RFC3339), span.Text(time.Duration(max(r.End.WorstGap, run.Host.WorstGap))))
	}
	figures(text, r)
	line(text, "")
}

// inParts says of a record that was merged whose time is told.
func inParts(run record.Run) string {
	if len(run.Parts) == 0 {
		return ""
	}
	return fmt.Sprintf("%d parts, the longest took ", len(run.Parts))
}

func promises(text *strings.Builder, r *record.Record) {
	found := tally.Of(r)
	line(text, "%-36s %8s %9s %13s %9s %11s %14s", "PROMISE", "HELD", "FAILED", "INCONCLUSIVE", "NOT RUN", "RECOVERIES", "FAILS AT MOST")
	for _, promise := range found {
		counts := promise.Outcomes
		line(text, "%-36s %8s %9s %13s %9s %11s %14s", promise.ID, number(counts[record.Held]), number(counts[record.Failed]),
			number(counts[record.Inconclusive]), number(counts[record.NotRun]), number(promise.Recoveries), atMost(promise))
		phases(text, promise.Phases)
	}
	legend(text, r, found)
	line(text, "")
}

// atMost rounds up: a bound that is rounded down is none.
func atMost(promise tally.Promise) string {
	if promise.Trials == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", math.Ceil(promise.FailsAtMost*1000)/10)
}

// legend says what the figures of the table mean that it has.
func legend(text *strings.Builder, r *record.Record, found []tally.Promise) {
	if slices.ContainsFunc(found, func(promise tally.Promise) bool { return promise.Trials > 0 }) {
		line(text, "")
		wrapped(text, "", strings.Fields("Fails at most: what held and failed excludes any higher rate of failures at 95 %, were each of them drawn by lot."))
	}
	if len(r.Recoveries) > 0 {
		line(text, "Times are the longest that were possible; a p90 takes %d recoveries, a p99 %d.", stats.FewestForP90, stats.FewestForP99)
	}
}

func number(n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

func failures(text *strings.Builder, r *record.Record) {
	failed := slices.DeleteFunc(sorted(r.Results), func(result record.Result) bool { return result.Outcome != record.Failed })
	if len(failed) == 0 {
		return
	}
	line(text, "FAILED")
	for _, result := range failed {
		what := cmp.Or(result.Failure, subject(result)+" failed, and nothing says why ("+result.Promise+")")
		for _, part := range strings.Split(strings.TrimSpace(what), "\n") {
			line(text, "  %s", part)
		}
		line(text, "")
	}
}

// reasons groups what shares an outcome by its reason.
func reasons(text *strings.Builder, title string, outcome record.Outcome, r *record.Record) {
	groups := map[string]map[string][]string{} // reason, promise, what
	for _, result := range sorted(r.Results) {
		if result.Outcome != outcome {
			continue
		}
		reason := cmp.Or(result.Why(), "nothing says why")
		if groups[reason] == nil {
			groups[reason] = map[string][]string{}
		}
		groups[reason][result.Promise] = append(groups[reason][result.Promise], subject(result))
	}
	if len(groups) == 0 {
		return
	}
	line(text, "%s", title)
	for _, reason := range slices.Sorted(maps.Keys(groups)) {
		wrapped(text, "  ", strings.Fields(reason+":"))
		for _, promise := range slices.Sorted(maps.Keys(groups[reason])) {
			what := groups[reason][promise]
			wrapped(text, "    ", strings.Fields(fmt.Sprintf("%s (%d) %s", promise, len(what), strings.Join(what, ", "))))
		}
	}
	line(text, "")
}

func sorted(results []record.Result) []record.Result {
	return slices.SortedStableFunc(slices.Values(results), func(one, other record.Result) int {
		return cmp.Or(cmp.Compare(one.Promise, other.Promise), cmp.Compare(one.Service, other.Service), cmp.Compare(one.Name, other.Name))
	})
}

// subject is what a result is about.
func subject(result record.Result) string { return cmp.Or(result.Service, result.Name, "the target") }

func trouble(text *strings.Builder, r *record.Record) {
	var notes []string
	if !r.Complete() {
		notes = append(notes, "THE RECORD IS INCOMPLETE: what is missing in it was not seen to hold.")
	} else if r.End.Trouble != "" {
		notes = append(notes, "THE HARNESS HAD TROUBLE: "+r.End.Trouble)
	}
	for _, note := range append(notes, r.Remarks()...) {
		wrapped(text, "", strings.Fields(note))
	}
	if len(notes) > 0 {
		line(text, "")
	}
}

// wrapped writes words in lines of at most width columns; those after the first are indented as well.
func wrapped(text *strings.Builder, indent string, words []string) {
	for _, full := range plain.Wrap(indent, len(indent)+2, width, words) {
		line(text, "%s", full)
	}
}

// line writes one line.
func line(text *strings.Builder, format string, args ...any) {
	_, _ = text.WriteString(plain.Line(strings.ReplaceAll(fmt.Sprintf(format, args...), "\t", "    ")))
}
