package spec

import (
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
)

func TestAJournalIsFiltered(t *testing.T) {
	journal := parseJournal([]byte(`{"event":"started","pid":7,"mono_ns":10}
{"event":"probe","pid":7,"mono_ns":20}
{"event":"started","pid":8,"mono_ns":30}
{"event":"probe","pid":8,"mono_ns":40}
{"event":"prob`))
	if len(journal) != 4 {
		t.Fatalf("4 whole lines were written, and %d were read", len(journal))
	}
	starts := journal.Of(victim.EventStarted)
	if len(starts) != 2 || starts.Time() != 10 || starts.Since(30).Time() != 30 || starts.Since(31).Time() != 0 {
		t.Errorf("starts: %v", starts)
	}
	if probes := journal.By(8).Of(victim.EventProbe); len(probes) != 1 || probes.Time() != 40 {
		t.Errorf("questions to process 8: %v", probes)
	}
	if len(journal) != 4 || journal[1].Event != victim.EventProbe {
		t.Errorf("a filter changed the journal: %v", journal)
	}
}
