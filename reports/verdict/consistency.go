package verdict

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// Target is a target that the judging program knows.
type Target struct {
	Name, SHA256 string
	// Services are those of the file: their names, where they serve, and their retry policies; nil if they are not known.
	Services []record.Service
	// Confirmed are the assumptions that the file confirms.
	Confirmed []string
	// Limits and ToleranceLimit are the file's own; nil and 0 if they are not known.
	Limits         *record.Limits
	ToleranceLimit time.Duration
	// Check is the health check of its services; nil if it is not known.
	Check *record.Check
}

var wholeHash = regexp.MustCompile(`^[0-9a-f]{64}$`)

// checkConsistency checks that a record agrees with itself, with the policy's limits, and with the target file that the program has.
func (j *judge) checkConsistency(r *record.Record) {
	var lacks []string
	for what, lacking := range map[string]bool{
		"the hash of its target file":         !wholeHash.MatchString(r.Run.TargetSHA256),
		"the hash of the policy":              !wholeHash.MatchString(r.Run.PolicySHA256),
		"the limits of its target":            r.Run.Limits == nil,
		"the results that were due":           len(r.Planned) == 0,
		"the totals of what it holds":         r.Complete() && r.End.Totals == nil,
		"the seal of what it holds":           r.Complete() && r.End.Seal == "",
		"the containers that the run started": len(r.Containers) == 0,
		"the evidence that its promises need": lacksProofs(r.Run.Promises),
		"the terms of its recoveries":         slices.ContainsFunc(r.Recoveries, func(r record.Recovery) bool { return r.Terms == nil }),
	} {
		if lacking {
			lacks = append(lacks, what)
		}
	}
	if len(lacks) > 0 {
		slices.Sort(lacks)
		j.addRun(olderRecord, strings.Join(lacks, ", "))
	}
	if r.Complete() && r.End.Totals != nil && *r.End.Totals != r.Count() {
		j.addRun(otherTotals)
	}
	if r.Complete() && r.End.Seal != "" && !r.IsSealed() {
		j.addRun(changedSince)
	}
	if policy := r.Run.PolicySHA256; wholeHash.MatchString(policy) && policy != j.against.Policy.SHA256 {
		j.addRun(otherPolicy, policy)
	}
	j.checkRuns(r)
	j.checkRepetitions(r)
	j.checkGaps(r)
	j.checkTarget(r)
	j.checkLimits(r)
	j.checkPlanned(r)
	all := livesOf(r)
	j.checkClocks(r, all)
	j.checkSights(r)
	j.checkUse(r)
	j.checkSharing(r, all)
	j.checkContainers(r, all)
	j.checkRecoveries(r, all)
	j.checkLasting(r, all)
	j.checkEvidence(r)
}

// lacksProofs reports whether no promise says which evidence it needs.
func lacksProofs(promises []record.Promise) bool {
	return !slices.ContainsFunc(promises, func(p record.Promise) bool { return p.Proof != nil })
}

// checkTarget checks that a record has the services of its target's file, each once. The program may not have the file: then its hash
// and its services are the record's alone.
func (j *judge) checkTarget(r *record.Record) {
	seen := map[string]bool{}
	for _, service := range r.Run.Services {
		if seen[service.Name] || service.Name == "" {
			j.add(serviceTwice, "", service.Name)
		}
		seen[service.Name] = true
	}
	if !wholeHash.MatchString(r.Run.TargetSHA256) {
		return
	}
	for _, known := range j.against.Targets {
		if known.Name != r.Run.Target && known.SHA256 != r.Run.TargetSHA256 {
			continue
		}
		if known.Name != r.Run.Target || known.SHA256 != r.Run.TargetSHA256 {
			j.addRun(otherTargetFile, r.Run.Target)
			continue
		}
		j.checkServicesOf(known, r)
		if known.Limits != nil && r.Run.Limits != nil && (*known.Limits != *r.Run.Limits || int64(known.ToleranceLimit) != r.Run.Tolerance) {
			j.addRun(otherLimits)
		}
	}
}

// checkServicesOf checks that a record has the services of its target's file, where they serve, and no more assumptions than the file confirms.
func (j *judge) checkServicesOf(known Target, r *record.Record) {
	places := endpointsOf(known.Services)
	found := map[string]bool{}
	for _, service := range r.Run.Services {
		place, listed := places[service.Name]
		if listed && place != service.Endpoint() {
			j.add(otherEndpoint, "", service.Name)
		}
		found[service.Name] = listed
	}
	if len(found) != len(places) || slices.Contains(slices.Collect(maps.Values(found)), false) {
		j.addRun(otherServices)
	}
	confirmed := map[string]bool{}
	for _, assumption := range r.Run.Confirmed {
		if confirmed[assumption] || !slices.Contains(known.Confirmed, assumption) {
			j.addRun(otherConfirmed, assumption)
		}
		confirmed[assumption] = true
	}
}

// endpointsOf returns where services serve, by their names.
func endpointsOf(services []record.Service) map[string]record.Endpoint {
	places := map[string]record.Endpoint{}
	for _, service := range services {
		places[service.Name] = service.Endpoint()
	}
	return places
}

