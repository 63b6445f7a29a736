// Package answer puts what a run came to into one screen: the verdict, the heaviest reasons with what to change, a line for each theme,
// and the commands that lead on. The terminal, the Markdown summary and the comment on a pull request are made from it.
package answer

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/plain"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/repeat"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/advice"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

// Input holds everything that an answer is made of.
type Input struct {
	Record  *record.Record
	Verdict verdict.Verdict
	// Comparison is the conclusion of the comparison with a baseline; empty without one.
	Comparison string
	// MinimumSamples are those of the policy (verdict.Policy).
	MinimumSamples map[string]int
	// Folder holds the reports. It is written as a person would type it.
	Folder string
}

// Answer is the outcome of a run, with what to do about it.
type Answer struct {
	Verdict verdict.Answer
	Meaning string
	// Tested says what was tested, and how.
	Tested string
	// Reasons are the heaviest ones, Left how many there are besides, and LeftPromises the promises that these are about.
	Reasons      []Reason
	Left         int
	LeftPromises []string
	Lacking      int // reasons of a HOLD that are about missing evidence
	Noted        int
	Themes       []Theme
	Comparison   string
	Steps        []Step
	Folder       string
}

// Reason is one reason of the verdict, with what to do about it.
type Reason struct {
	Code verdict.Code
	Text string
	// The rest is of failures. Seen is the headline of the first one, Others how many more there are.
	Promise, Service string
	Seen             string
	Found            string // the first line of its evidence, if that is no time line
	Others           int
	Advice           record.Advice
	Remedy           string // what was tried on this image
	Again            string
}

// mostReasons is the number of reasons in an answer.
const mostReasons = 5

// Of returns the answer of a run.
func Of(in Input) Answer {
	r, v := in.Record, in.Verdict
	a := Answer{Verdict: v.Answer, Meaning: v.Answer.Meaning(), Tested: describe(r), Themes: themesOf(r), Comparison: in.Comparison, Steps: stepsOf(in), Folder: in.Folder}
	var left []string
	for _, reason := range v.Reasons {
		switch {
		case reason.Weight == verdict.Notes:
			a.Noted++
		case reason.Weight == verdict.Lacks && v.Answer == verdict.Hold:
			a.Lacking++
		case len(a.Reasons) < mostReasons:
			a.Reasons = append(a.Reasons, newReason(in, reason))
		default:
			a.Left++
			left = append(left, reason.Promises...)
		}
	}
	slices.Sort(left)
	a.LeftPromises = slices.Compact(left)
	return a
}

// describe says what was tested, and how.
func describe(r *record.Record) string {
	run := r.Run
	parts := []string{cmp.Or(run.Image, "no image")}
	if run.Digest != "" {
		parts = append(parts, shortDigest(run.Digest))
	}
	parts = append(parts, "target "+run.Target, run.Profile+" profile", fmt.Sprintf("seed %d", run.Seed))
	if run.Mutant != "" {
		parts = append(parts, "mutant "+run.Mutant)
	}
	if run.Focus != "" {
		parts = append(parts, "only "+run.Focus)
	}
	if run.Service != "" {
		parts = append(parts, "only "+run.Service)
	}
	switch measured := Measured(r); {
	case r.Complete() && measured < len(r.Planned):
		parts = append(parts, fmt.Sprintf("%d of %d results in %s", measured, len(r.Planned), span.Text(r.Took())))
	case r.Complete():
		parts = append(parts, span.Text(r.Took()))
	case len(r.Planned) > 0:
		parts = append(parts, fmt.Sprintf("cut short after %d of %d results", Measured(r), len(r.Planned)))
	default:
		parts = append(parts, "cut short after "+plain.Count(Measured(r), "result"))
	}
	return strings.Join(parts, ", ")
}

// Measured returns how many results of a record came of a spec that ran.
func Measured(r *record.Record) (count int) {
	for _, result := range r.Results {
		if result.Outcome != record.NotRun {
			count++
		}
	}
	return count
}

