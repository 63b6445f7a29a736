package cli

import (
	"strings"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/fixtures/herozero/choice"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

func TestTheRowsOfChoicesAreListed(t *testing.T) {
	code, stdout, stderr := commandLine("choices", "--list")
	if code != exitHeld || stderr != "" || strings.Count(stdout, "\n") != len(choice.Rows()) || !strings.HasPrefix(stdout, "choices-01 ") {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
	if _, sample, _ := commandLine("choices", "--list", "--sample"); strings.Count(sample, "\n") != sampleRows {
		t.Errorf("a sample is %q", sample)
	}
	if code, _, stderr := commandLine("choices", "--only", "choices-99"); code != exitError || !strings.Contains(stderr, "`hero_chaos choices --list`") {
		t.Errorf("exit code %d, %q", code, stderr)
	}
}

func TestChoicesThatCannotBeTakenAreRefused(t *testing.T) {
	for want, arguments := range map[string][]string{
		"no choice has the name":   {"run", "--choices", "colour=blue"},
		"only the embedded image":  {"run", "--choices", "case=capital", "--image", "a"},
		"has no such alternative:": {"run", "--choices", "case=huge"},
	} {
		if code, _, stderr := commandLine(arguments...); code != exitError || !strings.Contains(stderr, want) {
			t.Errorf("%v: exit code %d, %q", arguments, code, stderr)
		}
	}
}

func TestARowIsSummarized(t *testing.T) {
	found := &record.Record{Results: []record.Result{
		{Promise: "a.b", Outcome: record.Held}, {Promise: "c.d", Service: "e", Outcome: record.Failed}, {Promise: "f.g", Outcome: record.Inconclusive},
	}}
	const want = "choices-07  1 held, 1 failed, 1 inconclusive: c.d/e"
	if line := summarize("choices-07", found); line != want {
		t.Errorf("%q, want %q", line, want)
	}
}
