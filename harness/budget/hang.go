package budget

import (
	"fmt"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
)

// Check is a health check as the supervisor runs it. All durations are positive. The letters are those of
// suites/contract/experiments.md#budgets.
type Check struct {
	Interval    time.Duration // I
	Timeout     time.Duration // T
	StartPeriod time.Duration // G
	Retries     int           // R; 0 counts as 1, [A] retries-default-one
	ReplyLimit  time.Duration // the longest reply time of a healthy service
}

// CheckOf returns the health check of a target's services. Its reply limit is not known.
func CheckOf(h target.Health) Check {
	return Check{Interval: h.Interval.Duration(), Timeout: h.Timeout.Duration(), StartPeriod: h.StartPeriod.Duration(), Retries: h.Retries}
}

// Cadence is the rule by which runs of a health check follow each other if they take long.
type Cadence int

// The cadences that a supervisor may keep. What a tick does during a run is [A] health-tick-overlap.
const (
	// FixedRate starts a run every interval, or at once if the last run took longer.
	FixedRate Cadence = iota
	// SkippedTicks drops a tick during a run: runs start only at multiples of the interval.
	SkippedTicks
	// FixedDelay waits an interval from the end of a run to the start of the next.
	FixedDelay
)

// Cadences returns all cadences: a target may keep any of them.
func Cadences() []Cadence { return []Cadence{FixedRate, SkippedTicks, FixedDelay} }

// spacing returns the time from the start of a failing run to the start of the next.
func (c Check) spacing(cadence Cadence) time.Duration {
	if c.Interval <= 0 {
		return c.Timeout
	}
	switch cadence {
	case SkippedTicks:
		return c.Interval * ((c.Timeout + c.Interval - 1) / c.Interval)
	case FixedDelay:
		return c.Interval + c.Timeout
	case FixedRate:
	}
	return max(c.Interval, c.Timeout)
}

func (c Check) retries() int { return max(1, c.Retries) }

// Detection returns when the supervisor calls a hung process unhealthy, counted from the injection. age is the age of the process at
// the injection. Without cadences all of them are possible.
//
// The latest time is I until the first failing run, R-1 of the largest spacings, and T until the last has failed. The rest of the
// start period is added. The earliest time takes the smallest spacing, and a run that began ReplyLimit before the injection.
func (c Check) Detection(age time.Duration, cadences ...Cadence) Window {
	if len(cadences) == 0 {
		cadences = Cadences()
	}
	shortest, longest := c.spacing(cadences[0]), c.spacing(cadences[0])
	for _, cadence := range cadences[1:] {
		shortest, longest = min(shortest, c.spacing(cadence)), max(longest, c.spacing(cadence))
	}
	again := time.Duration(c.retries() - 1)
	left := max(0, c.StartPeriod-age)
	started := c.ReplyLimit
	if left > 0 {
		started = 0 // no run can have begun before the injection
	}
	return Window{
		Earliest: max(0, left+again*shortest+c.Timeout-started),
		Latest:   left + c.Interval + again*longest + c.Timeout,
		why:      c.explain(left),
	}
}

func (c Check) explain(left time.Duration) string {
	text := fmt.Sprintf("the health check runs every %s for at most %s", span.Text(c.Interval), span.Text(c.Timeout))
	if c.retries() > 1 {
		text += fmt.Sprintf(" and has to fail %d times in a row", c.retries())
	}
	if left > 0 {
		text += fmt.Sprintf(", %s of the start period were left", span.Text(left))
	}
	return text
}
