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
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/advice"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/tally"
)

// width is the most columns of a line. Only the text of a failure may be wider, because it is complete.
const width = 120

// Render returns the record as text: the run, a line for each promise with the times of its recoveries, the failures, the
// reasons of inconclusive and not-run results, and the counts in the last line.
func Render(r *record.Record) string {
	text := new(strings.Builder)
	writeHead(text, r)
	writePromises(text, r)
	writeFailures(text, r)
	writeReasons(text, "INCONCLUSIVE", record.Inconclusive, r)
	writeReasons(text, "NOT RUN", record.NotRun, r)
	writeNotes(text, r)
	writeLine(text, "%s", Counts(r))
	return text.String()
}

// Counts returns the last line: "27 held, 1 failed, 2 inconclusive", and the number of results that were not run, if any.
func Counts(r *record.Record) string {
	counts := countOutcomes(r.Results)
	text := fmt.Sprintf("%d held, %d failed, %d inconclusive", counts[record.Held], counts[record.Failed], counts[record.Inconclusive])
	if counts[record.NotRun] > 0 {
		text += fmt.Sprintf(", %d not run", counts[record.NotRun])
	}
	return text
}

// countOutcomes counts the results by outcome.
func countOutcomes(results []record.Result) map[record.Outcome]int {
	counts := map[record.Outcome]int{}
	for _, result := range results {
		counts[result.Outcome]++
	}
	return counts
}

// writeHead writes the run and its figures.
func writeHead(text *strings.Builder, r *record.Record) {
	run := r.Run
	writeLine(text, "target   %s", run.Target)
	writeLine(text, "image    %s", run.Image)
	if run.Digest != "" {
		writeLine(text, "         %s", run.Digest)
	}
	how := fmt.Sprintf("%s profile, seed %d, %d specs at once on %d cores", run.Profile, run.Seed, run.Procs, run.Host.Cores)
	if run.Focus != "" {
		how += ", only " + run.Focus
	}
	if run.Supervisor != "" {
		writeWrapped(text, "zinit    ", strings.Fields(run.Supervisor))
	}
	writeWrapped(text, "run      ", []string{how})
	if run.Sandboxes != nil {
		writeWrapped(text, "host     ", strings.Fields(run.Sandboxes.Text))
	}
	if r.Complete() {
		writeLine(text, "time     %s%s from %s on; the observer's longest gap was %s", describeParts(run), span.Text(r.Took()),
			run.Started.UTC().Format(time.RFC3339), span.Text(time.Duration(max(r.End.WorstGap, run.Host.WorstGap))))
	}
	writeFigures(text, r)
	writeLine(text, "")
}

// describeParts says that the time of a merged record is that of its longest shard.
func describeParts(run record.Run) string {
	if len(run.Parts) == 0 {
		return ""
	}
	return fmt.Sprintf("%d shards, the longest took ", len(run.Parts))
}

// writePromises writes the table of promises.
func writePromises(text *strings.Builder, r *record.Record) {
	found := tally.Of(r)
	writeLine(text, "%-36s %8s %9s %13s %9s %11s %14s", "PROMISE", "HELD", "FAILED", "INCONCLUSIVE", "NOT RUN", "RECOVERIES", "FAILS AT MOST")
	for _, promise := range found {
		counts := promise.Outcomes
		writeLine(text, "%-36s %8s %9s %13s %9s %11s %14s", promise.ID, formatCount(counts[record.Held]), formatCount(counts[record.Failed]),
			formatCount(counts[record.Inconclusive]), formatCount(counts[record.NotRun]), formatCount(promise.Recoveries), formatBound(promise))
		writePhases(text, promise.Phases)
	}
	writeLegend(text, r, found)
	writeLine(text, "")
}

// formatBound rounds up, because a bound that is rounded down is no bound.
func formatBound(promise tally.Promise) string {
	if promise.Trials == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", math.Ceil(promise.FailsAtMost*1000)/10)
}

// writeLegend explains the figures that the table has.
func writeLegend(text *strings.Builder, r *record.Record, found []tally.Promise) {
	if slices.ContainsFunc(found, func(promise tally.Promise) bool { return promise.Trials > 0 }) {
		writeLine(text, "")
		writeWrapped(text, "", strings.Fields("Fails at most: the upper bound of the true rate of failures at 95 %, as if each result was drawn by lot."))
	}
	if len(r.Recoveries) > 0 {
		writeLine(text, "Times are the longest possible ones. A p90 needs %d recoveries, a p99 %d.", stats.FewestForP90, stats.FewestForP99)
	}
}