func shortDigest(digest string) string {
	const length = len("sha256:") + 12
	return digest[:min(len(digest), length)]
}

// newReason returns a reason with the advice for it.
func newReason(in Input, found verdict.Reason) Reason {
	made := Reason{Code: found.Code, Text: describeReason(found)}
	if found.Weight != verdict.Holds || len(found.Promises) == 0 {
		return made
	}
	made.Promise = found.Promises[0]
	failures := failuresOf(in.Record, found)
	if len(failures) > 0 {
		first := failures[0]
		made.Service, made.Others = first.Service, len(failures)-1
		made.Seen, made.Found = firstLine(first.Failure), evidenceOf(first.Failure)
		for _, failure := range failures {
			made.Remedy = cmp.Or(made.Remedy, failure.Remedy)
		}
	}
	made.Advice = advice.For(in.Record, made.Promise, made.Service)
	made.Again = repeat.Of(in.Record.Run).On(made.Promise, made.Service).String()
	return made
}

// failuresOf returns the failed results that a reason is about, in the order of their services.
func failuresOf(r *record.Record, reason verdict.Reason) (found []record.Result) {
	for _, result := range r.Results {
		if result.Outcome == record.Failed && slices.Contains(reason.Promises, result.Promise) &&
			(len(reason.Services) == 0 || result.Service == "" || slices.Contains(reason.Services, result.Service)) {
			found = append(found, result)
		}
	}
	slices.SortStableFunc(found, func(one, other record.Result) int {
		return cmp.Or(cmp.Compare(one.Service, other.Service), cmp.Compare(one.Name, other.Name))
	})
	return found
}

// describeReason returns a reason in one line: the promises, the services, and what was found.
func describeReason(reason verdict.Reason) string {
	text := strings.TrimPrefix(reason.Text, "failed: ")
	switch {
	case reason.Code == verdict.Failed && len(reason.Promises) > 0:
		text = fmt.Sprintf("%s failed%s: %s", strings.Join(names(reason.Promises), ", "), on(reason.Services), text)
		return text
	case len(reason.Promises) > 0:
		text = strings.Join(names(reason.Promises), ", ") + ": " + text
	}
	if len(reason.Services) > 0 {
		text += on(reason.Services)
	}
	if counted := reason.Counted(); counted != "" && len(reason.Services) != reason.Count {
		text += " (" + counted + ")"
	}
	return text
}

// on says of how many services something is; of one it says the name.
func on(services []string) string {
	switch len(services) {
	case 0:
		return ""
	case 1:
		return " on " + services[0]
	}
	return fmt.Sprintf(" on %d services (%s)", len(services), strings.Join(names(services), ", "))
}

// mostNames is the number of names that one line says.
const mostNames = 3

// names returns the first of many names, and how many more there are.
func names(all []string) []string {
	if len(all) <= mostNames {
		return all
	}
	return append(all[:mostNames:mostNames], fmt.Sprintf("and %d more", len(all)-mostNames))
}

// firstLine returns the first line of a failure, without the id of its promise.
func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if i := strings.LastIndex(line, " ("); i > 0 && strings.HasSuffix(line, ")") && !strings.Contains(line[i+2:], " ") && strings.Contains(line[i:], ".") {
		line = line[:i]
	}
	return line
}

// evidenceLimit is the most letters of a line of evidence.
const evidenceLimit = 240

// evidenceOf returns the first line of evidence below the headline of a failure, without its key; empty if the lines tell a recovery.
func evidenceOf(text string) string {
	_, rest, _ := strings.Cut(strings.TrimSpace(text), "\n")
	line, _, _ := strings.Cut(rest, "\n")
	words := strings.Fields(line)
	if len(words) < 2 || words[0] == "before" || strings.HasPrefix(words[0], "+") {
		return ""
	}
	letters := []rune(strings.Join(words[1:], " "))
	if len(letters) > evidenceLimit {
		return string(letters[:evidenceLimit]) + "…"
	}
	return string(letters)
}

// path returns the path of a report.
func (a Answer) path(name string) string { return filepath.Join(a.Folder, name) }
