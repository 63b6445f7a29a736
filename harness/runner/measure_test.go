package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/progress"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// measured is a record that came to its end, of a promise each: held, failed, stalled.
func measured(outcomes ...string) *record.Record {
	found := &record.Record{Schema: record.Schema, Run: record.Run{Target: "embedded", Digest: "sha256:1"}, End: &record.End{}}
	for i, outcome := range outcomes {
		result := record.Result{Promise: fmt.Sprintf("a.%d", i), Service: "x", Outcome: record.Outcome(outcome), Attempts: 1}
		if outcome == "stalled" {
			result.Outcome, result.Stalled, result.Reason = record.Inconclusive, true, "the host stalled"
		}
		found.Results = append(found.Results, result)
	}
	return found
}

// playMeasuring returns tools whose Ginkgo leaves the records one after the other, the last as often as it is asked,
// and writes down with how many processes and on what it was run.
func playMeasuring(t *testing.T, records ...*record.Record) (tools Tools, configuration config.Config, runs func() []string) {
	t.Helper()
	prepared, output := t.TempDir(), filepath.Join(t.TempDir(), "out")
	for i, found := range records {
		if err := found.Save(filepath.Join(prepared, fmt.Sprintf("%d.json", i))); err != nil {
			t.Fatal(err)
		}
	}
	script := fmt.Sprintf(`cd %q; out=%q
echo "$* $HERO_CHAOS_RUN" >> runs
n=$(($(wc -l < runs) - 1)); [ -e $n.json ] || n=%d
case $HERO_CHAOS_RUN in *out/again*) out=$out/again;; esac
cp $n.json "$out/record.json"`, prepared, output, len(records)-1)
	tools, configuration = play(t, script)
	configuration.Output, configuration.Procs, configuration.Focus = output, 72, "a"
	return tools, configuration, func() []string {
		text, err := os.ReadFile(filepath.Join(prepared, "runs")) //nolint:gosec // the test's own
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(strings.TrimSpace(string(text)), "\n")
	}
}

func always([]record.Result, bool) bool { return true }

func TestWhatTheHostSpoiledIsMeasuredAgainQuietly(t *testing.T) {
	later := measured("", "held")
	later.Results = later.Results[1:]
	tools, configuration, runs := playMeasuring(t, measured("held", "stalled", "failed"), later)
	found, _, err := tools.Measure(deadline(t), configuration, always)
	if err != nil || len(found.Spoiled()) != 0 || found.Results[1].Outcome != record.Held || found.Results[2].Outcome != record.Failed {
		t.Fatalf("%+v, %v", found, err)
	}
	ran := runs()
	if len(ran) != 2 || !strings.Contains(ran[1], "--procs=12") || !strings.Contains(ran[1], `"focus":"a.1/x"`) {
		t.Errorf("%q", ran)
	}
	saved, err := record.Load(configuration.RecordPath())
	if err != nil || len(saved.Spoiled()) != 0 {
		t.Errorf("the run's own record: %+v, %v", saved, err)
	}
}

// TestSpoiledResultsAreMeasuredBesideAWaitingRun plays a run whose last result is due in an hour. It ends only after its
// spoiled result was measured beside it, whether or not somebody watches.
func TestSpoiledResultsAreMeasuredBesideAWaitingRun(t *testing.T) {
	for name, watch := range map[string]func(context.Context, string){
		"watched":   func(ctx context.Context, _ string) { <-ctx.Done() },
		"unwatched": nil,
	} {
		t.Run(name, func(t *testing.T) { measureBesideARun(t, watch) })
	}
}

