package verdict

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// restarting is the theme whose faults every service has to have seen.
const restarting = "restart."

// allAssumptions in the place of their ids confirms every one (fixtures/targets).
const allAssumptions = "all"

// results weighs every result of a record.
func (c *court) results(r *record.Record) {
	recoveries := map[string]record.Recovery{}
	for _, recovery := range r.Recoveries {
		if _, twice := recoveries[recovery.ID]; twice {
			c.say(Doubled, "a recovery is there twice")
		}
		recoveries[recovery.ID] = recovery
	}
	own := map[string]bool{}
	for _, promise := range r.Run.Promises {
		own[promise.ID] = true
	}
	seen := map[[4]string]bool{}
	for _, result := range r.Results {
		key := [4]string{result.Promise, result.Service, result.Fault, result.Name}
		if seen[key] {
			c.add(Doubled, "a result is there twice", result.Promise, result.Service)
		}
		seen[key] = true
		c.present[result.Promise]++
		if !own[result.Promise] {
			c.add(UnknownPromise, "a result is of a promise that its record does not know", result.Promise, result.Service)
		}
		c.moment(r, result)
		c.outcome(r, result, recoveries)
	}
}

// moment asks whether a result can have been found when it says.
func (c *court) moment(r *record.Record, result record.Result) {
	run, known := r.RunOf(result.Shard)
	if !known {
		c.add(Contradiction, "a result is of a part that the record was not merged from", result.Promise, result.Service)
		return
	}
	earliest, latest := run.Started.Add(-skew), c.against.Now.Add(skew)
	if result.Outcome == record.NotRun && result.Started.IsZero() {
		return
	}
	if result.Started.Before(earliest) || result.Started.After(latest) || result.Started.Add(time.Duration(result.Duration)).After(latest) {
		c.add(Clock, "a result is of another time than its run", result.Promise, result.Service)
	}
	if result.Duration < 0 || result.Attempts < 0 {
		c.add(Contradiction, "a result has a negative figure", result.Promise, result.Service)
	}
}

// outcome weighs one result.
func (c *court) outcome(r *record.Record, result record.Result, recoveries map[string]record.Recovery) {
	blocks := c.blocks(result.Promise)
	switch result.Outcome {
	case record.Failed:
		c.proved[result.Promise]++
		c.failure(r, result, blocks)
	case record.Held:
		code, text := flaw(result, recoveries, time.Duration(r.Run.Tolerance))
		if code == "" {
			c.proved[result.Promise]++
		} else if blocks {
			c.add(code, text, result.Promise, result.Service)
		}
	case record.Inconclusive:
		if blocks && result.Stalled {
			c.add(Stalled, cmp.Or(result.Why(), record.HostStalled("nothing was proved").Sentence()), result.Promise, result.Service)
		} else if blocks {
			c.add(Unproved, cmp.Or(result.Why(), "it was inconclusive, and nothing says why"), result.Promise, result.Service)
		}
	case record.NotRun:
		if blocks {
			c.add(NotRun, cmp.Or(result.Why(), "it did not run, and nothing says why"), result.Promise, result.Service)
		}
	default:
		c.add(Contradiction, fmt.Sprintf("a result has the unknown outcome %q", result.Outcome), result.Promise, result.Service)
	}
	if judged(result.Outcome) && strings.HasPrefix(result.Promise, restarting) && landed(result, recoveries) {
		c.restarted[result.Service] = true
	}
}

func judged(outcome record.Outcome) bool { return outcome == record.Held || outcome == record.Failed }

