package verdict

import (
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// TestADelayCountsFromTheEndThatTheSupervisorCanHaveMeant: a shell around the program ended half a second before it.
func TestADelayCountsFromTheEndThatTheSupervisorCanHaveMeant(t *testing.T) {
	at := func(d time.Duration) record.Interval { return record.Interval{Lo: int64(d), Hi: int64(d)} }
	exited, respawned := at(3390*time.Millisecond), at(3395*time.Millisecond)
	r := record.Recovery{Exited: &exited, Respawned: &respawned}
	const delay = 530 * time.Millisecond
	if isWithin(r, "respawned", "exited", delay, time.Second) {
		t.Error("without a shell, a replacement 5 ms after the exit is in time")
	}
	r.Ends = []record.Interval{at(2860 * time.Millisecond)}
	if !isWithin(r, "respawned", "exited", delay, time.Second) {
		t.Error("a replacement 535 ms after the end of the shell is early")
	}
	if r.Ends[0] = at(2100 * time.Millisecond); !isWithin(r, "respawned", "exited", delay, time.Second) {
		t.Error("the late limit counts from the earliest end")
	}
	if r.Ends[0] = at(3500 * time.Millisecond); !isWithin(r, "respawned", "exited", 0, 0) {
		t.Error("the late limit does not count from the latest end")
	}
}
