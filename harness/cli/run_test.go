package cli

import (
	"strings"
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/runner"
)

func TestRunRefusesFlagsBesideABaselineImage(t *testing.T) {
	for _, other := range []string{"--container=x", "--baseline=x", "--shard=1/2", "--live"} {
		code, _, stderr := commandLine("run", "--baseline-image=old", other)
		if name, _, _ := strings.Cut(other, "="); code != exitError || !strings.Contains(stderr, "--baseline-image with "+name+": give one of them") {
			t.Errorf("%s: exit code %d, %q", other, code, stderr)
		}
	}
}

func TestTheExitCodeIsTheVerdict(t *testing.T) {
	const held, failed, inconclusive, notRun = record.Held, record.Failed, record.Inconclusive, record.NotRun
	for name, c := range map[string]struct {
		outcomes []record.Outcome
		broken   bool // Ginkgo itself failed
		spoil    func(*record.Record)
		code     outcome
		want     string // in the error
	}{
		"all held":                    {outcomes: []record.Outcome{held, held}, code: exitHeld},
		"one failed":                  {outcomes: []record.Outcome{held, inconclusive, failed, held}, broken: true, code: exitFailed},
		"one inconclusive":            {outcomes: []record.Outcome{held, inconclusive, held}, code: exitInconclusive},
		"one did not run":             {outcomes: []record.Outcome{held, notRun}, code: exitInconclusive},
		"one timed out":               {outcomes: []record.Outcome{held, inconclusive}, broken: true, code: exitInconclusive},
		"all held, but Ginkgo failed": {outcomes: []record.Outcome{held}, broken: true, code: exitError, want: "results are missing"},
		"nothing selected":            {code: exitError, want: "no spec of this target and profile was selected"},
		"killed": {
			outcomes: []record.Outcome{held}, spoil: func(r *record.Record) { r.End = nil },
			code: exitError, want: "its record is not complete",
		},
		"killed after a failure": {
			outcomes: []record.Outcome{failed}, spoil: func(r *record.Record) { r.End = nil },
			code: exitError, want: "its record is not complete",
		},
		"trouble": {
			outcomes: []record.Outcome{held}, spoil: func(r *record.Record) { r.End.Trouble = "the reaper is gone" },
			code: exitError, want: "the run had trouble of its own: the reaper is gone",
		},
		"an outcome that nobody knows": {outcomes: []record.Outcome{held, "promoted"}, code: exitInconclusive},
	} {
		t.Run(name, func(t *testing.T) {
			found := &record.Record{Schema: record.Schema, End: &record.End{Finished: time.Now()}}
			for _, one := range c.outcomes {
				found.Results = append(found.Results, record.Result{Promise: "restart.sigterm", Outcome: one})
			}
			if c.spoil != nil {
				c.spoil(found)
			}
			code, err := exitCode(runner.Run{Record: found, Passed: !c.broken})
			if code != c.code {
				t.Errorf("exit code %d, not %d", code, c.code)
			}
			if (err != nil) != (c.code == exitError) || (err != nil && !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%v, not %q", err, c.want)
			}
		})
	}
}
