package cli

import (
	"strings"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/fixtures/herozero/dialect"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

func TestTheDialectsAreListed(t *testing.T) {
	code, stdout, stderr := commandLine("dialects", "--list")
	if code != exitHeld || stderr != "" || strings.Count(stdout, "\n") != len(dialect.All()) || !strings.HasPrefix(stdout, "garbage ") {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
	if _, sample, _ := commandLine("dialects", "--list", "--sample"); strings.Count(sample, "\n") != len(sampledDialects) {
		t.Errorf("a sample is %q", sample)
	}
	if code, _, stderr := commandLine("dialects", "--only", "klingon"); code != exitError || !strings.Contains(stderr, `"klingon" is no dialect of the stand-in`) {
		t.Errorf("exit code %d, %q", code, stderr)
	}
}

func TestWhatADialectLosesIsNamed(t *testing.T) {
	native := &record.Record{Results: []record.Result{
		{Promise: "a.held", Outcome: record.Held},
		{Promise: "b.lost", Service: "x", Outcome: record.Held},
		{Promise: "c.lost", Outcome: record.Held},
		{Promise: "d.failed", Outcome: record.Held},
		{Promise: "e.open", Outcome: record.Inconclusive},
		{Promise: "f.gone", Outcome: record.Held},
	}}
	cause := record.NotProved("it has no word for it")
	found := &record.Record{Results: []record.Result{
		{Promise: "a.held", Outcome: record.Held},
		{Promise: "b.lost", Service: "x", Outcome: record.Inconclusive, Cause: &cause},
		{Promise: "c.lost", Outcome: record.Inconclusive, Cause: &cause},
		{Promise: "d.failed", Outcome: record.Failed},
		{Promise: "e.open", Outcome: record.Inconclusive, Cause: &cause},
	}}
	const want = "camel  1 held, 1 failed, 3 inconclusive: d.failed; 3 lost\n    it has no word for it: b.lost/x, c.lost\n    it was not asked: f.gone"
	if got := compareDialect("camel", native, found); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestASampleWantsEachPromiseHeld(t *testing.T) {
	found := &record.Record{Results: []record.Result{
		{Promise: "a.held", Service: "x", Outcome: record.Held}, {Promise: "a.held", Service: "y", Outcome: record.Inconclusive}, {Promise: "b.lost", Outcome: record.Inconclusive},
	}}
	if got := unheld(found); len(got) != 1 || got[0] != "b.lost" {
		t.Errorf("%v", got)
	}
	if got := compareDialect("camel", allHeld(found), found); !strings.Contains(got, "2 lost") || found.Results[1].Outcome != record.Inconclusive {
		t.Errorf("%q", got)
	}
}
