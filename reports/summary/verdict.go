package summary

import (
	"fmt"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

// The most that a terminal is given to read; verdict.json has all.
const (
	mostReasons = 12
	mostNames   = 8
)

// Verdict returns a verdict as text: the answer, and the reasons in order of weight with whom they concern.
func Verdict(v verdict.Verdict) string {
	text := new(strings.Builder)
	line(text, "VERDICT  %s: %s", v.Answer, answer(v.Answer))
	for _, which := range []string{v.Image, v.Digest, "judged at " + v.Judged.At.Format(time.RFC3339)} {
		if which != "" {
			line(text, "         %s", which)
		}
	}
	line(text, "")
	titles := map[verdict.Weight]string{verdict.Holds: "HOLD", verdict.Lacks: "INCONCLUSIVE", verdict.Notes: "NOTED"}
	last := verdict.Weight("")
	for i, reason := range v.Reasons {
		if i == mostReasons {
			line(text, "  ... and %d more reasons: see verdict.json", len(v.Reasons)-mostReasons)
			break
		}
		if reason.Weight != last {
			last = reason.Weight
			line(text, "%s", titles[reason.Weight])
		}
		wrapped(text, "  ", strings.Fields(about(reason)))
		if len(reason.Services) > 0 {
			wrapped(text, "      on ", strings.Fields(strings.Join(named(reason.Services), ", ")))
		}
	}
	if len(v.Reasons) > 0 {
		line(text, "")
	}
	return text.String()
}

// answer says in words what the verdict means.
func answer(a verdict.Answer) string {
	switch a {
	case verdict.Promote:
		return "the image may be promoted"
	case verdict.Hold:
		return "the image must not be promoted"
	}
	return "it is not known whether the image may be promoted"
}

// about is a reason in one line: which promises, what, and how often.
func about(reason verdict.Reason) string {
	said := reason.Text
	if len(reason.Promises) > 0 {
		said = strings.Join(named(reason.Promises), ", ") + ": " + said
	}
	if reason.Count > 1 {
		said += fmt.Sprintf(" (%d times)", reason.Count)
	}
	return fmt.Sprintf("%s [%s]", said, reason.Code)
}

// named are the first of many names, and how many more there are.
func named(names []string) []string {
	if len(names) <= mostNames {
		return names
	}
	return append(names[:mostNames:mostNames], fmt.Sprintf("and %d more", len(names)-mostNames))
}
