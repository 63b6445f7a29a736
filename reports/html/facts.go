package html

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/plain"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
)

// fact is a fact on the page, with its name.
type fact struct{ Name, Text string }

// runFacts returns what was tested, and how.
func runFacts(r *record.Record) []fact {
	run := r.Run
	var found []fact
	add := func(name, format string, args ...any) {
		if text := strings.TrimSpace(fmt.Sprintf(format, args...)); text != "" {
			found = append(found, fact{name, shorten(text, longestLine)})
		}
	}
	add("target", "%s", run.Target)
	add("image", "%s", run.Image)
	add("digest", "%s", run.Digest)
	add("broken on purpose", "%s", run.Mutant)
	add("choices", "%s", run.Choices)
	add("profile", "%s", run.Profile)
	add("only", "%s %s", run.Focus, run.Service)
	add("shard", "%s", run.Shard)
	switch {
	case run.Scale > 0:
		add("scale", "1/%.1f of the target's numbers for victims", run.Scale)
	default:
		add("scale", "none: the target's own numbers")
	}
	add("tolerance", "%s beyond every latest limit", span.Text(time.Duration(run.Tolerance)))
	add("seed", "%d", run.Seed)
	add("supervisor", "%s", run.Supervisor)
	add("started", "%s", run.Started.UTC().Format("2 January 2006, 15:04:05 UTC"))
	if r.Complete() {
		add("took", "%s%s", span.Text(r.Took()), overFloor(r))
	}
	add("host", "%d cores, kernel %s, %d specs at once", run.Host.Cores, run.Host.Kernel, run.Procs)
	gaps := "longest gap of the observer: " + span.Text(time.Duration(run.Host.WorstGap)) + " during calibration"
	if r.Complete() {
		gaps += ", " + span.Text(time.Duration(r.End.WorstGap)) + " during the run"
	}
	add("observer", "%s", gaps)
	if run.Daemon.ID != "" {
		add("daemon", "%s, API %s", run.Daemon.ID, run.Daemon.API)
	}
	add("hero_chaos", "%s", run.Version)
	var tools []string
	for _, name := range slices.Sorted(maps.Keys(run.Tools)) {
		tools = append(tools, name+" "+run.Tools[name])
	}
	add("tools", "%s", strings.Join(tools, ", "))
	add("confirmed", "%s", strings.Join(run.Confirmed, ", "))
	add("run", "%s", run.ID)
	for _, part := range run.Parts {
		add("shard "+part.Shard, "%s from %s on; %d cores, kernel %s, %d specs at once; longest gap of the observer %s; run %s", span.Text(part.Took()),
			part.Started.UTC().Format("2 January 2006, 15:04:05 UTC"), part.Host.Cores, part.Host.Kernel, part.Procs, span.Text(time.Duration(part.WorstGap)), part.ID)
	}
	return found
}

// overFloor returns the time of the run as a multiple of the longest chain of policy waits, in words.
func overFloor(r *record.Record) string {
	if r.Run.Floor <= 0 {
		return ""
	}
	return fmt.Sprintf(", %.2f times the longest chain of policy waits (%s)",
		float64(r.Took())/float64(r.Run.Floor), span.Text(time.Duration(r.Run.Floor)))
}

// newBudgets returns the budgets of the run, as far as they fit.
func newBudgets(all []record.Budget, room *allowance) (found []fact) {
	for _, budget := range all {
		when := "by " + span.Text(time.Duration(budget.Latest))
		if budget.Earliest > 0 {
			when = span.Text(time.Duration(budget.Earliest)) + " to " + span.Text(time.Duration(budget.Latest))
		}
		made := fact{shorten(budget.Name, longestName), shorten(when+" ("+budget.Why+")", longestLine)}
		if !room.take(size("fact", made)) {
			return append(found, fact{"others", plain.Count(len(all)-len(found), "budget") + " in record.json"})
		}
		found = append(found, made)
	}
	return found
}

// notesOf returns doubts about the record, for its reader.
func notesOf(r *record.Record) []string {
	var found []string
	switch {
	case !r.Complete():
		found = append(found, "The run did not finish: what its record lacks was not checked.")
	case r.End.Trouble != "":
		found = append(found, "The harness itself had an error: "+r.End.Trouble)
	}
	found = append(found, r.Remarks()...)
	const most = 12
	for i := range found {
		found[i] = shorten(found[i], longestLine)
	}
	if rest := len(found) - most; rest > 0 {
		found = append(found[:most], fmt.Sprintf("and %d more notes, in record.json", rest))
	}
	return found
}
