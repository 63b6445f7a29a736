package summary

import (
	"fmt"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

// The limits of the text; verdict.json has all.
const (
	mostReasons = 12
	mostNames   = 8
)

// Verdict returns a verdict as text: the answer, and the reasons in order of weight with the promises and services that
// they concern.
func Verdict(v verdict.Verdict) string {
	text := new(strings.Builder)
	writeLine(text, "VERDICT  %s: %s", v.Answer, v.Answer.Meaning())
	for _, which := range []string{v.Image, v.Digest, "judged at " + v.Judged.At.Format(time.RFC3339)} {
		if which != "" {
			writeLine(text, "         %s", which)
		}
	}
	if v.Judged.PolicyPath != "" {
		writeLine(text, "         by the policy %s", v.Judged.PolicyPath)
		writeLine(text, "         sha256:%s", v.Judged.Policy)
	}
	writeLine(text, "")
	titles := map[verdict.Weight]string{verdict.Holds: "HOLD", verdict.Lacks: "INCONCLUSIVE", verdict.Notes: "NOTED"}
	last := verdict.Weight("")
	for i, reason := range v.Reasons {
		if i == mostReasons {
			writeLine(text, "  ... and %d more reasons: see verdict.json", len(v.Reasons)-mostReasons)
			break
		}
		if reason.Weight != last {
			last = reason.Weight
			writeLine(text, "%s", titles[reason.Weight])
		}
		writeWrapped(text, "  ", strings.Fields(describe(reason)))
		if len(reason.Services) > 0 {
			writeWrapped(text, "      on ", strings.Fields(strings.Join(firstNames(reason.Services), ", ")))
		}
	}
	if len(v.Reasons) > 0 {
		writeLine(text, "")
	}
	return text.String()
}

// describe returns a reason in one line: the promises, what was found, how often, and the rule.
func describe(reason verdict.Reason) string {
	text := reason.Text
	if len(reason.Promises) > 0 {
		text = strings.Join(firstNames(reason.Promises), ", ") + ": " + text
	}
	if counted := reason.Counted(); counted != "" {
		text += " (" + counted + ")"
	}
	return fmt.Sprintf("%s [%s]", text, reason.Code)
}

// firstNames returns the first of many names, and how many more there are.
func firstNames(names []string) []string {
	if len(names) <= mostNames {
		return names
	}
	return append(names[:mostNames:mostNames], fmt.Sprintf("and %d more", len(names)-mostNames))
}
