package verdict

import (
	"fmt"
	"maps"
	"slices"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
)

// promises learns what the program and the records know of promises, and notes where they differ: a record can make
// nothing block less.
func (c *court) promises() {
	for _, promise := range c.against.Promises {
		c.known[promise.ID] = promise
	}
	for _, r := range c.admitted {
		own := map[string]bool{}
		for _, promise := range r.Run.Promises {
			if own[promise.ID] {
				c.add(Contradiction, "the record knows a promise twice", promise.ID, "")
			}
			own[promise.ID] = true
			c.learn(promise)
		}
		for _, promise := range c.against.Promises {
			if !own[promise.ID] && c.blocks(promise.ID) {
				c.add(UnknownPromise, "the program that wrote the record did not know it, this one does", promise.ID, "")
			}
		}
	}
}

// learn takes over a promise of a record.
func (c *court) learn(promise record.Promise) {
	before, known := c.known[promise.ID]
	if known && promise.Advisory && !before.Advisory && c.blocks(promise.ID) {
		c.add(Lowered, "the record calls it advisory, and it blocks", promise.ID, "")
	}
	promise.Advisory = promise.Advisory && (!known || before.Advisory)
	c.known[promise.ID] = promise
}

// coverage asks whether every blocking promise has a result, the policy's samples are there, and no service was left out.
func (c *court) coverage() {
	if len(c.admitted) == 0 {
		return // that there is nothing says it all
	}
	for _, promise := range slices.Sorted(maps.Keys(c.known)) {
		if c.blocks(promise) && c.present[promise] == 0 {
			c.add(NotRun, "it has no result", promise, "")
		}
	}
	for _, promise := range slices.Sorted(maps.Keys(c.against.Policy.MinimumSamples)) {
		if want, got := c.against.Policy.MinimumSamples[promise], c.proved[promise]; got < want {
			c.add(FewSamples, fmt.Sprintf("%d of its results prove something, the policy asks for %d", got, want), promise, "")
		}
	}
	services := map[string]bool{}
	for _, r := range c.admitted {
		for _, service := range r.Run.Services {
			services[service.Name] = true
		}
	}
	for service := range services {
		if !c.restarted[service] {
			c.add(Untested, "no fault that is known to have taken effect made it restart", "", service)
		}
	}
}

// slowdowns holds the image back where it is slower than the one before.
func (c *court) slowdowns() {
	for _, slower := range c.against.Slowdowns {
		code := Slower
		if !c.blocks(slower.Promise) {
			code = Advisory
		}
		c.add(code, fmt.Sprintf("%s takes %s, and took %s for the baseline", slower.Phase, span.Text(slower.New), span.Text(slower.Old)), slower.Promise, "")
	}
}

// policy notes what the policy changed, and which of its waivers nobody needs any more.
func (c *court) policy() {
	for _, changed := range c.against.Policy.Severities {
		c.add(Reclassified, fmt.Sprintf("the policy makes it %s: %s", changed.Severity, changed.Reason), changed.Promise, "")
	}
	for i, waiver := range c.against.Policy.Waivers {
		if !c.excused[i] {
			c.add(UnusedWaiver, "nothing failed that the waiver of "+waiver.Owner+" excuses", waiver.Promise, waiver.Service)
		}
	}
}
