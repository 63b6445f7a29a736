package record_test

import (
	"strings"
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
	if stalled := first.Stalled(); len(stalled) != 1 || stalled[0].Promise != "a.stalled" {
		t.Fatalf("stalled: %+v", stalled)
	}
	later := &record.Record{
		Run: first.Run, End: &record.End{},
		Results: []record.Result{
			{Promise: "a.stalled", Service: "x", Outcome: record.Held, Recoveries: []string{"1"}, Windows: []record.Window{{Recovery: "1"}, {Recovery: "2"}}},
			{Promise: "a.failed", Service: "x", Outcome: record.Held},
		},
		Recoveries: []record.Recovery{{ID: "1", Service: "x"}, {ID: "2", Service: "y"}},
	}
	if err := first.MeasuredAgain(later); err != nil {
		t.Fatal(err)
	}
	if first.Results[1].Outcome != record.Held || first.Results[1].Recoveries[0] != "1 again 1" {
		t.Errorf("the spoiled result: %+v", first.Results[1])
	}
	if first.Results[1].Windows[0].Recovery != "1 again 1" || later.Results[0].Windows[0].Recovery != "1" {
		t.Errorf("what it was held to: %+v, and in the later record %+v", first.Results[1].Windows, later.Results[0].Windows)
	}
	for _, id := range []string{"1 again 1", "2 again 1"} { // the second is another service's, that was held to something too
		if _, ok := first.Recovery(id); !ok || len(first.Recoveries) != 2 {
			t.Errorf("recovery %q is lost: %+v", id, first.Recoveries)
		}
	}
	if first.Results[2].Outcome != record.Failed {
		t.Error("a failure was measured away")
	}
	if len(first.Notes) != 1 || !strings.Contains(first.Notes[0], "1 results were measured again") {
		t.Errorf("notes: %q", first.Notes)
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
		if err := first.MeasuredAgain(later); err == nil || first.Results[1].Outcome != record.Inconclusive {
			t.Errorf("%s: %v, %+v", name, err, first.Results[1])
		}
	}
}

func TestASecondMeasurementIsNoDoubt(t *testing.T) {
	first := spoiled()
	first.Notes = []string{"line 3 was cut off", "x results were measured again, because the host had stalled"}
	if err := first.MeasuredAgain(&record.Record{Run: first.Run, End: &record.End{}}); err != nil {
		t.Fatal(err)
	}
	if doubts := first.Doubts(); len(first.Notes) != 3 || len(doubts) != 2 || !strings.HasPrefix(doubts[0], "line 3") {
		t.Errorf("notes %q, doubts %q", first.Notes, doubts)
	}
}