// failure weighs a result that failed: what rests on an assumption that nobody has confirmed for the target does not
// hold it back by itself (contract zinit-0.4, "What a mark means for a verdict").
func (c *court) failure(r *record.Record, result record.Result, blocks bool) {
	promise := c.known[result.Promise]
	text := "failed: " + cmp.Or(promise.Sentence, firstLine(result.Failure), "nothing says what")
	if !blocks {
		c.add(Advisory, text, result.Promise, result.Service)
		return
	}
	for _, assumption := range promise.Assumptions {
		if !slices.Contains(r.Run.Confirmed, assumption) && !slices.Contains(r.Run.Confirmed, allAssumptions) {
			c.add(Unconfirmed, "it differs from the assumption "+assumption+", which the target does not confirm", result.Promise, result.Service)
			return
		}
	}
	waiver, waived := c.waiver(result)
	switch {
	case !waived:
		c.add(Failed, text, result.Promise, result.Service)
	case waiver.Expired(c.against.Now):
		c.add(WaiverExpired, fmt.Sprintf("the waiver of %s expired with %s: %s", waiver.Owner, waiver.Expires, waiver.Reason), result.Promise, result.Service)
	default:
		c.add(Waived, fmt.Sprintf("it failed, and %s takes the blame until %s: %s", waiver.Owner, waiver.Expires, waiver.Reason), result.Promise, result.Service)
	}
}

// waiver returns the one that excuses a failure: of several one that has not expired.
func (c *court) waiver(result record.Result) (found Waiver, ok bool) {
	for i, waiver := range c.against.Policy.Waivers {
		if waiver.Promise != result.Promise || waiver.Service != "" && waiver.Service != result.Service {
			continue
		}
		c.excused[i] = true
		if !ok || found.Expired(c.against.Now) {
			found, ok = waiver, true
		}
	}
	return found, ok
}

// flaw is why a result that held is no evidence all the same; an empty code where it is.
func flaw(result record.Result, recoveries map[string]record.Recovery, tolerance time.Duration) (Code, string) {
	switch {
	case result.Attempts > 1:
		return Retried, "it held only when it was tried again"
	case result.Attempts < 1 || result.Duration <= 0:
		return Dry, "it held without having run"
	case result.Stalled:
		return Stalled, "it held while the host stalled"
	case result.Failure != "" || result.Why() != "":
		return Contradiction, "it held, and there is a text of its failure"
	}
	for _, id := range result.Recoveries {
		recovery, ok := recoveries[id]
		if !ok {
			return NoLanding, "the recovery that shows it is not in the record"
		}
		if recovery.Landing == nil {
			return NoLanding, "its fault is not known to have taken effect"
		}
		if recovery.Promise != result.Promise || !coherent(recovery) {
			return Contradiction, "the recovery that shows it cannot have been so"
		}
	}
	for _, window := range result.Windows {
		if recovery, ok := recoveries[window.Recovery]; !ok || !met(window, recovery, tolerance) {
			return Contradiction, "it held, and its recovery is outside of what it was held to"
		}
	}
	return "", ""
}

// landed tells whether a fault of the result took effect.
func landed(result record.Result, recoveries map[string]record.Recovery) bool {
	return slices.ContainsFunc(result.Recoveries, func(id string) bool {
		return recoveries[id].Landing != nil && recoveries[id].Service == result.Service
	})
}

// coherent tells whether a recovery's points in time can have been: none ends before it begins, and none is
// before the fault.
func coherent(r record.Recovery) bool {
	points := []*record.Interval{&r.Injected, &r.Landing.At, &r.Observed, r.Exited, r.Noticed, r.Respawned, r.Accepting, r.Serving}
	return r.Injected.Lo > 0 && r.WorstGap >= 0 && r.Pressure >= 0 && !slices.ContainsFunc(points, func(point *record.Interval) bool {
		return point != nil && (point.Lo < 0 || point.Lo > point.Hi || point.Hi < r.Injected.Lo)
	})
}

// met tells whether a phase can have been when it was due.
func met(window record.Window, r record.Recovery, tolerance time.Duration) bool {
	from, phase := r.At(window.From), r.At(window.Phase)
	if from == nil || phase == nil {
		return false
	}
	shortest, longest := phase.Since(*from)
	return longest >= time.Duration(window.Earliest) && (window.Latest == 0 || shortest <= time.Duration(window.Latest)+tolerance)
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}