// measureBesideARun plays the run of TestSpoiledResultsAreMeasuredBesideAWaitingRun.
func measureBesideARun(t *testing.T, watch func(context.Context, string)) {
	t.Helper()
	first, later := measured("held", "stalled"), measured("", "held")
	later.Results = later.Results[1:]
	prepared := t.TempDir()
	writer, err := record.Create(filepath.Join(prepared, "soFar"), first.Run, record.Redactor{})
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range first.Results {
		if err := writer.Result(result); err != nil {
			t.Fatal(err)
		}
	}
	announcer := progress.Announce(filepath.Join(prepared, "progress.jsonl"), "1")
	announcer.Plan(map[string]int{"a": 3})
	for _, result := range first.Results {
		announcer.Begin(result.Promise, result.Service)
		announcer.End()
	}
	announcer.Begin("a.9", "x")
	announcer.Due(time.Hour)
	for name, found := range map[string]*record.Record{"first.json": first, "later.json": later} {
		if err := found.Save(filepath.Join(prepared, name)); err != nil {
			t.Fatal(err)
		}
	}
	tools, configuration := play(t, "")
	play := fmt.Sprintf(`#!/bin/sh
cd %q; out=%q
echo "$* $HERO_CHAOS_RUN" >> runs
case $HERO_CHAOS_RUN in *out/again*) cp later.json "$out/again/record.json"; exit;; esac
cp soFarl "$out/record.jsonl"; cp progress.jsonl "$out"
while [ ! -e "$out/again/record.json" ]; do sleep 0.01; done
cp first.json "$out/record.json"`, prepared, configuration.Output)
	if err := os.WriteFile(tools.Ginkgo, []byte(play), 0o700); err != nil { //nolint:gosec // it is run
		t.Fatal(err)
	}
	tools.Watch = watch
	var asked []bool
	found, _, err := tools.Measure(deadline(t), configuration, func(_ []record.Result, meanwhile bool) bool {
		asked = append(asked, meanwhile)
		return true
	})
	if err != nil || len(found.Spoiled()) != 0 || !slices.Equal(asked, []bool{true}) {
		t.Fatalf("%+v after it was asked %v, %v", found, asked, err)
	}
	if saved, err := record.Load(configuration.RecordPath()); err != nil || len(saved.Spoiled()) != 0 {
		t.Errorf("the run's own record: %+v, %v", saved, err)
	}
}

