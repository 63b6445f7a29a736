package spec

import (
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
)

// Line is a line below the headline of a failure: a key, and what there is to say.
type Line = [2]string

// Note formats a line of a failure: Note("before", "pid %d", pid).
func Note(key, format string, values ...any) Line { return Line{key, fmt.Sprintf(format, values...)} }

// FailWith fails the running spec. The headline says what is wrong and with which service; the lines give the evidence.
// It adds the spec's promise. The reports add the command that runs the spec again, and what to change.
func FailWith(_ *session.Session, headline string, lines ...Line) {
	GinkgoHelper()
	text := fmt.Sprintf("%s (%s)", headline, readLabels(CurrentSpecReport()).Promise)
	for _, line := range lines {
		text += fmt.Sprintf("\n  %-8s %s", line[0], strings.ReplaceAll(line[1], "\n", " "))
	}
	Fail(text)
}

// listLimit bounds the cases that List writes out.
const listLimit = 10

// List makes lines of the first 10 cases, and says how many more there are. The key stands before the first.
func List(key string, cases []string) []Line {
	var lines []Line
	for i, text := range cases {
		if i == listLimit {
			return append(lines, Note("", "... and %d more", len(cases)-listLimit))
		}
		lines = append(lines, Line{key, text})
		key = ""
	}
	return lines
}

// Finding is the result of a check: a headline, empty if all is as promised, and the cases behind it.
type Finding struct {
	Headline string
	Cases    []string
}

// Judge fails the running spec if something was found.
func (f Finding) Judge(chaos *session.Session) {
	GinkgoHelper()
	if f.Headline != "" {
		FailWith(chaos, f.Headline, List("found", f.Cases)...)
	}
}

// Count writes a number of things in words: "1 check", "3 checks".
func Count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
