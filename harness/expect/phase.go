package expect

import (
	"fmt"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
)

// phase is a phase of a recovery that a budget applies to, with the words of its failures.
type phase struct {
	record.Phase
	origin string                       // what it is counted from, in words
	never  string                       // "was not restarted"
	came   string                       // "was restarted"
	lacks  func(record.Recovery) string // what is missing at the budget's end
}

func exit() phase {
	return phase{
		Phase: record.FindPhase("exited"), origin: "the fault", never: "did not exit", came: "exited",
		lacks: func(record.Recovery) string { return "the process is still there" },
	}
}

func respawn() phase {
	return phase{
		Phase: record.FindPhase("respawned"), origin: "its exit", never: "was not restarted", came: "was restarted", lacks: findLackingStep,
	}
}

func serve() phase {
	return phase{
		Phase: record.FindPhase("serving"), origin: "its exit", never: "did not serve again", came: "served again", lacks: findLackingStep,
	}
}

// findLackingStep names the first step of a recovery that was not taken.
func findLackingStep(r record.Recovery) string {
	switch {
	case r.Exited == nil:
		return "the process is still there"
	case r.Respawned == nil:
		return "no new process"
	case r.Accepting == nil:
		return "the new process accepts no connection"
	}
	return "the new process gave no correct reply"
}

// judge holds a recovery against the budget of the phase. A budget is judged on the latest possible point in time. So is a lower bound:
// only what is certainly early is a failure. The budget counts from the latest end of the run, and the lower bound from the earliest.
func (p phase) judge(e Expectation, r record.Recovery) judgement {
	if r.Landing == nil {
		return judgeUnlanded(r)
	}
	first, last := r.Origins(p.From)
	point := r.At(p.Name)
	if last == nil {
		return p.withoutOrigin(e, r)
	}
	if point == nil {
		return p.withoutPoint(e, r, *last)
	}
	shortest, longest := point.Since(*last)
	shortestWait, longestWait := point.Since(*first)
	limit := e.limit()
	found := judgement{outcome: record.Held, spent: e.spent(r, *last)}
	switch {
	case e.within > 0 && longest > limit:
		found.outcome = record.Failed
		found.headline = fmt.Sprintf("%s %s only %s after %s, not within %v of %s (%s)",
			r.Service, p.came, span.Text(longest), p.origin, e.within, r.Fault, r.Promise)
		if shortest-e.stall(r) <= limit {
			return found.makeUnclear(r, p, e, longest-shortest)
		}
	case longestWait < e.notBefore:
		found.outcome = record.Failed
		found.headline = fmt.Sprintf("%s %s %s after %s, before the %v that it has to wait after %s (%s)",
			r.Service, p.came, span.Text(longestWait), p.origin, e.notBefore, r.Fault, r.Promise)
	case shortestWait < e.notBefore && longestWait-shortestWait > e.tolerance:
		return found.makeUnclear(r, p, e, longestWait-shortestWait)
	}
	return found
}

// withoutOrigin judges a recovery whose process did not end.
func (p phase) withoutOrigin(e Expectation, r record.Recovery) judgement {
	found := p.withoutPoint(e, r, r.Injected)
	if found.outcome == record.Failed {
		found.headline = fmt.Sprintf("%s did not exit within %s of %s, so it %s (%s)",
			r.Service, span.Text(observedFor(r, r.Injected)), r.Fault, p.never, r.Promise)
	}
	return found
}

// withoutPoint judges a phase that did not end while it was observed.
func (p phase) withoutPoint(e Expectation, r record.Recovery, origin record.Interval) judgement {
	found := judgement{outcome: record.Failed, spent: e.spent(r, origin)}
	found.lacks = p.lacks(r)
	found.headline = fmt.Sprintf("%s %s after %s (%s)", r.Service, p.never, r.Fault, r.Promise)
	if e.within > 0 {
		found.headline = fmt.Sprintf("%s %s within %v of %s (%s)", r.Service, p.never, e.within, r.Fault, r.Promise)
	}
	seen := observedFor(r, origin)
	if e.within > 0 && seen <= e.limit() {
		found.outcome, found.spent = record.Inconclusive, nil
		found.cause = record.Cause{Kind: record.CauseNotObserved}
		found.headline = fmt.Sprintf("%s %s in the %s that it was observed after %s, which is less than the budget of %v (%s)",
			r.Service, p.never, span.Text(seen), r.Fault, e.within, r.Promise)
		return found
	}
	if e.within > 0 && seen-e.stall(r) <= e.limit() {
		return found.makeUnclear(r, p, e, 0)
	}
	return found
}

// observedFor returns how long the observation certainly went on after the origin.
func observedFor(r record.Recovery, origin record.Interval) time.Duration {
	return max(0, time.Duration(r.Observed.Hi-origin.Hi))
}

func (e Expectation) limit() time.Duration { return e.within + e.tolerance }

// stall returns how much time the host may have taken from the target: the time for which some task waited for a processor after the new
// process was due, or the observer's own gap if that is longer than the tolerance.
func (e Expectation) stall(r record.Recovery) time.Duration {
	stalled := time.Duration(r.Pressure)
	if gap := time.Duration(r.WorstGap); gap > e.tolerance {
		stalled = max(stalled, gap)
	}
	return stalled
}

// spent returns when the budget ends, nil without a budget.
func (e Expectation) spent(r record.Recovery, origin record.Interval) *time.Duration {
	if e.within == 0 {
		return nil
	}
	_, longest := origin.Since(r.Injected)
	end := longest + e.limit()
	return &end
}
