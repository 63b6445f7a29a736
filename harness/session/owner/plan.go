package owner

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
)

// planTimeout bounds reading what the services of a target depend on from zinit.
const planTimeout = 10 * time.Second

// plan is a division of a target's services into turns. No service of a turn depends on another of it, so that all of a turn can be
// faulted at the same time.
type plan struct {
	needs map[string][]string // what a service depends on directly
	turn  map[string]int      // from 0
}

// newPlan colours the services by the length of the longest chain below each: as many turns as the longest chain has services.
func newPlan(needs map[string][]string) plan {
	p := plan{needs: needs, turn: map[string]int{}}
	climbing := map[string]bool{} // a circle of dependencies ends the climb
	var climb func(service string) int
	climb = func(service string) int {
		turn, known := p.turn[service]
		if known || climbing[service] {
			return turn
		}
		climbing[service] = true
		for _, needed := range needs[service] {
			turn = max(turn, climb(needed)+1)
		}
		p.turn[service] = turn
		return turn
	}
	for _, service := range slices.Sorted(maps.Keys(needs)) {
		climb(service)
	}
	return p
}

// turnOf returns the turn of a service, 0 for one that the plan does not know.
func (p plan) turnOf(service string) int { return p.turn[service] }

// turns lists the services of each turn. Those of the longest chains come first in theirs.
func (p plan) turns() [][]string {
	above := map[string]int{} // the length of the longest chain above a service
	services := slices.SortedFunc(maps.Keys(p.needs), func(a, b string) int {
		return cmp.Or(p.turn[b]-p.turn[a], cmp.Compare(a, b))
	})
	var turns [][]string
	for _, service := range services { // the last turn first
		for len(turns) <= p.turn[service] {
			turns = append(turns, nil)
		}
		for _, needed := range p.needs[service] {
			above[needed] = max(above[needed], above[service]+1)
		}
	}
	for _, service := range services {
		turns[p.turn[service]] = append(turns[p.turn[service]], service)
	}
	for _, turn := range turns {
		slices.SortStableFunc(turn, func(a, b string) int { return above[b] - above[a] })
	}
	return slices.DeleteFunc(turns, func(turn []string) bool { return len(turn) == 0 }) // of a circle
}

// planTurns makes the plan of the target's services, from the target's file and from zinit's definitions.
func (o *Owner) planTurns(ctx context.Context, main *liveSandbox) plan {
	services := o.target.Restartable()
	needs := map[string][]string{}
	for _, service := range services {
		needs[service.Name] = slices.Clone(service.Requires)
	}
	ctx, cancel := context.WithTimeout(ctx, planTimeout)
	defer cancel()
	if supervisor, err := main.supervisor(ctx); err == nil {
		defer func() { _ = supervisor.Close() }()
		for _, service := range services {
			if definition, err := supervisor.Get(ctx, service.Name); err == nil {
				needs[service.Name] = slices.Concat(needs[service.Name], definition.Dependencies.Requires, definition.Dependencies.After)
			}
		}
	}
	return newPlan(keepKnown(services, needs))
}

// keepKnown leaves out dependencies that are no service of the target.
func keepKnown(services []target.Service, needs map[string][]string) map[string][]string {
	known := map[string]bool{}
	for _, service := range services {
		known[service.Name] = true
	}
	for service, needed := range needs {
		slices.Sort(needed)
		needs[service] = slices.DeleteFunc(slices.Compact(needed), func(name string) bool { return !known[name] || name == service })
	}
	return needs
}

// needs reports whether a service in a sandbox depends on another, directly or not, by the plan or by what was registered there.
func (o *Owner) needs(sandbox, service, other string) bool {
	live := o.sandboxes.started(sandbox)
	all := []string{service}
	for i := 0; i < len(all); i++ {
		needed := o.plan.needs[all[i]]
		if live != nil {
			needed = slices.Concat(needed, live.required(all[i]))
		}
		for _, name := range needed {
			if name == other {
				return true
			}
			if !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
	}
	return false
}
