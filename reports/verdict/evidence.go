package verdict

import (
	"slices"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/budget"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// ledger holds the recoveries of a record, and which results stand on them.
type ledger struct {
	run        *record.Run
	lives      lives
	recoveries map[string]record.Recovery
	used       map[string]bool
	policies   map[string]*record.RetryPolicy // of the target's services
	checks     map[string]*record.Check       // of the target's services, as they are registered; nil if that is not known
	check      *record.Check                  // of the target's services; nil if it is not known
	expected   map[string]*record.RetryPolicy // of the target's services, by the target's file
	slowest    record.Check                   // of the health checks that found a hang of a service of ours
}

func newLedger(r *record.Record, known []Target) *ledger {
	l := &ledger{
		run: &r.Run, lives: livesOf(r), recoveries: map[string]record.Recovery{}, used: map[string]bool{}, policies: map[string]*record.RetryPolicy{},
		checks: map[string]*record.Check{}, expected: map[string]*record.RetryPolicy{},
	}
	for _, target := range known {
		if target.Name == r.Run.Target && target.SHA256 == r.Run.TargetSHA256 {
			l.check = target.Check
			for _, service := range target.Services {
				l.expected[service.Name] = service.Retry
			}
		}
	}
	for _, recovery := range r.Recoveries {
		l.recoveries[recovery.ID] = recovery
	}
	for _, service := range r.Run.Services {
		l.policies[service.Name], l.checks[service.Name] = service.Retry, service.Check
	}
	for _, recovery := range r.Recoveries {
		if _, ofTarget := l.policies[recovery.Service]; !ofTarget && recovery.Exited != nil && recovery.Terms != nil && recovery.Terms.Check != nil {
			l.slowest.Interval = max(l.slowest.Interval, recovery.Terms.Check.Interval)
			l.slowest.Timeout = max(l.slowest.Timeout, recovery.Terms.Check.Timeout)
		}
	}
	return l
}

// flaw is why a result that held is no evidence, and at which recovery.
type flaw struct {
	kind   kind
	values []any
}

func newFlaw(kind kind, values ...any) *flaw { return &flaw{kind, values} }

// findFlaw derives the outcome of a result that held from its evidence again. It returns nil if the evidence bears the outcome.
func (l *ledger) findFlaw(result record.Result, proof *record.Proof) *flaw {
	switch {
	case result.Attempts > 1:
		return newFlaw(heldAfterRetry)
	case result.Attempts < 1 || result.Duration <= 0:
		return newFlaw(heldWithoutRun)
	case result.Stalled:
		return newFlaw(heldDuringStall)
	case result.Failure != "" || result.Why() != "" || result.Cause != nil || result.Remedy != "":
		return newFlaw(heldWithFailure)
	}
	if found := l.findPlace(result); found != nil {
		return found
	}
	if proof == nil {
		proof = &record.Proof{}
	}
	if found := l.findFlawOfLasting(result, *proof); found != nil {
		return found
	}
	ids := result.ListRecoveries()
	required := proof.Recoveries
	if slices.Contains(proof.Behaviours, result.Fault) {
		required = 0
	}
	isOlder := func(id string) bool {
		recovery, ok := l.recoveries[id]
		return ok && recovery.Terms == nil
	}
	switch {
	case slices.ContainsFunc(ids, isOlder):
		return newFlaw(heldWithoutTerms)
	case len(ids) != required:
		return newFlaw(heldWithoutRecoveries, len(ids), required)
	}
	own := false
	for _, id := range ids {
		recovery, ok := l.recoveries[id]
		if !ok {
			return newFlaw(heldWithoutRecovery)
		}
		if l.used[id] {
			return newFlaw(recoveryShared, id)
		}
		l.used[id] = true
		own = own || recovery.Service == result.Service
		if found := l.findFlawOf(recovery, result, *proof); found != nil {
			return found
		}
	}
	if required > 0 && !own && (!proof.Beside || result.Fault != "") {
		return newFlaw(heldByOther, ids[0])
	}
	return l.findDisorder(ids)
}

// findFlawOf derives what a recovery shows.
func (l *ledger) findFlawOf(r record.Recovery, result record.Result, proof record.Proof) *flaw {
	isOther := !isOwnID(r) || r.Promise != result.Promise || r.Shard != result.Shard || r.Seed != l.run.Seed || len(l.lives) > 0 && !slices.Contains(result.Sandboxes, r.Sandbox) ||
		r.Service != result.Service && !proof.Beside ||
		r.Fault != result.Fault && (result.Fault != "" || !proof.Beside) ||
		!slices.Contains(proof.Faults, r.Fault)
	switch {
	case isOther:
		return newFlaw(heldByOther, r.ID)
	case r.Landing == nil || r.Landing.Proof == "":
		return newFlaw(heldWithoutLanding)
	case r.Steady != "healthy" || r.Identity == "":
		return newFlaw(heldWithoutSteady, r.ID)
	case !isPossible(r):
		return newFlaw(heldImpossibly, r.ID)
	case len(r.Disturbed) > 0:
		return newFlaw(heldDisturbed, r.ID)
	}
	due, err := budget.ByTerms(*r.Terms)
	if err != nil || !l.isAllowed(*r.Terms, r, proof) {
		return newFlaw(heldByOddTerms, r.ID)
	}
	if proof.Stays != "" && r.Service == result.Service {
		if !hasStayed(r, proof.Stays, due) {
			return newFlaw(heldThoughChanged, r.ID)
		}
	} else if !isReplaced(r) {
		return newFlaw(heldByTheSame, r.ID)
	}
	return l.findLate(r, result, proof, due)
}

// isAllowed reports whether the terms of a recovery are those of its service and of the run.
func (l *ledger) isAllowed(t record.Terms, r record.Recovery, proof record.Proof) bool {
	if l.run.Limits == nil {
		return false
	}
	limits := *l.run.Limits
	shipped, ofTarget := l.policies[r.Service]
	switch {
	case ofTarget && (shipped == nil || *shipped != t.Policy || !l.isShipped(t, r.Service, proof)):
		return false
	case t.Limits != nil && *t.Limits != limits:
		return false
	case max(t.Retry, t.LastRetry) > proof.Recoveries, t.Policy.MaxAttempts > 0 && t.Retry > t.Policy.MaxAttempts:
		return false
	case !ofTarget && proof.Stays == record.StaysUp && t.Check != nil && (t.Check.Interval < l.slowest.Interval || t.Check.Timeout < l.slowest.Timeout):
		return false // it was not watched for as long as it takes to find the hangs that were found
	}
	return t.StopTimeout <= limits.StopTimeout && t.TermDelay <= limits.StopTimeout &&
		t.Startup <= limits.Serving-limits.Restart && t.Wait <= limits.Serving
}

// isShipped reports whether the terms of a service of the target's own have nothing beside its policy and the target's file: a single fault
// is held to the outer limits, and each further one in a row to the policy.
func (l *ledger) isShipped(t record.Terms, service string, proof record.Proof) bool {
	limits := *l.run.Limits
	if expected := l.expected[service]; expected != nil && *expected != t.Policy {
		return false
	}
	if t.StopTimeout != limits.StopTimeout || t.Startup != limits.Serving-limits.Restart || t.Wait != 0 || t.TermDelay != 0 || t.Stay != 0 {
		return false
	}
	for _, check := range []*record.Check{l.check, l.checks[service]} {
		if t.Check != nil && check != nil && *t.Check != *check {
			return false
		}
	}
	return t.Limits != nil || proof.Recoveries != 1
}

// lookLimit bounds how long before a fault the observer has last looked at the process.
const lookLimit = time.Second

// isPossible reports whether the times of a recovery are possible: none ends before it begins, none is before the fault, and the phases
// are in order, within the observation.
func isPossible(r record.Recovery) bool {
	if r.Injected.Lo <= 0 || r.WorstGap < 0 || r.Pressure < 0 || r.Observed.Lo != r.Injected.Lo {
		return false
	}
	last := record.Interval{Lo: r.Injected.Lo, Hi: r.Injected.Lo}
	earliest := r.Injected.Lo - int64(lookLimit)
	for _, point := range []*record.Interval{r.Exited, r.Noticed, r.Respawned, r.Accepting, r.Serving} {
		if point == nil {
			continue
		}
		// The supervisor takes the end of the shell for that of the run, and need not wait for the other.
		isAside := point == r.Noticed && len(r.Ends) > 0
		if point.Lo > point.Hi || !isAside && point.Lo < earliest || point.Hi < last.Lo || point.Hi > r.Observed.Hi {
			return false
		}
		if !isAside {
			last = *point
		}
	}
	for _, end := range r.Ends {
		isLate := r.Respawned != nil && end.Lo > r.Respawned.Hi // nobody counts from it
		if end.Lo > end.Hi || end.Lo < earliest || end.Hi > r.Observed.Hi || isLate {
			return false
		}
	}
	landed := r.Landing.At
	if r.Serving != nil && (r.Accepting == nil || r.Respawned == nil) {
		return false
	}
	if r.Injected.Lo > r.Injected.Hi || r.Injected.Hi > r.Observed.Hi || landed.Lo > landed.Hi || landed.Hi < r.Injected.Lo || landed.Hi > r.Observed.Hi {
		return false
	}
	if r.Terms.Check == nil { // the fault ended the process, and nothing else did
		return r.Exited != nil && *r.Exited == landed
	}
	if landed.Hi-r.Injected.Hi > int64(lateLimit)+r.WorstGap {
		return false
	}
	return landed.Lo >= r.Injected.Lo && (r.Exited == nil || landed.Hi <= r.Exited.Hi)
}

// tickInterval is the unit of a process's start time: /proc counts 100 a second.
const tickInterval = 10 * time.Millisecond

// isReplaced reports whether the process that serves after a fault is another one than before, which began when the new one was seen.
func isReplaced(r record.Recovery) bool {
	if r.Exited == nil || r.Respawned == nil || r.Serving == nil || r.Before.PID <= 0 || r.After.PID <= 0 || r.Before.StartTime == 0 {
		return false
	}
	apart := time.Duration(int64(r.After.StartTime-r.Before.StartTime)) * tickInterval //nolint:gosec // a start time of ours; another one is refused
	shortest, _ := r.Respawned.Since(r.Injected)
	return r.After.PID != r.Before.PID && r.After.StartTime > r.Before.StartTime && apart >= shortest-2*tickInterval
}

// hasStayed reports whether nothing changed after a fault, for as long as it had to be watched.
func hasStayed(r record.Recovery, stay record.Stay, due budget.Due) bool {
	period := time.Duration(r.Terms.Stay)
	if r.Respawned != nil || r.Accepting != nil || r.Serving != nil || r.After.PID != 0 || r.Before.PID <= 0 || period < due.StayPeriod {
		return false
	}
	from := r.Injected
	if stay == record.StaysDown {
		if r.Exited == nil {
			return false
		}
		from = *r.Exited
	} else if r.Exited != nil {
		return false
	}
	return time.Duration(r.Observed.Hi-from.Hi) >= period
}

// findLate compares each phase with the window that follows from the terms, and with those that the result was held to.
func (l *ledger) findLate(r record.Recovery, result record.Result, proof record.Proof, due budget.Due) *flaw {
	tolerance := time.Duration(l.run.Tolerance)
	stays := proof.Stays != "" && r.Service == result.Service
	for _, phase := range []string{"exited", "respawned", "serving"} {
		window, from, _ := due.Phase(phase)
		if stays && phase != "exited" || proof.Stays == record.StaysUp || phase == "respawned" && !slices.Contains(proof.Phases, phase) {
			continue // a process whose program is missing may be tried again and again before one serves
		}
		if !isWithin(r, phase, from, 0, window.Latest+tolerance) {
			return newFlaw(heldOutsideWindow, r.ID, phase)
		}
	}
	held := map[string]bool{}
	for _, window := range result.Windows {
		if window.Recovery != r.ID {
			continue
		}
		if held[window.Phase] {
			return newFlaw(heldByWiderWindow, r.ID, window.Phase)
		}
		computed, from, ok := due.Phase(window.Phase)
		earliest, latest := time.Duration(window.Earliest), time.Duration(window.Latest)
		switch {
		case !ok || from != window.From || earliest < 0 || latest < 0 || latest == 0 && (earliest == 0 || window.Phase != "exited") || latest > computed.Latest,
			latest != 0 && earliest > latest, window.Phase == "respawned" && earliest < computed.Earliest, window.Phase == "exited" && r.Terms.Check == nil && earliest < computed.Earliest:
			return newFlaw(heldByWiderWindow, r.ID, window.Phase)
		case latest == 0:
			latest = computed.Latest
		}
		if !isWithin(r, window.Phase, from, earliest, latest+tolerance) {
			return newFlaw(heldOutsideWindow, r.ID, window.Phase)
		}
		held[window.Phase] = true
	}
	for _, phase := range proof.Phases {
		if !held[phase] {
			return newFlaw(heldWithoutWindow, r.ID, phase)
		}
	}
	return nil
}

// isWithin reports whether a phase was seen, did not end certainly early, and ended in time at its late end. If a supervisor can have
// counted from several points, it is early by the earliest and late by the latest of them.
func isWithin(r record.Recovery, phase, from string, earliest, latest time.Duration) bool {
	first, last := r.Origins(from)
	point := r.At(phase)
	if first == nil || point == nil {
		return false
	}
	_, sinceFirst := point.Since(*first)
	_, sinceLast := point.Since(*last)
	return sinceFirst >= earliest && sinceLast <= latest
}

// findDisorder compares the recoveries of one service with each other: they are of one sandbox, and each begins when the one before was
// over, with a process that is as old as the one that served then.
func (l *ledger) findDisorder(ids []string) *flaw {
	last := map[string]record.Recovery{}
	for _, id := range ids {
		r := l.recoveries[id]
		before, ok := last[r.Service]
		if ok && (before.Sandbox != r.Sandbox || r.Injected.Lo < before.Observed.Lo || before.Serving != nil && r.Injected.Hi < before.Serving.Lo ||
			r.Before.StartTime < before.After.StartTime) {
			return newFlaw(heldInDisorder, id)
		}
		last[r.Service] = r
	}
	return l.findLeap(ids)
}

// findLeap returns a flaw if a recovery of a service of the target's own was granted a later retry than there were faults in a row.
func (l *ledger) findLeap(ids []string) *flaw {
	faults := map[string]int{}
	for _, id := range ids {
		r := l.recoveries[id]
		faults[r.Service]++
		if _, ofTarget := l.policies[r.Service]; ofTarget && max(r.Terms.Retry, r.Terms.LastRetry) > faults[r.Service] {
			return newFlaw(heldByOddTerms, id)
		}
	}
	return nil
}

// hasLanded reports whether a fault of the result took effect.
func hasLanded(result record.Result, recoveries map[string]record.Recovery) bool {
	return slices.ContainsFunc(result.Recoveries, func(id string) bool {
		return recoveries[id].Landing != nil && recoveries[id].Service == result.Service
	})
}