// checkLimits checks that a run's limits are within those of the policy.
func (j *judge) checkLimits(r *record.Record) {
	limits := j.against.Policy.Limits
	exceeds := func(what string, recorded int64, limit time.Duration) {
		if recorded < 0 || recorded > int64(limit) {
			j.addRun(limitExceeded, what, time.Duration(recorded), limit)
		}
	}
	exceeds("tolerance", r.Run.Tolerance, limits.ToleranceLimit)
	if own := r.Run.Limits; own != nil {
		exceeds("restart limit", own.Restart, limits.RestartLimit)
		exceeds("serving limit", own.Serving, limits.ServingLimit)
		exceeds("stop timeout", own.StopTimeout, limits.StopTimeout)
		if own.Serving < own.Restart {
			j.addRun(negativeRun)
		}
	}
	longest := time.Duration(0)
	for _, recovery := range r.Recoveries {
		if t := recovery.Terms; t != nil && t.Check != nil {
			longest = max(longest, time.Duration(max(t.Check.Interval, t.Check.Timeout, t.Check.StartPeriod)))
		}
	}
	exceeds("health check's longest time", int64(longest), limits.HealthLimit)
}

// checkPlanned checks that a record has each result that was due, once, and no other.
func (j *judge) checkPlanned(r *record.Record) {
	if len(r.Planned) == 0 {
		return
	}
	left := map[record.Key]int{}
	for _, key := range r.Planned {
		left[key]++
	}
	for _, result := range r.Results {
		left[result.Key()]--
	}
	for key, count := range left {
		switch {
		case count > 0 && (j.blocks(key.Promise) || r.Complete()):
			j.add(resultMissing, key.Promise, key.Service)
		case count < 0:
			j.add(resultUnplanned, key.Promise, key.Service)
		}
	}
}

// stepLimit bounds by how much the wall clock may be set during a run.
const stepLimit = time.Second

// observed holds a result, and a bound of the offset between the wall clock and the agent's clock that follows from one of its
// recoveries.
type observed struct {
	result         record.Result
	offsetInterval time.Duration
}

// checkClocks checks that each recovery was observed while its result was found, and that each fault of the host was over then. These have
// the agent's clock, and results the wall clock: within a shard the two are always equally far apart.
func (j *judge) checkClocks(r *record.Record, all lives) {
	recoveries := map[string]record.Recovery{}
	for _, recovery := range r.Recoveries {
		recoveries[recovery.ID] = recovery
	}
	shortest, longest := map[string]observed{}, map[string]observed{}
	bound := func(result record.Result, until int64) {
		most := observed{result, result.Started.Sub(r.Run.Started) + time.Duration(result.Duration) - time.Duration(until)}
		if before, ok := longest[result.Shard]; !ok || most.offsetInterval < before.offsetInterval {
			longest[result.Shard] = most
		}
	}
	for _, result := range r.Results {
		if result.Lasting != nil && result.Outcome == record.Held {
			bound(result, result.Lasting.Ended())
		}
		for _, id := range result.Recoveries {
			recovery, ok := recoveries[id]
			if !ok || result.Outcome != record.Held {
				continue
			}
			bound(result, recovery.Observed.Hi)
			least := observed{result, result.Started.Sub(r.Run.Started) - time.Duration(recovery.Injected.Lo)}
			if before, ok := shortest[result.Shard]; !ok || least.offsetInterval > before.offsetInterval {
				shortest[result.Shard] = least
			}
		}
	}
	for _, shard := range slices.Sorted(maps.Keys(shortest)) {
		if least, most := shortest[shard], longest[shard]; least.offsetInterval > most.offsetInterval+stepLimit {
			j.add(otherClock, least.result.Promise, least.result.Service)
			j.add(otherClock, most.result.Promise, most.result.Service)
		}
		between := [2]time.Duration{shortest[shard].offsetInterval, longest[shard].offsetInterval}
		j.checkSpan(r, shard, between)
		j.checkPlaces(r, all, shard, between)
	}
}

// checkServices checks that a promise about every service has a result of each, in one of the records. Only a faithful run asks all.
func (j *judge) checkServices(services map[string]bool) {
	asked := map[[2]string]bool{}
	for _, r := range j.admitted {
		if r.Run.Profile != faithful {
			return
		}
		for _, result := range r.Results {
			asked[[2]string{result.Promise, result.Service}] = true
		}
	}
	for id, promise := range j.known {
		if promise.Proof == nil || !promise.Proof.Services || !j.blocks(id) || j.present[id] == 0 {
			continue
		}
		for service := range services {
			if !asked[[2]string{id, service}] {
				j.add(serviceWithoutResult, id, service)
			}
		}
	}
}

// checkNames checks that the words of a result belong together.
func (j *judge) checkNames(result record.Result) {
	theme, _, _ := strings.Cut(result.Promise, ".")
	if result.Theme != theme {
		j.add(otherTheme, result.Promise, result.Service)
	}
}
