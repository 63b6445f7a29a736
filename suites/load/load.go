// Package load holds what is promised when everything happens at once: all services die, one floods its log,
// the whole container is paused. It has a container of its own.
package load

import (
	"fmt"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// herdSandbox is the theme's own.
const herdSandbox = "herd"

// The scaled policy of the theme's victims (design, "Two profiles").
const (
	interval    = 1730 * time.Millisecond
	timeout     = 910 * time.Millisecond
	startPeriod = 1270 * time.Millisecond
	delay       = 530 * time.Millisecond
	stopTimeout = 670 * time.Millisecond
	stability   = 7 * time.Second
)

// outer bounds a spec that has gone wrong; nothing is judged by it.
const outer = 3 * time.Minute

// Specs are the theme's.
func Specs(chaos *session.Session) {
	Describe("under load", Ordered, ContinueOnFailure, func() {
		herd(chaos)
		flood(chaos)
		spill(chaos)
		paused(chaos)
	})
}

func policy() zinit.RetryPolicy { return spec.ScalePolicy(delay, stability) }

// judgeAnswers holds what the supervisor has answered against LoadRPC.
func judgeAnswers(chaos *session.Session, during string, seen spec.Answers) {
	GinkgoHelper()
	slowest := fmt.Sprintf("%s, of %d questions", span.Text(seen.Slowest.Took), seen.Asked)
	late, doubtful := seen.Late(spec.AnswerLimit)
	switch {
	case seen.Asked == 0:
		spec.Inconclusive("the supervisor was not asked anything")
	case doubtful:
		spec.Inconclusive(record.HostStalled("a late answer says nothing of the supervisor"))
	case late:
		spec.FailWith(chaos,
			fmt.Sprintf("the supervisor did not answer %s within %s, during the %s", seen.Worst.Method, spec.AnswerLimit, during),
			[2]string{"worst", fmt.Sprintf("%s, of %d questions", span.Text(seen.Worst.Took), seen.Asked)},
			[2]string{"control", "the agent beside it answered within " + span.Text(seen.Worst.Control)})
	case seen.Refused.Err != nil:
		spec.FailWith(chaos, fmt.Sprintf("the supervisor answered %s with an error, during the %s", seen.Refused.Method, during),
			[2]string{"error", seen.Refused.Err.Error()}, [2]string{"worst", slowest})
	}
	AddReportEntry("worst latency of the supervisor's RPC during the "+during, slowest, ReportEntryVisibilityNever)
}

// firstLine is a text's headline.
func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
