// Package dryrun says what a run would do to its target, from the list of its specs. It starts nothing and writes nothing.
package dryrun

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/plain"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/shard"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
)

// Input holds everything that a plan is made of.
type Input struct {
	Config config.Config
	Target *target.Target
	Specs  []shard.Spec
	// Missing returns what the machine lacks for a fault of the host; empty if it lacks nothing that is known before a run.
	Missing func(fault.Lasting) string
}

// Step is something that a run would do to its target for a promise.
type Step struct {
	Promise string
	// Fault names it, Scope what it acts on, Way how it gets there, and Undo what takes it back.
	Fault, Scope, Way, Undo string
	// On are the services, Sandbox the container.
	On      []string
	Sandbox string
	// Refusal says why it would not be done; empty if it would.
	Refusal string
}

// nothing stands for an undo that nobody needs.
const nothing = "-"

// Steps returns what the specs of a run would do, in the order of the promises. Specs that differ in their service alone are one step.
func Steps(in Input) (steps []Step) {
	for _, spec := range in.Specs {
		for _, step := range in.stepsOf(spec) {
			step.Promise, step.Sandbox = spec.Key.Promise, cmp.Or(spec.Sandbox, protocol.MainSandbox)
			if step.Refusal == "" && in.Config.Container != "" && step.Sandbox != protocol.MainSandbox {
				step.Refusal = "needs a container of its own, and this run is attached to " + in.Config.Container
			}
			steps = add(steps, step)
		}
	}
	order := map[string]int{}
	for i, p := range promise.All() {
		order[p.ID] = i
	}
	slices.SortStableFunc(steps, func(one, other Step) int { return cmp.Compare(order[one.Promise], order[other.Promise]) })
	return steps
}

// add adds a step, or its services to one that is otherwise the same.
func add(steps []Step, step Step) []Step {
	for i := range steps {
		known := &steps[i]
		joined := step
		joined.On = known.On
		if !reflect.DeepEqual(*known, joined) {
			continue
		}
		for _, service := range step.On {
			if !slices.Contains(known.On, service) {
				known.On = append(known.On, service)
			}
		}
		return steps
	}
	return append(steps, step)
}

// stepsOf returns what one spec does.
func (in Input) stepsOf(spec shard.Spec) (steps []Step) {
	if spec.Interrupts != "" {
		steps = append(steps, Step{Fault: spec.Interrupts, Scope: "container", Way: string(fault.ByDocker), Undo: "the container is removed"})
	}
	if spec.Injects != "" {
		steps = append(steps, in.inject(spec.Injects, spec, nil))
	}
	p, _ := promise.Find(spec.Key.Promise)
	proof := p.Proof()
	on := []string{}
	if spec.Key.Service != "" {
		on = append(on, spec.Key.Service)
	}
	if lasting, ok := fault.FindLasting(cmp.Or(spec.Key.Fault, spec.Key.Service)); ok && proof != nil && proof.Lasting {
		return append(steps, in.hold(lasting))
	}
	var names []string
	switch {
	case spec.Key.Fault != "":
		names = []string{spec.Key.Fault}
	case proof != nil:
		names = proof.Faults
	}
	for _, name := range names {
		steps = append(steps, in.inject(name, spec, on))
	}
	if len(steps) == 0 {
		steps = append(steps, Step{Fault: otherwise(p.Theme), Scope: nothing, Way: nothing, Undo: nothing, On: on})
	}
	return steps
}

// hold returns the step of a fault of the host.
func (in Input) hold(f fault.Lasting) Step {
	step := Step{Fault: f.Name, Scope: string(f.Scope), Way: string(f.Way), Undo: string(f.Undo)}
	if err := protocol.PermitLasting(in.Config, f); err != nil {
		step.Refusal = err.Error()
	} else if in.Missing != nil {
		step.Refusal = in.Missing(f)
	}
	return step
}

// inject returns the step of a fault of a process, or of a behaviour that takes its place.
func (in Input) inject(name string, spec shard.Spec, on []string) Step {
	if spec.Behaves {
		return Step{Fault: "a service of ours is " + name, Scope: "process", Way: "its own", Undo: "the service is deleted", On: on}
	}
	f, known := fault.Find(name)
	if !known { // what a spec runs inside the container, as users do
		f = fault.Fault{Name: name, Command: []string{name}}
	}
	step := Step{Fault: name, Scope: "process", Way: "agent, by a signal", Undo: cmp.Or(f.Undo, nothing), On: on}
	if len(f.Command) > 0 {
		step.Way = "agent, by a command"
	}
	if err := protocol.Permit(in.Config, spec.Key.Service, f); err != nil {
		step.Refusal = err.Error()
	}
	return step
}

// otherwise returns what the specs of a theme do that inject no fault of the catalogue.
func otherwise(theme string) string {
	switch theme {
	case "boot", "image", "smoke", "isolation":
		return "none: it reads and asks"
	case "load":
		return "none: it is load"
	}
	return "none: services of ours"
}

// Unasked returns the promises that no spec of the run is about.
func Unasked(in Input) (ids []string) {
	for _, p := range promise.All() {
		if !slices.ContainsFunc(in.Specs, func(s shard.Spec) bool { return s.Key.Promise == p.ID }) {
			ids = append(ids, p.ID)
		}
	}
	return ids
}

// describeServices names the services of a step in a few words.
func (in Input) describeServices(step Step) string {
	switch len(step.On) {
	case 0:
		return "the target"
	case 1:
		return step.On[0]
	}
	shipped := 0
	for _, name := range step.On {
		if in.ships(name) {
			shipped++
		}
	}
	var parts []string
	if shipped > 0 {
		parts = append(parts, plain.Count(shipped, "service")+" of the image")
	}
	if ours := len(step.On) - shipped; ours > 0 {
		parts = append(parts, fmt.Sprintf("%d of ours", ours))
	}
	return strings.Join(parts, ", ")
}

func (in Input) ships(name string) bool {
	return slices.ContainsFunc(in.Target.Services, func(s target.Service) bool { return s.Name == name })
}
