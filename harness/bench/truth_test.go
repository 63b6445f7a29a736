package bench

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// killed is a kill of process 7, after which process 9 serves, and what the two witnesses have written down.
func killed() (seen record.Recovery, supervisor, journal string) {
	seen = record.Recovery{
		ID: "bench/victim#1", Before: record.Incarnation{PID: 7}, After: record.Incarnation{PID: 9},
		Injected: record.Interval{Lo: 1000, Hi: 1010},
		Exited:   &record.Interval{Lo: 1005, Hi: 1100}, Noticed: &record.Interval{Lo: 1100, Hi: 1300},
		Respawned: &record.Interval{Lo: 1900, Hi: 2400}, Accepting: &record.Interval{Lo: 2400, Hi: 2650},
		Serving: &record.Interval{Lo: 2400, Hi: 2700},
	}
	supervisor = `{"event":"exited","service":"victim","pid":7,"mono_ns":500}
{"event":"spawning","service":"victim","pid":0,"mono_ns":600}
{"event":"spawning","service":"other","pid":0,"mono_ns":1500}
{"event":"exited","service":"victim","pid":7,"mono_ns":1200}
{"event":"spawning","service":"victim","pid":0,"mono_ns":2000}
{"event":"spawned","service":"victim","pid":9,"mono_ns":2300}
{"event":"exited","service":"vic`
	journal = `{"event":"serving","pid":7,"mono_ns":700}
{"event":"started","pid":9,"mono_ns":2350}
{"event":"listening","pid":9,"mono_ns":2550}
{"event":"serving","pid":9,"mono_ns":2560}
`
	return seen, supervisor, journal
}

func stamps(t *testing.T, text, service string) []stamp {
	t.Helper()
	read, err := readStamps([]byte(text), service)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func TestTheTruthIsFoundAmongTheStamps(t *testing.T) {
	seen, supervisor, journal := killed()
	truth, err := findTruth(seen, stamps(t, supervisor, "victim"), stamps(t, journal, ""))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]record.Interval{
		"exited": {Lo: 1000, Hi: 1200}, "noticed": {Lo: 1000, Hi: 1200}, "respawned": {Lo: 2000, Hi: 2300},
		"accepting": {Lo: 2350, Hi: 2550}, "serving": {Lo: 2550, Hi: 2560},
	}
	if !reflect.DeepEqual(truth, want) {
		t.Errorf("got %v, want %v", truth, want)
	}
}

func TestErrorsAreFromTheEndToTheNearestTruth(t *testing.T) {
	seen, supervisor, journal := killed()
	found, err := compare([]record.Recovery{seen}, stamps(t, supervisor, "victim"), stamps(t, journal, ""))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]time.Duration{"exited": 0, "noticed": 100, "respawned": 100, "accepting": 100, "serving": 140}
	for _, phase := range found {
		if len(phase.errors) != 1 || phase.errors[0] != want[phase.phase] || len(phase.outside) != 0 {
			t.Errorf("%s: got errors %v and outside %q, want %v and none", phase.phase, phase.errors, phase.outside, want[phase.phase])
		}
	}
}

func TestATruthOutsideIsFound(t *testing.T) {
	cases := map[string]record.Interval{"too early": {Lo: 1500, Hi: 1999}, "too late": {Lo: 2301, Hi: 2400}}
	for name, claim := range cases {
		t.Run(name, func(t *testing.T) {
			seen, supervisor, journal := killed()
			seen.Respawned = &claim
			found, err := compare([]record.Recovery{seen}, stamps(t, supervisor, "victim"), stamps(t, journal, ""))
			if err != nil {
				t.Fatal(err)
			}
			for _, phase := range found {
				if want := phase.phase == "respawned"; (len(phase.outside) == 1) != want {
					t.Errorf("%s: outside %q, want one: %t", phase.phase, phase.outside, want)
				}
			}
		})
	}
}

func TestMissingEvidenceIsAnError(t *testing.T) {
	seen, supervisor, journal := killed()
	unseen := seen
	unseen.Noticed = nil
	cases := map[string]struct {
		seen                record.Recovery
		supervisor, journal string
		want                string
	}{
		"no fork":  {seen, strings.ReplaceAll(supervisor, "spawned", "else"), journal, `no stamp "spawned" of process 9`},
		"no reply": {seen, supervisor, strings.ReplaceAll(journal, "serving", "else"), `no stamp "serving" of process 9`},
		"no phase": {unseen, supervisor, journal, "it was not seen that the process was noticed"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := compare([]record.Recovery{c.seen}, stamps(t, c.supervisor, "victim"), stamps(t, c.journal, ""))
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), seen.ID) {
				t.Errorf("got error %v, want one about %s with %q", err, seen.ID, c.want)
			}
		})
	}
	if _, err := readStamps([]byte("not JSON\n"), ""); err == nil {
		t.Error("a line that is no stamp was accepted")
	}
}
