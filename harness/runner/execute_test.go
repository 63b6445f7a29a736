package runner

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/shard"
)

func TestMissingResultsAreNoted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "record.json")
	for _, c := range []struct {
		passed, failed, lost bool
		notes                int
	}{{true, false, false, 0}, {false, true, false, 0}, {false, false, false, 1}, {false, true, true, 1}, {true, false, true, 1}} {
		r := measured("held", "held")
		var planned []shard.Spec
		for _, result := range r.Results {
			planned = append(planned, shard.Spec{Key: result.Key()})
		}
		if c.failed {
			r.Results[0].Outcome = record.Failed
		}
		if c.lost {
			r.Results = r.Results[1:]
		}
		if err := completeRecord(r, c.passed, planned, path); err != nil || len(r.Notes) != c.notes {
			t.Errorf("%+v: %v, %q", c, err, r.Notes)
		}
	}
	if saved, err := record.Load(path); err != nil || len(saved.Notes) != 1 {
		t.Errorf("the doubt was not saved: %v, %+v", err, saved)
	}
}

func TestTheClosingLineCountsEveryResult(t *testing.T) {
	found := &record.Record{Results: []record.Result{
		{Outcome: record.Held}, {Outcome: record.Failed}, {Outcome: record.Inconclusive}, {Outcome: record.NotRun}, {Outcome: record.Held},
	}}
	if line := ClosingLine(found); line != "2 passed, 1 failed, 2 skipped" {
		t.Error(line)
	}
}

// TestAnInterruptBeforeTheSuitesBeginLeavesARecord checks that no error of a step that was cut off is shown in its place.
func TestAnInterruptBeforeTheSuitesBeginLeavesARecord(t *testing.T) {
	tools, configuration := play(t, "exit 1")
	configuration.Target, configuration.Focus = "../../fixtures/targets/embedded.yaml", "boot"
	tools.Suites = filepath.Join(filepath.Dir(tools.Ginkgo), "suites.test")
	list := "#!/bin/sh\n" + `echo '[{"Key": {"promise": "boot.running"}}]' >&3`
	if err := os.WriteFile(tools.Suites, []byte(list), 0o700); err != nil { //nolint:gosec // it is run
		t.Fatal(err)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	run, err := tools.Execute(ctx, io.Discard, configuration)
	if err != nil {
		t.Fatal(err)
	}
	found, err := record.Load(configuration.RecordPath())
	if err != nil || found.Run.Target != "embedded" || found.Run.Focus != "boot" || len(found.Planned) != 1 || len(found.Results) != 0 {
		t.Errorf("the record is %+v, %v", found, err)
	}
	if err := Sound(run.Record, run.Passed); err == nil || !strings.Contains(err.Error(), "interrupted before anything was started") {
		t.Errorf("it is sound: %v", err)
	}
}

// TestAnInterruptOfNoKnownTargetIsSaid checks that the error begins with the interrupt.
func TestAnInterruptOfNoKnownTargetIsSaid(t *testing.T) {
	tools, configuration := play(t, "exit 1")
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	if _, err := tools.Execute(ctx, io.Discard, configuration); err == nil || !strings.HasPrefix(err.Error(), "interrupted before anything was measured") {
		t.Errorf("%v", err)
	}
}
