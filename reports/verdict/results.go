package verdict

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// restartTheme is the theme whose faults every service has to have seen.
const restartTheme = "restart."

// allAssumptions stands for the ids of all assumptions (fixtures/targets).
const allAssumptions = "all"

// weighResults weighs every result of a record.
func (j *judge) weighResults(r *record.Record) {
	recoveries := map[string]record.Recovery{}
	for _, recovery := range r.Recoveries {
		if _, twice := recoveries[recovery.ID]; twice {
			j.addRun(recoveryTwice)
		}
		recoveries[recovery.ID] = recovery
	}
	kept := newLedger(r, j.against.Targets)
	listed := map[string]bool{}
	for _, promise := range r.Run.Promises {
		listed[promise.ID] = true
	}
	seen := map[record.Key]bool{}
	for _, result := range r.Results {
		key := result.Key()
		key.Name = "" // the same question in other words is the same question
		if seen[key] {
			j.add(resultTwice, result.Promise, result.Service)
		}
		seen[key] = true
		j.present[result.Promise]++
		if !listed[result.Promise] {
			j.add(promiseUnlisted, result.Promise, result.Service)
		}
		if j.known[result.Promise].OnlyUpgrade && r.Run.UpgradesFrom() == "" && isConclusive(result.Outcome) {
			j.add(unaskedUpgrade, result.Promise, result.Service)
		}
		j.checkTime(r, result)
		j.checkNames(result)
		j.checkSandboxes(result)
		j.weigh(r, result, kept)
	}
}

// checkTime checks that a result can have been found when it says.
func (j *judge) checkTime(r *record.Record, result record.Result) {
	run, known := r.RunOf(result.Shard)
	if !known {
		j.add(unknownShard, result.Promise, result.Service)
		return
	}
	rounding := stepLimit
	if len(r.Containers) == 0 {
		rounding = clockSkewLimit // older programs did not count what was measured again
	}
	earliest, latest := run.Started.Add(-rounding), j.against.Now.Add(clockSkewLimit)
	if !run.Finished.IsZero() && run.Finished.Add(rounding).Before(latest) {
		latest = run.Finished.Add(rounding)
	}
	if result.Outcome == record.NotRun && result.Started.IsZero() {
		return
	}
	if result.Started.Before(earliest) || result.Started.After(latest) || result.Started.Add(time.Duration(result.Duration)).After(latest) {
		j.add(otherTime, result.Promise, result.Service)
	}
	if result.Duration < 0 || result.Attempts < 0 {
		j.add(negativeResult, result.Promise, result.Service)
	}
}

// checkSandboxes checks that a result names each of its sandboxes once.
func (j *judge) checkSandboxes(result record.Result) {
	for i, sandbox := range result.Sandboxes {
		if sandbox == "" || slices.Contains(result.Sandboxes[:i], sandbox) {
			j.add(sandboxTwice, result.Promise, result.Service, sandbox)
		}
	}
}

// weigh weighs one result by its outcome.
func (j *judge) weigh(r *record.Record, result record.Result, kept *ledger) {
	blocks := j.blocks(result.Promise)
	switch result.Outcome {
	case record.Failed:
		j.conclusive[result.Promise] = append(j.conclusive[result.Promise], result.Service)
		j.weighFailure(r, result, blocks)
	case record.Held:
		if found := kept.findFlaw(result, j.known[result.Promise].Proof); found == nil {
			j.conclusive[result.Promise] = append(j.conclusive[result.Promise], result.Service)
		} else if blocks {
			j.add(found.kind, result.Promise, result.Service, found.values...)
		}
	case record.Inconclusive:
		if blocks && result.Stalled {
			j.add(hostStalled, result.Promise, result.Service, cmp.Or(result.Why(), record.HostStalled("nothing was proved").Sentence()))
		} else if blocks {
			j.add(inconclusive, result.Promise, result.Service, cmp.Or(result.Why(), "the result is inconclusive, and the record does not say why"))
		}
	case record.NotRun:
		if blocks {
			j.add(notRun, result.Promise, result.Service, cmp.Or(result.Why(), "the spec did not run, and the record does not say why"))
		}
	default:
		j.add(unknownOutcome, result.Promise, result.Service, result.Outcome)
	}
	if isConclusive(result.Outcome) && strings.HasPrefix(result.Promise, restartTheme) && hasLanded(result, kept.recoveries) {
		j.restarted[result.Service] = true
	}
}

// isConclusive reports whether an outcome says something about the image.
func isConclusive(outcome record.Outcome) bool {
	return outcome == record.Held || outcome == record.Failed
}

// weighFailure weighs a result that failed. A failure that rests on an assumption which the target does not confirm does
// not hold the image back (suites/contract/zinit-0.4.md#marks).
func (j *judge) weighFailure(r *record.Record, result record.Result, blocks bool) {
	promise := j.known[result.Promise]
	text := cmp.Or(promise.Sentence, firstLine(result.Failure), "the record does not say why")
	if !blocks {
		j.add(failedAdvisory, result.Promise, result.Service, text)
		return
	}
	for _, assumption := range promise.Assumptions {
		if !slices.Contains(r.Run.Confirmed, assumption) && !slices.Contains(r.Run.Confirmed, allAssumptions) {
			j.add(failedOnAssumption, result.Promise, result.Service, assumption)
			return
		}
	}
	waiver, waived := j.findWaiver(result)
	switch {
	case !waived:
		j.add(failed, result.Promise, result.Service, text)
	case waiver.IsExpired(j.against.Now):
		j.add(failedAfterWaiver, result.Promise, result.Service, waiver.Owner, waiver.Expires, waiver.Reason)
	default:
		j.add(failedButWaived, result.Promise, result.Service, waiver.Owner, waiver.Expires, waiver.Reason)
	}
}

// findWaiver returns the waiver that excuses a failure. Of several it prefers one that has not expired.
func (j *judge) findWaiver(result record.Result) (found Waiver, ok bool) {
	for i, waiver := range j.against.Policy.Waivers {
		if waiver.Promise != result.Promise || waiver.Service != "" && waiver.Service != result.Service {
			continue
		}
		j.excused[i] = true
		if !ok || found.IsExpired(j.against.Now) {
			found, ok = waiver, true
		}
	}
	return found, ok
}

// firstLine returns the first line of a text.
func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}
