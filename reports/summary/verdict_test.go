package summary_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/golden"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/summary"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

func judged(answer verdict.Answer, reasons ...verdict.Reason) verdict.Verdict {
	return verdict.Verdict{
		Answer: answer, Image: "hero_zero:hero", Digest: "sha256:" + strings.Repeat("4f", 32), Reasons: reasons,
		Judged: verdict.Judged{At: time.Date(2026, 5, 4, 4, 2, 1, 0, time.UTC), Policy: strings.Repeat("2b", 32), PolicyPath: "/opt/hero_chaos/ci/policy.yaml"},
	}
}

func TestVerdict(t *testing.T) {
	var services []string
	for n := range 28 {
		services = append(services, fmt.Sprintf("user.hero_%02d_server", n))
	}
	reason := func(code verdict.Code, count int, text string, promises ...string) verdict.Reason {
		return verdict.Reason{Weight: code.Weight(), Code: code, Text: text, Promises: promises, Count: count}
	}
	failed := reason(verdict.Failed, 28, "failed: A service that ends by SIGTERM is restarted, and serves again in time.", "restart.sigterm")
	failed.Services = services
	odd := reason(verdict.Trouble, 1, "the harness itself had an error: the link ended\n\x1b[2Jand cleared the screen")
	quick := reason(verdict.Quick, 1, `the run had the profile "quick": run with --profile faithful, which keeps the target's own delays`)
	notRun := reason(verdict.NotRun, 14, "not checked: the record has no result", services[:14]...)
	notRun.Noun = "promise"
	advisory := reason(verdict.Advisory, 1, "failed: The record of a run says by which signal it ended.", "restart.recorded")
	var many []verdict.Reason
	for n := range 15 {
		many = append(many, reason(verdict.Unproved, 1, fmt.Sprintf("reason %d", n), "boot.running"))
	}
	for name, v := range map[string]verdict.Verdict{
		"promote": judged(verdict.Promote), "promote-noted": judged(verdict.Promote, advisory), "none": {Answer: verdict.Inconclusive},
		"hold": judged(verdict.Hold, failed, odd, quick, notRun, advisory), "many": judged(verdict.Inconclusive, many...),
	} {
		t.Run(name, func(t *testing.T) {
			text := summary.Verdict(v)
			for line := range strings.SplitSeq(text, "\n") {
				if utf8.RuneCountInString(line) > 120 || strings.ContainsRune(line, '\x1b') {
					t.Errorf("%q", line)
				}
			}
			golden.Check(t, "verdict-"+name+".txt", text)
		})
	}
}