func formatCount(n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

// writeFailures writes the text of every failure, and what to do about it. Failures of one promise share the advice.
func writeFailures(text *strings.Builder, r *record.Record) {
	failed := slices.DeleteFunc(sortResults(r.Results), func(result record.Result) bool { return result.Outcome != record.Failed })
	if len(failed) == 0 {
		return
	}
	writeLine(text, "FAILED")
	for i, result := range failed {
		what := cmp.Or(result.Failure, subjectOf(result)+" failed, and the record does not say why ("+result.Promise+")")
		for _, part := range strings.Split(strings.TrimSpace(what), "\n") {
			writeLine(text, "  %s", part)
		}
		for _, line := range advice.Lines(r, result) {
			switch isLast := i == len(failed)-1 || failed[i+1].Promise != result.Promise; {
			case line[0] == "again" || line[0] == "tried": // a command stays whole
				writeLine(text, "    %-8s %s", line[0], line[1])
			case isLast:
				writeAdvice(text, line[0], line[1])
			}
		}
		writeLine(text, "")
	}
}

// writeAdvice writes a line of advice.
func writeAdvice(text *strings.Builder, key, value string) {
	indent := fmt.Sprintf("    %-8s ", key)
	for _, full := range plain.Wrap(indent, len(indent), width, strings.Fields(value)) {
		writeLine(text, "%s", full)
	}
}

// writeReasons writes the results of an outcome, grouped by their reason.
func writeReasons(text *strings.Builder, title string, outcome record.Outcome, r *record.Record) {
	groups := map[string]map[string][]string{} // reason, promise, what
	for _, result := range sortResults(r.Results) {
		if result.Outcome != outcome {
			continue
		}
		reason := cmp.Or(result.Why(), "the record does not say why")
		if groups[reason] == nil {
			groups[reason] = map[string][]string{}
		}
		groups[reason][result.Promise] = append(groups[reason][result.Promise], subjectOf(result))
	}
	if len(groups) == 0 {
		return
	}
	writeLine(text, "%s", title)
	for _, reason := range slices.Sorted(maps.Keys(groups)) {
		writeWrapped(text, "  ", strings.Fields(reason+":"))
		for _, promise := range slices.Sorted(maps.Keys(groups[reason])) {
			what := groups[reason][promise]
			writeWrapped(text, "    ", strings.Fields(fmt.Sprintf("%s (%d) %s", promise, len(what), strings.Join(what, ", "))))
		}
	}
	writeLine(text, "")
}

// sortResults returns the results by promise, service and name.
func sortResults(results []record.Result) []record.Result {
	return slices.SortedStableFunc(slices.Values(results), func(one, other record.Result) int {
		return cmp.Or(cmp.Compare(one.Promise, other.Promise), cmp.Compare(one.Service, other.Service), cmp.Compare(one.Name, other.Name))
	})
}

// subjectOf returns the thing that a result is about: a service, a spec, or the target.
func subjectOf(result record.Result) string { return cmp.Or(result.Service, result.Name, "the target") }

// writeNotes writes doubts about the record.
func writeNotes(text *strings.Builder, r *record.Record) {
	var notes []string
	if !r.Complete() {
		notes = append(notes, "THE RUN DID NOT FINISH: what its record lacks was not checked.")
	} else if r.End.Trouble != "" {
		notes = append(notes, "THE HARNESS ITSELF HAD AN ERROR: "+r.End.Trouble)
	}
	for _, note := range append(notes, r.Remarks()...) {
		writeWrapped(text, "", strings.Fields(note))
	}
	if len(notes) > 0 {
		writeLine(text, "")
	}
}

// writeWrapped writes words in lines of at most width columns. Lines after the first are indented further.
func writeWrapped(text *strings.Builder, indent string, words []string) {
	for _, full := range plain.Wrap(indent, len(indent)+2, width, words) {
		writeLine(text, "%s", full)
	}
}

// writeLine writes one line.
func writeLine(text *strings.Builder, format string, args ...any) {
	_, _ = text.WriteString(plain.Line(strings.ReplaceAll(fmt.Sprintf(format, args...), "\t", "    ")))
}
