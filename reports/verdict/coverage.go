package verdict

import (
	"maps"
	"reflect"
	"slices"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/plain"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
)

// learnPromises collects what the program and the records know of promises, and notes where they differ. A record can
// make nothing block less.
func (j *judge) learnPromises() {
	for _, promise := range j.against.Promises {
		j.known[promise.ID] = promise
	}
	for _, r := range j.admitted {
		listed, isOlder := map[string]bool{}, lacksProofs(r.Run.Promises)
		for _, promise := range r.Run.Promises {
			if listed[promise.ID] {
				j.add(promiseTwice, promise.ID, "")
			}
			listed[promise.ID] = true
			j.learn(promise, isOlder)
		}
		for _, promise := range j.against.Promises {
			if !listed[promise.ID] && j.blocks(promise.ID) {
				j.add(promiseUnknownToRecord, promise.ID, "")
			}
		}
	}
}

// learn takes over a promise of a record. isOlder is whether the record says of no promise which evidence it needs.
func (j *judge) learn(promise record.Promise, isOlder bool) {
	before, known := j.known[promise.ID]
	if known && promise.Advisory && !before.Advisory && j.blocks(promise.ID) {
		j.add(promiseLowered, promise.ID, "")
	}
	promise.Advisory = promise.Advisory && (!known || before.Advisory)
	asked := promise.OnlyUpgrade
	promise.OnlyUpgrade = known && before.OnlyUpgrade // else a record could excuse what it did not ask
	if known {                                        // what a promise needs and rests on is what this program says
		isOther := !reflect.DeepEqual(promise.Proof, before.Proof) || promise.Throughout != before.Throughout || !slices.Equal(promise.Assumptions, before.Assumptions) ||
			asked != before.OnlyUpgrade
		if isOther && !isOlder {
			j.add(promiseOtherwise, promise.ID, "")
		}
		promise.Proof, promise.Assumptions, promise.Throughout = before.Proof, before.Assumptions, before.Throughout
	}
	j.known[promise.ID] = promise
}

// checkCoverage checks that every blocking promise has a result, that the policy's samples are there, and that no
// service was left out.
func (j *judge) checkCoverage() {
	if len(j.admitted) == 0 {
		return // the reason for that says it all
	}
	for _, promise := range slices.Sorted(maps.Keys(j.known)) {
		if j.blocks(promise) && j.present[promise] == 0 {
			j.add(promiseWithoutResult, promise, "")
		}
	}
	services := map[string]bool{}
	for _, r := range j.admitted {
		for _, service := range r.Run.Services {
			services[service.Name] = true
		}
	}
	for _, promise := range slices.Sorted(maps.Keys(j.against.Policy.MinimumSamples)) {
		j.checkSamples(promise, services)
	}
	j.checkServices(services)
	for service := range services {
		if !j.restarted[service] {
			j.add(serviceUntested, "", service)
		}
	}
}

// checkSamples checks that a promise has as many conclusive results as the policy requires. If each is of another
// service of the target, the finding counts services.
func (j *judge) checkSamples(promise string, services map[string]bool) {
	required, measured := j.against.Policy.MinimumSamples[promise], slices.Sorted(slices.Values(j.conclusive[promise]))
	if len(measured) >= required {
		return
	}
	distinct := slices.Compact(slices.DeleteFunc(slices.Clone(measured), func(name string) bool { return !services[name] }))
	if len(distinct) == len(measured) && len(services) > 0 {
		j.add(tooFewServices, promise, "", len(measured), len(services), required)
		return
	}
	j.add(tooFewResults, promise, "", plain.Count(len(measured), "result"), required)
}

// addSlowdowns notes what is slower than the baseline.
func (j *judge) addSlowdowns() {
	for _, slower := range j.against.Slowdowns {
		kind := phaseSlower
		if !j.blocks(slower.Promise) {
			kind = phaseSlowerAdvisory
		}
		j.add(kind, slower.Promise, "", slower.Phase, span.Text(slower.NewMedian), span.Text(slower.OldMedian))
	}
}

// addPolicy notes what the policy changed, and which of its waivers were not needed.
func (j *judge) addPolicy() {
	for _, changed := range j.against.Policy.Severities {
		j.add(severityChanged, changed.Promise, "", changed.Severity, changed.Reason)
	}
	for i, waiver := range j.against.Policy.Waivers {
		if !j.excused[i] {
			j.add(waiverUnused, waiver.Promise, waiver.Service, waiver.Owner)
		}
	}
}
