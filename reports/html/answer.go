package html

import (
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/plain"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	screen "forge.ourworld.tf/lhumina_code/hero_chaos/reports/answer"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

// answer is the verdict on the page.
type answer struct {
	mark
	Judged  bool
	Reasons []reasonGroup
	Steps   []fact // commands that lead on
}

// reasonGroup holds the reasons of one weight: those that are shown at once, and those beneath.
type reasonGroup struct {
	Title         string
	First, Others []reason
	Left          int // how many more there are
	Folded        bool
}

// reason is one reason of the verdict.
type reason struct {
	Text, Code, Counted  string
	Promises, Services   names
	Seen                 string // of a failure, as all that follow
	Cause, Change, Again string
	Remedy               string
}

// names are the names that a reason concerns. Many are folded.
type names struct {
	All, Counted string
	Folded       bool
}

// mostNames is the number of names that are shown at once.
const mostNames = 6

func newNames(all []string, noun string) names {
	return names{shorten(strings.Join(all, ", "), longestNames), plain.Count(len(all), noun), len(all) > mostNames}
}

// count is the number of results with an outcome; X and Of are where its share begins and how long it is, in percent.
type count struct {
	mark
	N     int
	X, Of string
}

func newAnswer(in Input, room *allowance) answer {
	v := in.Verdict
	if v == nil {
		return answer{mark: mark{"–", "NOT JUDGED", "n"}}
	}
	found := answer{mark: mark{"?", string(v.Answer), "i"}, Judged: true}
	switch v.Answer {
	case verdict.Promote:
		found.mark = mark{"✓", string(v.Answer), "h"}
	case verdict.Hold:
		found.mark = mark{"✗", string(v.Answer), "f"}
	case verdict.Inconclusive:
	}
	whole := screen.Of(screen.Input{Record: in.Record, Verdict: *v, MinimumSamples: in.MinimumSamples})
	for _, step := range whole.Steps {
		found.Steps = append(found.Steps, fact{strings.ToUpper(step.What[:1]) + step.What[1:], shorten(step.Command, longestNames)})
	}
	for _, weight := range []struct {
		weight verdict.Weight
		title  string
	}{{verdict.Holds, "Why the image is held back"}, {verdict.Lacks, "What is missing for a promotion"}, {verdict.Notes, "Notes that change nothing"}} {
		if group := newReasonGroup(v, weight.weight, room); len(group.First) > 0 {
			group.Title = weight.title
			group.Folded = v.Answer == verdict.Hold && weight.weight != verdict.Holds
			if weight.weight == verdict.Holds {
				group.advise(whole.Reasons)
			}
			found.Reasons = append(found.Reasons, group)
		}
	}
	return found
}

// advise adds what to do to the reasons that a screen has room for.
func (g *reasonGroup) advise(reasons []screen.Reason) {
	for i := range g.First[:min(len(g.First), len(reasons))] {
		shown, told := &g.First[i], reasons[i]
		if !strings.Contains(shown.Text, told.Seen) {
			shown.Seen = shorten(told.Seen, longestLine)
		}
		shown.Cause, shown.Change = shorten(told.Advice.Cause, longestNames), shorten(told.Advice.Change, longestNames)
		shown.Remedy, shown.Again = shorten(told.Remedy, longestNames), shorten(told.Again, longestNames)
	}
}

// newReasonGroup returns the reasons of one weight, in the order of the verdict, as far as they fit.
func newReasonGroup(v *verdict.Verdict, weight verdict.Weight, room *allowance) (found reasonGroup) {
	const atOnce = 8
	for _, reason := range v.Reasons {
		if reason.Weight != weight {
			continue
		}
		made := newReason(reason)
		switch {
		case !room.take(size("reason", made)):
			found.Left++
		case len(found.First) < atOnce:
			found.First = append(found.First, made)
		default:
			found.Others = append(found.Others, made)
		}
	}
	return found
}

// newReason returns a reason. A single promise stands in its text.
func newReason(r verdict.Reason) reason {
	r.Text = strings.TrimPrefix(r.Text, "failed: ")
	made := reason{Text: shorten(r.Text, longestLine), Code: string(r.Code), Counted: r.Counted()}
	switch {
	case len(r.Promises) == 1 && !strings.Contains(r.Text, r.Promises[0]):
		made.Text = shorten(r.Promises[0]+": "+r.Text, longestLine)
	case len(r.Promises) > 1:
		made.Promises = newNames(r.Promises, "promise")
	}
	if len(r.Services) > 1 || len(r.Services) == 1 && !strings.Contains(r.Text, r.Services[0]) {
		made.Services = newNames(r.Services, "service")
	}
	for _, folded := range []names{made.Promises, made.Services} {
		if folded.Folded && folded.Counted == made.Counted {
			made.Counted = "" // it stands above the names
		}
	}
	return made
}

// longestNames is the most bytes that are shown of the names of a reason.
const longestNames = 2000

// countOutcomes counts the results by outcome. A promise without any result counts as not tested.
func countOutcomes(results []record.Result, untested int) []count {
	n := map[record.Outcome]int{}
	for _, result := range results {
		n[result.Outcome]++
	}
	n[record.NotRun] += untested
	all := len(results) + untested
	var found []count
	before := 0
	for _, outcome := range outcomes() {
		made := count{mark: markOf(outcome), N: n[outcome], X: "0", Of: "0"}
		if all > 0 {
			made.X, made.Of = figure(100*float64(before)/float64(all)), figure(100*float64(made.N)/float64(all))
		}
		before += made.N
		found = append(found, made)
	}
	return found
}