// TestARepetitionThatGoesWrongCostsNothing repeats with a record that has no end.
func TestARepetitionThatGoesWrongCostsNothing(t *testing.T) {
	cut := measured("held", "held")
	cut.End = nil
	tools, configuration, _ := playMeasuring(t, measured("held", "stalled"), cut)
	found, _, err := tools.Measure(deadline(t), configuration, always)
	if err != nil || len(found.Results) != 2 || len(found.Spoiled()) != 1 || len(found.Notes) == 0 {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestMeasuringAgainEnds(t *testing.T) {
	for name, c := range map[string]struct {
		first *record.Record
		worth ShouldRepeat
		set   func(*config.Config)
		runs  int
	}{
		"still stalled":        {first: measured("held", "stalled"), runs: 3},
		"nothing stalled":      {first: measured("held", "inconclusive"), runs: 1},
		"not worth it":         {first: measured("stalled"), worth: func([]record.Result, bool) bool { return false }, runs: 1},
		"somebody's container": {first: measured("stalled"), set: func(c *config.Config) { c.Container = "theirs" }, runs: 1},
	} {
		t.Run(name, func(t *testing.T) {
			tools, configuration, runs := playMeasuring(t, c.first)
			if c.set != nil {
				c.set(&configuration)
			}
			worth := c.worth
			if worth == nil {
				worth = always
			}
			if _, _, err := tools.Measure(deadline(t), configuration, worth); err != nil || len(runs()) != c.runs {
				t.Errorf("%q, %v", runs(), err)
			}
		})
	}
}

func TestARunWithoutARecordIsAnError(t *testing.T) {
	tools, configuration := play(t, "true")
	if _, _, err := tools.Measure(deadline(t), configuration, always); err == nil || !strings.HasPrefix(err.Error(), "the suites left no record; see ") {
		t.Errorf("%v", err)
	}
}

// TestAKilledRunIsJudgedByWhatItFound runs suites that are killed before they write their record as one document.
func TestAKilledRunIsJudgedByWhatItFound(t *testing.T) {
	event := `{"schema":"` + record.Schema + `","run":{"id":"1"}}`
	tools, configuration := play(t, `folder=$(echo "$HERO_CHAOS_RUN" | sed 's/.*"output":"\([^"]*\)".*/\1/')
echo '`+event+`' > "$folder/record.jsonl"
kill -9 $$
`)
	found, _, err := tools.Measure(deadline(t), configuration, always)
	if err != nil || found.Run.ID != "1" || found.Complete() {
		t.Fatalf("%+v, %v", found, err)
	}
	if saved, err := record.Load(configuration.RecordPath()); err != nil || saved.Run.ID != "1" {
		t.Errorf("the record was not saved: %v", err)
	}
}

func TestSound(t *testing.T) {
	cut, troubled, failed := measured("held"), measured("held"), measured("held", "failed")
	cut.End, troubled.End.Trouble, failed.End.Trouble = nil, "the reaper is gone", "collect the status: no answer"
	for name, c := range map[string]struct {
		found  *record.Record
		passed bool
		want   string
	}{
		"held":              {measured("held"), true, ""},
		"failed":            {measured("held", "failed"), false, ""},
		"no end":            {cut, true, "its record is not complete"},
		"trouble":           {troubled, true, "the reaper is gone"},
		"failed in trouble": {failed, false, ""},
		"nothing":           {measured(), true, "nothing was checked"},
		"a result is lost":  {measured("held"), false, "results are missing"},
		"stalled":           {measured("stalled"), true, ""},
		"failed and passed": {measured("failed"), true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := Sound(c.found, c.passed)
			if (err == nil) != (c.want == "") || (err != nil && !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%v, not %q", err, c.want)
			}
		})
	}
}

func TestTheFingerprintFollowsThePrograms(t *testing.T) {
	folder := t.TempDir()
	tools := Tools{Ginkgo: filepath.Join(folder, "ginkgo"), Suites: filepath.Join(folder, "suites"), Agent: filepath.Join(folder, "agent")}
	target := filepath.Join(folder, "target.yaml")
	seen := map[string]string{}
	for _, path := range []string{tools.Ginkgo, tools.Suites, tools.Agent, target} {
		if _, err := tools.Fingerprint(target); err == nil || !strings.HasPrefix(err.Error(), "read what the suites are run by: ") {
			t.Errorf("without %s: %v", path, err)
		}
		if err := os.WriteFile(path, []byte("1"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{"", tools.Ginkgo, tools.Suites, tools.Agent, target} {
		if path != "" {
			if err := os.WriteFile(path, []byte("2"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		print, err := tools.Fingerprint(target)
		if err != nil || seen[print] != "" {
			t.Errorf("%s changed: %s, %v", path, print, err)
		}
		seen[print] = "seen"
	}
}

// TestOnAFullDiskTheRecordComesFirst saves a record where the evidence has taken all room.
func TestOnAFullDiskTheRecordComesFirst(t *testing.T) {
	output := t.TempDir()
	if err := unix.Mount("tmpfs", output, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("needs a small file system: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(output, unix.MNT_DETACH) })
	configuration := config.Config{Output: output}
	evidence := filepath.Join(output, config.EvidenceFolder, "main")
	if err := os.MkdirAll(evidence, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(evidence, "log.txt"), make([]byte, 1<<20), 0o600); !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	found := &record.Record{Schema: record.Schema, Run: record.Run{ID: "1"}}
	if err := save(found, configuration); err != nil {
		t.Errorf("beside evidence: %v", err)
	}
	found.Run.Target = strings.Repeat("x", 1<<20)
	if err := save(found, configuration); err == nil || !strings.Contains(err.Error(), "0 of 0 results are in "+record.EventsPath(configuration.RecordPath())) {
		t.Errorf("where not even the record fits: %v", err)
	}
}
