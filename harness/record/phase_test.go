package record_test

import (
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

func TestTook(t *testing.T) {
	seen := record.Recovery{
		Injected: record.Interval{Lo: 10, Hi: 12}, Exited: &record.Interval{Lo: 20, Hi: 25}, Noticed: &record.Interval{Lo: 31, Hi: 32},
		Respawned: &record.Interval{Lo: 100, Hi: 110}, Accepting: &record.Interval{Lo: 150, Hi: 151}, Serving: &record.Interval{Lo: 160, Hi: 170},
	}
	want := map[string]time.Duration{"exited": 15, "noticed": 12, "respawned": 90, "accepting": 51, "serving": 150}
	for _, phase := range record.Phases() {
		if took, ok := seen.Took(phase); !ok || took != want[phase.Name] {
			t.Errorf("%s took %d (%v), want %d", phase.Name, took, ok, want[phase.Name])
		}
		if _, ok := (record.Recovery{}).Took(phase); ok {
			t.Errorf("%s was seen of a recovery that has none", phase.Name)
		}
		delete(want, phase.Name)
	}
	if len(want) != 0 || seen.At("born") != nil {
		t.Errorf("never asked for: %v; born at %v", want, seen.At("born"))
	}
}

func TestTheEndsAroundARunAreOrigins(t *testing.T) {
	seen := record.Recovery{Exited: &record.Interval{Lo: 20, Hi: 25}}
	if first, last := seen.Origins("exited"); *first != *seen.Exited || *last != *seen.Exited {
		t.Errorf("without a shell around it: %v, %v", first, last)
	}
	seen.Ends = []record.Interval{{Lo: 5, Hi: 6}, {Lo: 30, Hi: 32}}
	if first, last := seen.Origins("exited"); first.Lo != 5 || last.Hi != 32 {
		t.Errorf("with two shells around it: %v, %v", first, last)
	}
	if first, last := seen.Origins("injected"); first != last {
		t.Errorf("the injection is one point: %v, %v", first, last)
	}
}
