package answer

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/repeat"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

// Step is a command that leads on, with what it is for.
type Step struct{ What, Command string }

// mostFocus is the most promises that one command names.
const mostFocus = 6

// stepsOf returns what leads from this answer to the next one, as commands that can be typed as they stand.
func stepsOf(in Input) []Step {
	run := repeat.Of(in.Record.Run)
	whole := run.Whole()
	whole.Mutant, whole.Choices = "", "" // an image that was changed on purpose is never promoted
	file := filepath.Join(in.Folder, "record.json")
	switch in.Verdict.Answer {
	case verdict.Promote:
		return []Step{{"judge the record again, as a gate does", run.Promote(file, in.Verdict.Digest)}}
	case verdict.Hold:
		return []Step{{"when the image is mended, test all of it", whole.String()}}
	case verdict.Inconclusive:
	}
	found := codes(in.Verdict)
	if found[verdict.Incomplete] || found[verdict.Trouble] {
		return []Step{{"the run did not come to its end: run it again (TROUBLESHOOTING.md if that ends early too)", run.String()}}
	}
	var steps []Step
	if run.Mutant != "" || run.Choices != "" {
		steps = append(steps, Step{"an image that was changed on purpose is never promoted: test it as it is", whole.String()})
		return steps
	}
	if ids := unconfirmed(in.Verdict); len(ids) > 0 {
		steps = append(steps, Step{"look whether the image meets an assumption; if so, list it under `confirmed` in the target file", whole.Inspect()})
	}
	if found[verdict.FewSamples] && listsTooFew(in) || found[verdict.NoServices] {
		steps = append(steps, Step{"write a target file that lists every service of the image", whole.Discover() + " > hero.yaml"})
		whole.Target = "./hero.yaml"
	}
	open := openPromises(in.Verdict)
	if len(open) > 0 && in.Record.Run.Profile == "faithful" && in.Record.Run.Focus == "" {
		steps = append(steps, Step{"see whether these come to a result now", run.On(strings.Join(open[:min(len(open), mostFocus)], ","), "").String()})
	}
	if found[verdict.Stalled] && in.Record.Run.Procs > 1 {
		whole.Procs = max(1, in.Record.Run.Procs/2)
	}
	return append(steps, Step{purpose(found, in.Record), whole.String()})
}

// purpose says what a run of everything is for.
func purpose(found map[verdict.Code]bool, r *record.Record) string {
	switch {
	case found[verdict.Stalled]:
		return "test all of it with fewer specs at once, best on a host that does nothing else"
	case found[verdict.Quick]:
		return "test all of it in the faithful profile, the only one that can promote"
	case found[verdict.Filtered]:
		return fmt.Sprintf("test all of it, and not %s alone", strings.TrimSpace(r.Run.Focus+" "+r.Run.Service))
	case found[verdict.Stale]:
		return "test it again: this record is too old"
	}
	return "test all of it again"
}

func codes(v verdict.Verdict) map[verdict.Code]bool {
	found := map[verdict.Code]bool{}
	for _, reason := range v.Reasons {
		found[reason.Code] = true
	}
	return found
}

// unconfirmed returns the promises that failed and rest on an assumption.
func unconfirmed(v verdict.Verdict) (found []string) {
	for _, reason := range v.Reasons {
		if reason.Code == verdict.Unconfirmed {
			found = append(found, reason.Promises...)
		}
	}
	return found
}

// openPromises returns the promises that were tried and came to nothing.
func openPromises(v verdict.Verdict) (found []string) {
	for _, reason := range v.Reasons {
		switch reason.Code {
		case verdict.Unproved, verdict.Stalled, verdict.Retried, verdict.NoLanding, verdict.Dry:
			found = append(found, reason.Promises...)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// listsTooFew reports whether the target lists fewer services than the policy requires results of a promise.
func listsTooFew(in Input) bool {
	for _, required := range in.MinimumSamples {
		if len(in.Record.Run.Services) < required {
			return true
		}
	}
	return false
}
