// Package inject carries faults out, proves that they landed, observes what follows, and undoes them.
package inject

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/clock"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/command"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/guard"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/identify"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/observe"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/procfs"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// Injector injects faults, and undoes them.
type Injector struct {
	observer *observe.Observer
	undo     journal
}

// New returns an injector that sees by an observer what follows. The guard, which may be nil, undoes what a killed agent has left open.
func New(observer *observe.Observer, guarding *guard.Guard) *Injector {
	return &Injector{observer: observer, undo: journal{guard: guarding}}
}

// Inject injects a fault and observes what follows until a new incarnation serves or the limit is over.
func (i *Injector) Inject(ctx context.Context, params protocol.InjectParams) (protocol.Observation, error) {
	if err := params.Fault.Validate(); err != nil {
		return protocol.Observation{}, err
	}
	defer i.observer.Activate()()
	victim, err := i.observer.Follow(params.Victim.Serving, nil)
	if err != nil {
		return protocol.Observation{}, fmt.Errorf("inject %s: %w", params.Fault, err)
	}
	defer i.observer.Unfollow(victim)
	around := i.followAround(params)
	defer func() {
		for _, w := range around {
			i.observer.Unfollow(w)
		}
	}()
	aimed, err := aimAt(params)
	defer release(aimed)
	if err != nil {
		return protocol.Observation{}, fmt.Errorf("inject %s: %w", params.Fault, err)
	}
	for _, target := range aimed {
		if undo := params.Fault.Undo; undo != "" {
			if err := i.undo.add(params.Lease, target.incarnation, unix.SignalNum(undo)); err != nil {
				return protocol.Observation{}, fmt.Errorf("inject %s: %w", params.Fault, err)
			}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, params.ObservationLimit)
	defer cancel()

	before := clock.Now()
	if err := carryOut(ctx, params.Fault, aimed); err != nil {
		return protocol.Observation{}, fmt.Errorf("inject %s into process %d: %w", params.Fault, params.Victim.Serving.PID, err)
	}
	sent := record.Interval{Lo: before, Hi: clock.Now()}
	o := &observation{
		observer: i.observer, params: params, victim: victim, aimed: aimed, seen: protocol.Observation{Injected: sent},
	}
	o.follow(ctx)
	if errors.Is(ctx.Err(), context.Canceled) {
		i.undo.revert(params.Lease) // a caller that withdraws may have asked for the undo before there was one
	}
	o.seen.Ended = clock.Now()
	o.seen.Ends = i.observer.FindEnds(around)
	o.seen.WorstGap = i.observer.WorstGap(before, o.seen.Ended)
	return o.seen, nil
}

// Undo undoes a lease's faults.
func (i *Injector) Undo(_ context.Context, params protocol.UndoParams) error {
	i.undo.revert(params.Lease)
	return nil
}

// UndoAll undoes every open fault.
func (i *Injector) UndoAll() { i.undo.revertAll() }

// followAround follows the processes between the supervisor and the victim: it may take the end of any of them for the end of the run.
func (i *Injector) followAround(params protocol.InjectParams) (around []*observe.Watch) {
	serving, err := procfs.ReadProcess(params.Victim.Serving.PID)
	if err != nil {
		return nil
	}
	for _, incarnation := range identify.FindAround(serving, params.SupervisorPID) {
		if w, err := i.observer.Follow(incarnation, nil); err == nil {
			around = append(around, w)
		}
	}
	return around
}

// commandLimit bounds a command that carries a fault out.
const commandLimit = 10 * time.Second

// carryOut sends a fault's signal, or runs its command, which must exit with 0.
func carryOut(ctx context.Context, f fault.Fault, aimed []aim) error {
	if len(f.Command) > 0 {
		ran, err := command.Run(ctx, protocol.RunParams{Argv: f.Command, Limit: commandLimit})
		if err == nil && ran.ExitCode != 0 {
			err = fmt.Errorf("%q exits %d: %s", strings.Join(f.Command, " "), ran.ExitCode, strings.TrimSpace(ran.Output))
		}
		return err
	}
	signal := unix.SignalNum(f.Signal)
	if signal == 0 {
		return fmt.Errorf("there is no signal %q", f.Signal)
	}
	for _, target := range aimed {
		if err := target.process.Signal(signal); err != nil {
			return err
		}
	}
	return nil
}
