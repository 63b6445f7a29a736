package budget

import (
	"fmt"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
)

// Check is a health check as the supervisor runs it. All durations are positive.
type Check struct {
	Interval    time.Duration // I: start to start, or end to start, by the cadence
	Timeout     time.Duration // T: the smaller of the action's and the probe's own
	StartPeriod time.Duration // G: from a start of the process to the first run
	Retries     int           // R: failures in a row that trigger a restart; 0 counts as 1, [A] retries-default-one
	Reply       time.Duration // the longest that a healthy service takes to answer the probe
}

// Cadence is how the runs of a health check follow each other when they take long.
type Cadence int

// The cadences that a supervisor may keep. suites/contract/zinit-0.4.md#health states start to start;
// what a tick does that falls into a run is [A] health-tick-overlap.
const (
	// FixedRate starts a run every interval, or at once where the last run took longer than that.
	FixedRate Cadence = iota
	// SkippedTicks starts runs at multiples of the interval only: a tick that falls into a run is dropped.
	SkippedTicks
	// FixedDelay waits an interval from the end of a run to the start of the next.
	FixedDelay
)

// Cadences returns all that are known: what to assume of a target that excludes none.
func Cadences() []Cadence { return []Cadence{FixedRate, SkippedTicks, FixedDelay} }

// spacing is the time from one failing run's start to the next one's.
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

// Detection returns when the supervisor calls a process unhealthy that hangs from the injection on,
// counted from the injection, age after the process had started.
//
// The latest is I until the first run that fails, R-1 spacings, and T until the last has failed:
// R·I+T at a fixed rate with T ≤ I, R·(I+T) with a fixed delay, I+(R-1)·I·⌈T/I⌉+T where ticks are
// skipped; the largest of the given cadences counts, of all where none is given. What is left of the
// start period is added. The earliest takes the smallest spacing and a run that had begun Reply
// before the injection.
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
	started := c.Reply
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
