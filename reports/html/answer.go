package html

import (
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

// answer is the verdict as it is shown.
type answer struct {
	mark
	Judged  bool
	Reasons []reasonGroup
}

// reasonGroup are the reasons of one weight: those that are shown at once, and those beneath.
type reasonGroup struct {
	Title         string
	First, Others []reason
	Left          int // how many more there are
}

type reason struct {
	Text, Code, Promises, Services string
	Count                          int
}

// count is how many results came to an outcome; Of is their share in percent.
type count struct {
	mark
	N     int
	X, Of string
}

func newAnswer(v *verdict.Verdict, room *allowance) answer {
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
	for _, weight := range []struct {
		weight verdict.Weight
		title  string
	}{{verdict.Holds, "It is held back, because"}, {verdict.Lacks, "What is missing for a promotion"}, {verdict.Notes, "Noted, without weight"}} {
		if group := reasonsOf(v, weight.weight, room); len(group.First) > 0 {
			group.Title = weight.title
			found.Reasons = append(found.Reasons, group)
		}
	}
	return found
}

// reasonsOf are the reasons of one weight, in the order of the verdict, as far as they fit.
func reasonsOf(v *verdict.Verdict, weight verdict.Weight, room *allowance) (found reasonGroup) {
	const atOnce, markup = 8, 120
	for _, reason := range v.Reasons {
		if reason.Weight != weight {
			continue
		}
		made := newReason(reason)
		switch {
		case !room.take(markup, []string{made.Text, made.Code, made.Promises, made.Services}):
			found.Left++
		case len(found.First) < atOnce:
			found.First = append(found.First, made)
		default:
			found.Others = append(found.Others, made)
		}
	}
	return found
}

// newReason leaves out the names that the text says already.
func newReason(r verdict.Reason) reason {
	made := reason{Text: shorten(r.Text, longestLine), Code: string(r.Code), Count: r.Count}
	if len(r.Promises) > 1 || len(r.Promises) == 1 && !strings.Contains(r.Text, r.Promises[0]) {
		made.Promises = shorten(strings.Join(r.Promises, ", "), longestNames)
	}
	if len(r.Services) > 1 || len(r.Services) == 1 && !strings.Contains(r.Text, r.Services[0]) {
		made.Services = shorten(strings.Join(r.Services, ", "), longestNames)
	}
	return made
}

// longestNames is as much as is shown of the names that a reason concerns.
const longestNames = 2000

// counts are the results by their outcome. A promise without any result is one more that was not tested.
func counts(results []record.Result, untested int) []count {
	n := map[record.Outcome]int{}
	for _, result := range results {
		n[result.Outcome]++
	}
	n[record.NotRun] += untested
	all := len(results) + untested
	var found []count
	before := 0
	for _, outcome := range []record.Outcome{record.Failed, record.Inconclusive, record.Held, record.NotRun} {
		made := count{mark: markOf(outcome), N: n[outcome], X: "0", Of: "0"}
		if all > 0 {
			made.X, made.Of = figure(100*float64(before)/float64(all)), figure(100*float64(made.N)/float64(all))
		}
		before += made.N
		found = append(found, made)
	}
	return found
}
