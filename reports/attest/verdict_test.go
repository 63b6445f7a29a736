package attest

import (
	"strings"
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

func TestWhatPassedIsWhatHeldEverywhere(t *testing.T) {
	results := func(outcomes ...record.Outcome) *record.Record {
		r := &record.Record{Run: record.Run{Promises: []record.Promise{{ID: "a"}, {ID: "b"}}}}
		for _, outcome := range outcomes {
			r.Results = append(r.Results, record.Result{Promise: "a", Outcome: outcome})
		}
		return r
	}
	for name, c := range map[string]struct {
		records []*record.Record
		held    bool
	}{
		"held":                        {[]*record.Record{results(record.Held, record.Held)}, true},
		"held in both":                {[]*record.Record{results(record.Held), results(record.Held)}, true},
		"held in one of two":          {[]*record.Record{results(record.Held), results()}, true}, // the other is another shard
		"failed before it held":       {[]*record.Record{results(record.Failed), results(record.Held)}, false},
		"failed after it held":        {[]*record.Record{results(record.Held), results(record.Failed)}, false},
		"one of two was inconclusive": {[]*record.Record{results(record.Held, record.Inconclusive)}, false},
		"not run":                     {[]*record.Record{results(record.NotRun)}, false},
		"nothing":                     {[]*record.Record{results()}, false},
	} {
		held, others := sortPromises(c.records)
		if strings.Join(held, " ") == "a" != c.held || !strings.Contains(strings.Join(others, " "), "b") || len(held)+len(others) != 2 {
			t.Errorf("%s: held %q, others %q", name, held, others)
		}
	}
}

// TestEvidenceIsAsOldAsItsOldestPart: a shard of last week does not become fresh by being merged today.
func TestEvidenceIsAsOldAsItsOldestPart(t *testing.T) {
	now := time.Now()
	merged := &record.Record{End: &record.End{Finished: now}}
	if finishedFirst(merged) != now || !finishedFirst(&record.Record{}).IsZero() {
		t.Error("of a record that was not merged")
	}
	merged.Run.Parts = []record.Part{{Finished: now}, {Finished: now.AddDate(0, 0, -7)}, {Finished: now}}
	if first := finishedFirst(merged); first != now.AddDate(0, 0, -7) {
		t.Error(first)
	}
}
