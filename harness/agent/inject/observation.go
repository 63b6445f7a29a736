package inject

import (
	"context"
	"sync"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/ask"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/clock"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/observe"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/procfs"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// observation is one fault that is watched, phase after phase.
type observation struct {
	observer *observe.Observer
	params   protocol.InjectParams
	victim   *observe.Watch
	aimed    []aim
	seen     protocol.Observation
}

// follow fills the phases in their order. A phase that is not reached before ctx ends stays nil.
func (o *observation) follow(ctx context.Context) {
	if o.params.Fault.Landing != fault.LandsByExit {
		if o.seen.Landing = o.proveStop(ctx); o.seen.Landing == nil {
			return
		}
	}
	if o.seen.Exited = o.observer.AwaitExit(ctx.Done(), o.victim); o.seen.Exited == nil {
		return
	}
	if o.params.Fault.Landing == fault.LandsByExit {
		o.seen.Landing = &record.Landing{At: *o.seen.Exited, Proof: o.guard(record.ProveExit())}
	}
	pressed := procfs.MeasurePressure(o.params.DueDelay)
	defer func() { o.seen.Pressure = pressed() }()
	var phases sync.WaitGroup
	phases.Go(func() { o.seen.Noticed = o.observer.AwaitReaping(ctx.Done(), o.victim) })
	respawned := make(chan struct{})
	serving, stop := context.WithCancel(ctx)
	processes, _ := procfs.ListProcesses() // without them the wrapper is taken for one of its own kind
	gone, parent := choosePredecessor(processes, o.params.Victim, o.params.SupervisorPID)
	phases.Go(func() {
		o.seen.Respawned = o.observer.AwaitSuccessor(serving.Done(), gone, parent, o.seen.Exited.Lo)
		close(respawned)
	})
	o.awaitService(ctx, respawned)
	stop()
	phases.Wait()
	o.completeRespawn()
}

// choosePredecessor returns the process whose successor is awaited, and the parent that it has to have, 0 for any. The process that the
// supervisor started is known by its command line, unless the supervisor or another of its children has the same: a wrapper that is a fork
// of the supervisor looks like every other. Then the process that serves is.
func choosePredecessor(processes []protocol.Process, victim protocol.Identity, supervisor int) (gone record.Incarnation, parent int) {
	for _, p := range processes {
		if p.PID != victim.Root.PID && supervisor != 0 && (p.PID == supervisor || p.Parent == supervisor) && procfs.EqualArgv(p.Argv, victim.Root.Argv) {
			return victim.Serving, 0
		}
	}
	return victim.Root, supervisor
}

// completeRespawn takes the birth of the process that serves now, which is more certain than an equal command line.
func (o *observation) completeRespawn() {
	if o.seen.After == nil {
		return
	}
	if birth := o.observer.FindBirth(o.seen.After.Root); birth != nil {
		o.seen.Respawned = &record.Interval{Lo: max(birth.Lo, o.seen.Exited.Lo), Hi: birth.Hi}
	} else if o.seen.Respawned == nil && o.seen.Accepting != nil {
		o.seen.Respawned = &record.Interval{Lo: o.seen.Exited.Lo, Hi: o.seen.Accepting.Hi}
	}
}

// stoppedSilencePeriod is the time for which a stopped process must leave a probe without a reply. It is far above the time that any
// service of the image takes to answer, and far below a health interval.
const stoppedSilencePeriod = 250 * time.Millisecond

// proveStop proves a hang: state T in every task, and a question without a reply. It returns nil if the service answers all the same,
// or ctx ends.
func (o *observation) proveStop(ctx context.Context) *record.Landing {
	looks := time.NewTicker(observe.TickInterval)
	defer looks.Stop()
	before := o.seen.Injected.Lo
	for {
		looked := clock.Now()
		tasks, all := areAllStopped(o.aimed)
		if all {
			at := record.Interval{Lo: before, Hi: clock.Now()}
			if o.params.Fault.Landing == fault.LandsBeside {
				return &record.Landing{At: at, Proof: o.guard(record.ProveBeside(tasks, string(o.params.Fault.Aim)))}
			}
			reply := ask.Ask(ctx, o.params.Endpoint, stoppedSilencePeriod)
			silence := "for " + stoppedSilencePeriod.String()
			if reply.Outcome == ask.Answered && o.hasEnded() {
				silence = "until its end"
			} else if reply.Outcome != ask.Silent {
				return nil
			}
			return &record.Landing{At: at, Proof: o.guard(record.ProveSilence(tasks, silence))}
		}
		before = looked
		select {
		case <-looks.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// guard adds to the proof of a landing whether pidfds are refused.
func (o *observation) guard(proof string) string {
	for _, target := range o.aimed {
		if !target.process.IsGuarded() {
			return record.WithoutPidfd(proof)
		}
	}
	return proof
}

// hasEnded reports whether the victim has ended. Its sockets are closed then, and questions in them get no answer.
func (o *observation) hasEnded() bool {
	return len(o.observer.FindEnds([]*observe.Watch{o.victim})) > 0
}
