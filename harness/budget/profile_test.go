package budget_test

import (
	"strings"
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/budget"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

func shippedTarget() *target.Target {
	milliseconds := func(d time.Duration) zinit.Milliseconds { return zinit.Milliseconds(d) }
	return &target.Target{
		Policy: shipped(),
		Health: target.Health{
			Interval: milliseconds(time.Minute), Timeout: milliseconds(90 * time.Second),
			StartPeriod: milliseconds(30 * time.Second), Retries: 1,
		},
		Budgets: target.Budgets{
			Restart: milliseconds(5 * time.Second), Serving: milliseconds(10 * time.Second),
			Tolerance: milliseconds(250 * time.Millisecond), StopTimeout: milliseconds(10 * time.Second),
		},
	}
}

// TestFloor checks the figure of suites/contract/experiments.md#parallel.
func TestFloor(t *testing.T) {
	if floor := budget.Floor(shippedTarget()); floor != 210*time.Second {
		t.Errorf("the floor is %s", floor)
	}
	if floor := budget.Floor(&target.Target{}); floor != 0 {
		t.Errorf("the floor of a target without health checks is %s", floor)
	}
	if scale := budget.Scale(shippedTarget()); scale < 34.6 || scale > 34.7 {
		t.Errorf("the scale is %f", scale)
	}
}

func TestShippedBudgets(t *testing.T) {
	const s = time.Second
	want := []struct {
		name             string
		earliest, latest time.Duration
		why              string
	}{
		{"exit after a signal", 0, 10 * s, "the stop timeout"},
		{"respawn after the exit", 5 * s, 5250 * time.Millisecond, "the margin is zero"},
		{"serving after the exit", 5 * s, 10250 * time.Millisecond, "outer limit"},
		{"respawn of the next unstable end", 10 * s, 10260 * time.Millisecond, "retry 2"},
		{"respawn of the next unstable end", 20 * s, 20260 * time.Millisecond, "retry 3"},
		{"detection of a hang", 120 * s, 180 * s, "30.00 s of the start period"},
		{"serving after a hang", 125 * s, 200260 * time.Millisecond, "at most 10.00 s to stop"},
	}
	got := budget.DeriveShipped(shippedTarget(), 10*time.Millisecond)
	if len(got) != len(want) {
		t.Fatalf("%d budgets: %+v", len(got), got)
	}
	for i, derived := range got {
		if derived.Name != want[i].name || derived.Earliest != want[i].earliest || derived.Latest != want[i].latest ||
			!strings.Contains(derived.Explain(), want[i].why) {
			t.Errorf("%s is due from %s to %s (%s)", derived.Name, derived.Earliest, derived.Latest, derived.Explain())
		}
	}
	if none := budget.DeriveShipped(&target.Target{}, 0); none != nil {
		t.Errorf("a target without a policy has budgets: %+v", none)
	}
}
