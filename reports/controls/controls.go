// Package controls renders what supervisors that somebody else wrote came to, as a table of Markdown: a promise a row, a
// supervisor a column, with what was measured.
package controls

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
)

// The lines around the table in a document.
const (
	Begin = "<!-- controls: this table is made by make controls -->\n"
	End   = "<!-- end of controls -->"
)

// Table renders one record a supervisor. A cell says how many of a promise's results held where that is not all of them, and the
// median time until the service was served again: from the fault where it is a hang, else from the exit. Promises of which no
// record proves anything are only counted. A record without its end is an error.
func Table(records ...*record.Record) (string, error) {
	records = slices.SortedFunc(slices.Values(records), func(one, other *record.Record) int {
		return cmp.Compare(one.Run.Target, other.Run.Target)
	})
	text := new(strings.Builder)
	heading, rule := "| |", "|---|"
	for _, r := range records {
		if !r.Complete() {
			return "", fmt.Errorf("the record of %s has no end: run it again", r.Run.Target)
		}
		heading += " " + r.Run.Target + " |"
		rule += "---|"
	}
	fmt.Fprintf(text, "%s\n%s\n", heading, rule)
	unproved := 0
	for _, promise := range promisesOf(records) {
		row, proved := fmt.Sprintf("| `%s` |", promise), false
		for _, r := range records {
			found := count(r, promise)
			row += " " + found.String() + " |"
			proved = proved || found.proved()
		}
		if !proved {
			unproved++
			continue
		}
		fmt.Fprintln(text, row)
	}
	if unproved > 0 {
		fmt.Fprintf(text, "\nOf %d more promises none of them proves anything.\n", unproved)
	}
	return text.String(), nil
}

// promisesOf are all promises that have a result, in the order of their names.
func promisesOf(records []*record.Record) []string {
	var all []string
	for _, r := range records {
		for _, result := range r.Results {
			all = append(all, result.Promise)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// cell is what a promise came to with a supervisor.
type cell struct {
	results, held, failed int
	differs, expressible  bool
	latencies             []time.Duration
}

func count(r *record.Record, promise string) cell {
	var c cell
	for _, result := range r.Results {
		if result.Promise != promise {
			continue
		}
		c.results++
		switch {
		case result.Outcome == record.Held:
			c.held++
		case result.Outcome == record.Failed:
			c.failed++
		case strings.HasPrefix(result.Reason, assumed):
			c.differs = true
		case !inexpressible(result.Reason):
			c.expressible = true
		}
		if result.Outcome != record.Held && result.Outcome != record.Failed {
			continue
		}
		for _, id := range result.Recoveries {
			if seen, ok := r.Recovery(id); ok {
				c.add(seen)
			}
		}
	}
	return c
}

// What the reasons of an inconclusive result are told apart by: the suites' own words for a promise that rests on an assumption, and
// the codes of harness/zinit for what a supervisor has no words or no method for.
const assumed = "differs from our assumption"

func inexpressible(reason string) bool {
	return strings.Contains(reason, "(code -32099)") || strings.Contains(reason, "(code -32601)") || strings.Contains(reason, "cannot express it")
}

// add takes the time until the service was served again, as the longest that it can have been.
func (c *cell) add(seen record.Recovery) {
	began := seen.Exited
	if seen.Fault == "SIGSTOP" || strings.HasPrefix(seen.Fault, "SIGSTOP-") {
		began = &seen.Injected
	}
	if began == nil || seen.Serving == nil {
		return
	}
	_, longest := seen.Serving.Since(*began)
	c.latencies = append(c.latencies, longest)
}

func (c cell) proved() bool { return c.held+c.failed > 0 }

// String is the cell's text.
func (c cell) String() string {
	switch {
	case c.results == 0:
		return "not asked"
	case c.failed > 0:
		return "**failed**" + c.share(c.failed) + c.latency()
	case c.held > 0:
		return "held" + c.share(c.held) + c.latency()
	case c.differs:
		return "differs"
	case c.expressible:
		return "unproved"
	}
	return "–"
}

func (c cell) share(n int) string {
	if n == c.results {
		return ""
	}
	return fmt.Sprintf(" (%d of %d)", n, c.results)
}

func (c cell) latency() string {
	if len(c.latencies) == 0 {
		return ""
	}
	slices.Sort(c.latencies)
	return " " + span.Text(c.latencies[len(c.latencies)/2])
}

// Insert puts a table between Begin and End in a document.
func Insert(document, table string) (string, error) {
	before, rest, begins := strings.Cut(document, Begin)
	_, after, ends := strings.Cut(rest, End)
	if !begins || !ends {
		return "", errors.New("the document has no place for the table: it lacks the line " + strings.TrimSpace(Begin) + " or " + End)
	}
	return before + Begin + table + End + after, nil
}

// Trim is what of a record the table needs, with the texts of its failures.
func Trim(r *record.Record) *record.Record {
	run := r.Run
	kept := &record.Record{
		Schema: r.Schema, End: r.End, Results: []record.Result{}, Recoveries: []record.Recovery{}, Evidence: []record.Evidence{},
		Run: record.Run{
			ID: run.ID, Started: run.Started, Target: run.Target, Image: run.Image, Digest: run.Digest, Profile: run.Profile,
			Seed: run.Seed, Focus: run.Focus, Version: run.Version, Procs: run.Procs, Host: run.Host, Tolerance: run.Tolerance,
			Promises: []record.Promise{}, Services: []record.Service{},
		},
	}
	for _, result := range r.Results {
		result.Windows = nil
		kept.Results = append(kept.Results, result)
	}
	for _, seen := range r.Recoveries {
		kept.Recoveries = append(kept.Recoveries, record.Recovery{
			ID: seen.ID, Promise: seen.Promise, Service: seen.Service, Sandbox: seen.Sandbox, Fault: seen.Fault,
			Injected: seen.Injected, Exited: seen.Exited, Respawned: seen.Respawned, Serving: seen.Serving, Observed: seen.Observed,
			Status: seen.Status, Policy: seen.Policy,
		})
	}
	slices.SortStableFunc(kept.Results, func(one, other record.Result) int {
		return cmp.Or(cmp.Compare(one.Promise, other.Promise), cmp.Compare(one.Service, other.Service))
	})
	slices.SortStableFunc(kept.Recoveries, func(one, other record.Recovery) int { return cmp.Compare(one.ID, other.ID) })
	return kept
}
