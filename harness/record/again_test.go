package record_test

import (
	"path/filepath"
	"slices"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

func spoiled() *record.Record {
	return &record.Record{
		Run: record.Run{Target: "embedded", Digest: "sha256:1"}, End: &record.End{},
		Results: []record.Result{
			{Promise: "a.held", Service: "x", Outcome: record.Held},
			{Promise: "a.stalled", Service: "x", Outcome: record.Inconclusive, Stalled: true, Reason: "the host stalled"},
			{Promise: "a.failed", Service: "x", Outcome: record.Failed},
		},
	}
}

func TestOnlyWhatProvedNothingIsMeasuredAgain(t *testing.T) {
	first := spoiled()
	if stalled := first.Spoiled(); len(stalled) != 1 || stalled[0].Promise != "a.stalled" {
		t.Fatalf("stalled: %+v", stalled)
	}
	later := &record.Record{
		Run: first.Run, End: &record.End{WorstGap: 7},
		Results: []record.Result{
			{Promise: "a.stalled", Service: "x", Outcome: record.Held, Recoveries: []string{"1"}, Windows: []record.Window{{Recovery: "1"}, {Recovery: "2"}}, Sandboxes: []string{"host"}, Lasting: &record.Lasting{Sandbox: "host"}},
			{Promise: "a.failed", Service: "x", Outcome: record.Held},
		},
		Recoveries: []record.Recovery{{ID: "1", Service: "x"}, {ID: "2", Service: "y"}},
	}
	if err := first.ReplaceSpoiled(later); err != nil {
		t.Fatal(err)
	}
	if first.Results[1].Outcome != record.Held || first.Results[1].Recoveries[0] != "1 again 1" {
		t.Errorf("the spoiled result: %+v", first.Results[1])
	}
	if first.Results[1].Windows[0].Recovery != "1 again 1" || later.Results[0].Windows[0].Recovery != "1" {
		t.Errorf("what it was held to: %+v, and in the later record %+v", first.Results[1].Windows, later.Results[0].Windows)
	}
	if first.Results[1].Lasting.Sandbox != first.Results[1].Sandboxes[0] || later.Results[0].Lasting.Sandbox != "host" {
		t.Errorf("where its fault was held: %+v, and in the later record %+v", first.Results[1].Lasting, later.Results[0].Lasting)
	}
	for _, id := range []string{"1 again 1", "2 again 1"} { // the second is another service's, that was held to something too
		if _, ok := first.Recovery(id); !ok || len(first.Recoveries) != 2 {
			t.Errorf("recovery %q is lost: %+v", id, first.Recoveries)
		}
	}
	if first.Results[2].Outcome != record.Failed {
		t.Error("a failure was measured away")
	}
	if first.End.WorstGap != 7 {
		t.Errorf("the longest gap is %d, without that of the repetition", first.End.WorstGap)
	}
	if remarks := first.Remarks(); first.MeasuredAgain != 1 || len(first.Notes) != 0 || len(remarks) != 1 {
		t.Errorf("%d results were measured again, notes %q, remarks %q", first.MeasuredAgain, first.Notes, remarks)
	}
}

func TestARepetitionThatProvesNothingReplacesNothing(t *testing.T) {
	for _, outcome := range []record.Outcome{record.Inconclusive, record.NotRun} {
		first := spoiled()
		later := &record.Record{Run: first.Run, End: &record.End{}, Results: []record.Result{
			{Promise: "a.stalled", Service: "x", Outcome: outcome, Cause: &record.Cause{Kind: record.CauseInterrupted}},
		}}
		if err := first.ReplaceSpoiled(later); err != nil {
			t.Fatal(err)
		}
		if why := first.Results[1].Why(); why != "the host stalled" || first.MeasuredAgain != 0 {
			t.Errorf("%s: the cause became %q, and %d results count as measured again", outcome, why, first.MeasuredAgain)
		}
	}
}

func TestAnotherImageIsNoSecondMeasurement(t *testing.T) {
	for name, change := range map[string]func(*record.Record){
		"digest":  func(r *record.Record) { r.Run.Digest = "sha256:2" },
		"target":  func(r *record.Record) { r.Run.Target = "hero_zero" },
		"no end":  func(r *record.Record) { r.End = nil },
		"trouble": func(r *record.Record) { r.End = &record.End{Trouble: "the reaper ended"} },
	} {
		later := &record.Record{Run: spoiled().Run, End: &record.End{}, Results: []record.Result{{Promise: "a.stalled", Service: "x", Outcome: record.Held}}}
		change(later)
		first := spoiled()
		if err := first.ReplaceSpoiled(later); err == nil || first.Results[1].Outcome != record.Inconclusive {
			t.Errorf("%s: %v, %+v", name, err, first.Results[1])
		}
	}
}

// TestOldRecordsCountInTheirNotes: records of before said in a note how many results were measured again.
func TestOldRecordsCountInTheirNotes(t *testing.T) {
	const again = " results were measured again, because the host had stalled"
	old := spoiled()
	old.Schema, old.Notes = record.Schema, []string{"line 3 was cut off", "2" + again, "x" + again, "1" + again}
	path := filepath.Join(t.TempDir(), "record.json")
	if err := old.Save(path); err != nil {
		t.Fatal(err)
	}
	read, err := record.Load(path)
	if err != nil || read.MeasuredAgain != 3 || !slices.Equal(read.Notes, []string{"line 3 was cut off", "x" + again}) {
		t.Errorf("%v, %d, %q", err, read.MeasuredAgain, read.Notes)
	}
	if why := read.Results[1].Why(); why != "the host stalled" {
		t.Errorf("its reason became %q", why)
	}
}
