// Package shard divides the specs of a run among shards. It is a pure function of the specs and of their times in an earlier
// run, so every machine comes to the same plan by itself.
package shard

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// Spec is a spec that a run includes.
type Spec struct {
	Key record.Key `json:"key"`
	// Group names specs that stay together, because they judge one experiment; empty is none.
	Group string `json:"group,omitempty"`
	// Throughout specs are about the whole run, so each shard includes them.
	Throughout bool `json:"throughout,omitempty"`
	// Sandbox is the one that it needs beside the main one, empty for none, and Period how long the experiments in it take about.
	Sandbox string        `json:"sandbox,omitempty"`
	Period  time.Duration `json:"period_ns,omitempty"`
	// Interrupts names the orders to the sandbox's container, and Injects a fault besides the key's; empty is none.
	Interrupts string `json:"interrupts,omitempty"`
	Injects    string `json:"injects,omitempty"`
	// Behaves says that the key's fault is a behaviour of a service of ours.
	Behaves bool `json:"behaves,omitempty"`
}

// Plan is a division of a run's specs among shards.
type Plan struct {
	// ID is a hash of the specs of each shard, in hexadecimal. Shards with the same ID belong together.
	ID     string
	Shards []Shard
	// Bound is the least that the largest shard of any plan can have: the largest group of specs that stay together, or
	// all of them divided by the number of shards, whichever is more.
	Bound time.Duration
}

// Shard is a part of a run.
type Shard struct {
	Specs []record.Key // in their order
	// Work is the sum of the times of its specs, and Longest the largest of them.
	Work, Longest time.Duration
}

// Makespan returns the work of the largest shard.
func (p Plan) Makespan() (most time.Duration) {
	for _, shard := range p.Shards {
		most = max(most, shard.Work)
	}
	return most
}

// Distance returns by what share of the bound the largest shard is above it: 0 means that no plan is better.
func (p Plan) Distance() float64 { return float64(p.Makespan())/float64(p.Bound) - 1 }

// group are specs that stay together.
type group struct {
	specs         []record.Key // the first is the group's name in every order
	work, longest time.Duration
}

// New divides specs among so many shards, the longest processing time first (R. L. Graham, "Bounds on Multiprocessing
// Timing Anomalies", 1969: at most 4/3 of the best plan): each group goes to the shard that has the least work so far.
// Every spec is in exactly one shard, but those that are asked throughout are in each. The order of the specs makes no
// difference.
//
// The work of a spec is what it took in an earlier run, its waits included. A shard has many processes, on which specs wait
// side by side: it takes about its work divided by their number, and never less than its longest spec. Equal work is
// therefore equal time as long as there are more specs than processes; with fewer it is the longest spec that counts,
// which no plan makes shorter.
//
// The error says why it cannot be done: no shard may be empty, because a run that asks nothing proves nothing, and no two
// specs may be the same, because nobody could tell their results apart.
func New(specs []Spec, took Durations, shards int) (Plan, error) {
	groups, throughout, err := gather(specs, took)
	if err != nil {
		return Plan{}, fmt.Errorf("divide the run into %d shards: %w", shards, err)
	}
	if shards < 1 || shards > len(groups) {
		return Plan{}, fmt.Errorf("divide the run into %d shards: it has %d groups of specs that stay together, give 1 to %d", shards, len(groups), max(1, len(groups)))
	}
	plan := Plan{Shards: make([]Shard, shards)}
	var all, largest time.Duration
	for _, g := range groups {
		least := &plan.Shards[0]
		for i := range plan.Shards {
			if plan.Shards[i].Work < least.Work {
				least = &plan.Shards[i]
			}
		}
		least.add(g)
		all, largest = all+g.work, max(largest, g.work)
	}
	plan.Bound = max(largest, (all+time.Duration(shards)-1)/time.Duration(shards))
	for i := range plan.Shards {
		plan.Shards[i].Specs = append(plan.Shards[i].Specs, throughout...)
		slices.SortFunc(plan.Shards[i].Specs, compare)
	}
	plan.ID, err = plan.hash()
	return plan, err
}

func (s *Shard) add(g group) {
	s.Specs = append(s.Specs, g.specs...)
	s.Work, s.Longest = s.Work+g.work, max(s.Longest, g.longest)
}

// gather returns the groups, the longest first.
func gather(specs []Spec, took Durations) (groups []group, throughout []record.Key, err error) {
	known, byName := map[record.Key]bool{}, map[string]*group{}
	specs = slices.SortedFunc(slices.Values(specs), func(one, other Spec) int { return compare(one.Key, other.Key) })
	for i, spec := range specs {
		if known[spec.Key] {
			return nil, nil, fmt.Errorf("two specs are the same: %s on %q, %q", spec.Key.Promise, spec.Key.Service, spec.Key.Name)
		}
		known[spec.Key] = true
		if spec.Throughout {
			throughout = append(throughout, spec.Key)
			continue
		}
		name := "group " + spec.Group
		if spec.Group == "" {
			name = fmt.Sprint("spec ", i)
		}
		if byName[name] == nil {
			byName[name] = &group{}
		}
		one, work := byName[name], took.of(spec.Key)
		one.specs, one.work, one.longest = append(one.specs, spec.Key), one.work+work, max(one.longest, work)
	}
	for g := range maps.Values(byName) {
		groups = append(groups, *g)
	}
	slices.SortFunc(groups, func(one, other group) int {
		return cmp.Or(cmp.Compare(other.work, one.work), compare(one.specs[0], other.specs[0]))
	})
	return groups, throughout, nil
}

func (p Plan) hash() (string, error) {
	var all [][]record.Key
	for _, shard := range p.Shards {
		all = append(all, shard.Specs)
	}
	text, err := json.Marshal(all)
	if err != nil {
		return "", fmt.Errorf("name the plan: %w", err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(text)), nil
}

func compare(one, other record.Key) int {
	return cmp.Or(strings.Compare(one.Promise, other.Promise), strings.Compare(one.Service, other.Service),
		strings.Compare(one.Fault, other.Fault), strings.Compare(one.Name, other.Name))
}
