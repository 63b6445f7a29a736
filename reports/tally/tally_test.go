package tally_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/tally"
)

func TestOf(t *testing.T) {
	r := &record.Record{}
	for i := range 34 {
		outcome := record.Held
		switch {
		case i < 2:
			outcome = record.Failed
		case i < 5:
			outcome = record.Inconclusive
		case i == 5:
			outcome = record.NotRun
		}
		r.Results = append(r.Results, record.Result{Promise: "restart.sigterm", Service: fmt.Sprint(i), Outcome: outcome})
		exited := record.Interval{Lo: int64(i), Hi: int64(i) * int64(time.Millisecond)}
		r.Recoveries = append(r.Recoveries, record.Recovery{Promise: "restart.sigterm", Exited: &exited})
	}
	r.Recoveries = append(r.Recoveries, record.Recovery{Promise: "hang.detected"})
	r.Results = append(r.Results, record.Result{Promise: "boot.running", Outcome: record.Held})
	found := tally.Of(r)
	if len(found) != 3 || found[0].ID != "boot.running" || found[1].ID != "hang.detected" || found[2].ID != "restart.sigterm" {
		t.Fatalf("promises: %+v", found)
	}
	if once := found[0]; once.Trials != 1 || math.Abs(once.FailsAtMost-0.95) > 1e-9 || once.Recoveries != 0 || once.Phases != nil {
		t.Errorf("held once: %+v", once)
	}
	if cut := found[1]; cut.Trials != 0 || cut.FailsAtMost != 1 || cut.Recoveries != 1 || cut.Phases != nil {
		t.Errorf("cut off: %+v", cut)
	}
	most := found[2]
	if most.Trials != 30 || most.Outcomes[record.Failed] != 2 || most.Recoveries != 34 || math.Abs(most.FailsAtMost-0.1953) > 0.0001 {
		t.Errorf("2 of 30: %+v", most)
	}
	if len(most.Phases) != 1 || most.Phases[0].Name != "exited" || most.Phases[0].Took.N != 34 || most.Phases[0].Took.Max != 33*time.Millisecond {
		t.Errorf("phases: %+v", most.Phases)
	}
}
