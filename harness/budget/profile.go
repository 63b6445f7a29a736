package budget

import (
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
)

// QuickInterval is the health interval of victims in the quick profile (suites/contract/experiments.md#profiles).
const QuickInterval = 1730 * time.Millisecond

// Scale returns the factor by which the quick profile divides a target's policies for its victims. Without a health interval it is 1.
func Scale(t *target.Target) float64 {
	if t.Health.Interval == 0 {
		return 1
	}
	return float64(t.Health.Interval.Duration()) / float64(QuickInterval)
}

// Floor returns the shortest possible duration of a faithful run: the start period and three health intervals
// (suites/contract/experiments.md#parallel). Without a health check it is 0.
func Floor(t *target.Target) time.Duration {
	const intervals = 3
	return t.Health.StartPeriod.Duration() + intervals*t.Health.Interval.Duration()
}

// RunLimit returns how long a run may take at most: the time to get an image and to report, a boot budget for each of its sandboxes,
// which start one after the other, and in the faithful profile the longest chains of waits.
func RunLimit(t *target.Target, faithful bool) time.Duration {
	const (
		ownLimit      = 10 * time.Minute
		mostSandboxes = 20
		chains        = 3
	)
	limit := ownLimit + mostSandboxes*t.Budgets.Boot.Duration()
	if faithful {
		limit += chains * Floor(t)
	}
	return limit
}

// Derived is a named budget that follows from a target's numbers.
type Derived struct {
	Name string // "respawn after the exit"
	Window
}

// DeriveShipped returns the budgets of a target's own services. The latest times include the tolerance.
func DeriveShipped(t *target.Target, jitter time.Duration) []Derived {
	policy := t.Policy
	if policy.Delay == 0 {
		return nil
	}
	restart, serving, tolerance := t.Budgets.Restart.Duration(), t.Budgets.Serving.Duration(), t.Budgets.Tolerance.Duration()
	start := serving - restart
	first := AfterExit(policy, 1, start, jitter)
	derived := []Derived{
		{"exit after a signal", Window{Latest: t.Budgets.StopTimeout.Duration(), why: "the stop timeout"}},
		{"respawn after the exit", Window{Earliest: first.Respawn.Earliest, Latest: restart + tolerance, why: describeMargin(first.Respawn.Earliest, restart)}},
		{"serving after the exit", Window{Earliest: first.Serving.Earliest, Latest: serving + tolerance, why: "retry 1, and the outer limit"}},
	}
	for retry := 2; retry <= 3; retry++ {
		again := AfterExit(policy, retry, start, jitter+tolerance).Respawn
		derived = append(derived, Derived{"respawn of the next unstable end", again})
	}
	if t.Health.Interval == 0 {
		return derived
	}
	found := CheckOf(t.Health).Detection(0)
	hang := AfterHang(found, t.Budgets.StopTimeout.Duration(), AfterExit(policy, 1, start, jitter+tolerance))
	return append(derived, Derived{"detection of a hang", found}, Derived{"serving after a hang", hang.Serving})
}

// describeMargin describes what is left of the restart budget after the policy's delay.
func describeMargin(delay, restart time.Duration) string {
	switch left := restart - delay; {
	case left < 0:
		return "the delay is longer than the budget: it cannot be met"
	case left == 0:
		return "the delay is the whole budget: the margin is zero, and only the tolerance is left"
	}
	return "retry 1, and the outer limit"
}
