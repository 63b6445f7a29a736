package agent

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// Undo is the journal of what reverts the open faults. It is written before a fault is injected.
type Undo struct {
	mu   sync.Mutex
	open map[string][]undoStep
}

type undoStep struct {
	pidfd  int
	signal unix.Signal
}

// add writes down how to undo a fault on a process.
func (u *Undo) add(lease string, incarnation record.Incarnation, signal unix.Signal) error {
	pidfd, err := unix.PidfdOpen(incarnation.PID, 0)
	if err != nil {
		return fmt.Errorf("open a pidfd of process %d: %w", incarnation.PID, err)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.open == nil {
		u.open = map[string][]undoStep{}
	}
	u.open[lease] = append(u.open[lease], undoStep{pidfd: pidfd, signal: signal})
	return nil
}

// revert undoes a lease's faults, the last first. A process that is gone needs no undo.
func (u *Undo) revert(lease string) {
	u.mu.Lock()
	steps := u.open[lease]
	delete(u.open, lease)
	u.mu.Unlock()
	for i := len(steps) - 1; i >= 0; i-- {
		_ = unix.PidfdSendSignal(steps[i].pidfd, steps[i].signal, nil, 0)
		_ = unix.Close(steps[i].pidfd)
	}
}

// revertAll undoes every open fault.
func (u *Undo) revertAll() {
	u.mu.Lock()
	leases := make([]string, 0, len(u.open))
	for lease := range u.open {
		leases = append(leases, lease)
	}
	u.mu.Unlock()
	for _, lease := range leases {
		u.revert(lease)
	}
}

// inject injects a fault and observes what follows until a new incarnation serves or the window ends.
func (a *Agent) inject(ctx context.Context, params protocol.InjectParams) (protocol.Observation, error) {
	if err := params.Fault.Validate(); err != nil {
		return protocol.Observation{}, err
	}
	defer a.observer.activate()()
	victim, err := a.observer.follow(params.Victim.Serving, nil)
	if err != nil {
		return protocol.Observation{}, fmt.Errorf("inject %s: %w", params.Fault, err)
	}
	defer a.observer.unfollow(victim)
	around := a.observer.followAround(params)
	defer func() {
		for _, w := range around {
			a.observer.unfollow(w)
		}
	}()
	aimed, release, err := aimAt(params)
	if err != nil {
		return protocol.Observation{}, fmt.Errorf("inject %s: %w", params.Fault, err)
	}
	defer release()
	for _, target := range aimed {
		if undo := params.Fault.Undo; undo != "" {
			if err := a.undo.add(params.Lease, target.incarnation, unix.SignalNum(undo)); err != nil {
				return protocol.Observation{}, fmt.Errorf("inject %s: %w", params.Fault, err)
			}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, params.Window)
	defer cancel()

	before := now()
	if err := carryOut(ctx, params.Fault, aimed); err != nil {
		return protocol.Observation{}, fmt.Errorf("inject %s into process %d: %w", params.Fault, params.Victim.Serving.PID, err)
	}
	sent := record.Interval{Lo: before, Hi: now()}
	o := &observation{
		agent: a, params: params, victim: victim, aimed: aimed, seen: protocol.Observation{Injected: sent},
	}
	o.follow(ctx)
	if errors.Is(ctx.Err(), context.Canceled) {
		a.undo.revert(params.Lease) // who has withdrawn may have called for the undo before there was one
	}
	o.seen.Ended = now()
	o.seen.Ends = a.observer.findEnds(around)
	o.seen.WorstGap = a.observer.worstGap(before, o.seen.Ended)
	return o.seen, nil
}

// followAround follows the processes between the supervisor and the victim: it may take the end of any of them for the end of the run.
func (o *Observer) followAround(params protocol.InjectParams) (around []*watch) {
	serving, err := readProcess(params.Victim.Serving.PID)
	if err != nil {
		return nil
	}
	for _, incarnation := range findAround(serving, params.SupervisorPID) {
		if w, err := o.follow(incarnation, nil); err == nil {
			around = append(around, w)
		}
	}
	return around
}

// findEnds returns when processes ended, without those that have not.
func (o *Observer) findEnds(watches []*watch) (ends []record.Interval) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, w := range watches {
		if w.exited != nil {
			ends = append(ends, *w.exited)
		}
	}
	return ends
}

// commandLimit bounds a command that carries a fault out.
const commandLimit = 10 * time.Second

// carryOut sends a fault's signal through the pidfd, or runs its command, which must exit with 0.
func carryOut(ctx context.Context, f fault.Fault, aimed []aim) error {
	if len(f.Command) > 0 {
		ran, err := runCommand(ctx, protocol.RunParams{Argv: f.Command, Limit: commandLimit})
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
		if err := unix.PidfdSendSignal(target.pidfd, signal, nil, 0); err != nil {
			return err
		}
	}
	return nil
}

// observation is one fault that is watched, phase after phase.
type observation struct {
	agent  *Agent
	params protocol.InjectParams
	victim *watch
	aimed  []aim
	seen   protocol.Observation
}

// follow fills the phases in their order. A phase that is not reached before ctx ends stays nil.
func (o *observation) follow(ctx context.Context) {
	if o.params.Fault.Landing != fault.LandsByExit {
		if o.seen.Landing = o.proveStop(ctx); o.seen.Landing == nil {
			return
		}
	}
	observer := o.agent.observer
	if !observer.until(ctx.Done(), func() bool { o.seen.Exited = o.victim.exited; return o.seen.Exited != nil }) {
		return
	}
	if o.params.Fault.Landing == fault.LandsByExit {
		o.seen.Landing = &record.Landing{At: *o.seen.Exited, Proof: "exited"}
	}
	pressed := measurePressure(ctx, o.params.Due)
	defer func() { o.seen.Pressure = pressed() }()
	var phases sync.WaitGroup
	phases.Go(func() {
		observer.until(ctx.Done(), func() bool { o.seen.Noticed = o.victim.reaped; return o.seen.Noticed != nil })
	})
	respawned := make(chan struct{})
	serving, stop := context.WithCancel(ctx)
	phases.Go(func() {
		observer.until(serving.Done(), func() bool {
			o.seen.Respawned = observer.findSuccessor(o.params.Victim.Root, o.params.SupervisorPID, o.seen.Exited.Lo)
			return o.seen.Respawned != nil
		})
		close(respawned)
	})
	o.awaitService(ctx, respawned)
	stop()
	phases.Wait()
	o.completeRespawn()
}

// findSuccessor finds the first process under the supervisor that was born after a point in time and has the command line of the
// process that ended. The caller holds the lock.
func (o *Observer) findSuccessor(gone record.Incarnation, supervisor int, after int64) *record.Interval {
	for _, b := range o.births {
		if b.at.Hi > after && b.PID != gone.PID && (supervisor == 0 || b.parent == supervisor) && equalArgv(b.Argv, gone.Argv) {
			return &record.Interval{Lo: max(b.at.Lo, after), Hi: b.at.Hi}
		}
	}
	return nil
}

// completeRespawn takes the birth of the process that serves now, which is more certain than an equal command line.
func (o *observation) completeRespawn() {
	if o.seen.After == nil {
		return
	}
	observer := o.agent.observer
	observer.mu.Lock()
	defer observer.mu.Unlock()
	for _, b := range observer.births {
		if b.PID == o.seen.After.Root.PID && b.StartTime == o.seen.After.Root.StartTime {
			o.seen.Respawned = &record.Interval{Lo: max(b.at.Lo, o.seen.Exited.Lo), Hi: b.at.Hi}
			return
		}
	}
	if o.seen.Respawned == nil && o.seen.Accepting != nil {
		o.seen.Respawned = &record.Interval{Lo: o.seen.Exited.Lo, Hi: o.seen.Accepting.Hi}
	}
}

// stoppedSilencePeriod is the time for which a stopped process must leave a probe without a reply. It is far above the time that any service of
// the image takes to answer, and far below a health interval.
const stoppedSilencePeriod = 250 * time.Millisecond

// proveStop proves a hang: state T in every task, and a question without a reply. It returns nil if the service answers all the same,
// or ctx ends.
func (o *observation) proveStop(ctx context.Context) *record.Landing {
	looks := time.NewTicker(tickInterval)
	defer looks.Stop()
	before := o.seen.Injected.Lo
	for {
		looked := now()
		tasks, all := areAllStopped(o.aimed)
		if all {
			at := record.Interval{Lo: before, Hi: now()}
			if o.params.Fault.Landing == fault.LandsBeside {
				return &record.Landing{At: at, Proof: fmt.Sprintf("state T in %d of %d tasks of the %s", tasks, tasks, o.params.Fault.Aim)}
			}
			reply := ask(ctx, o.params.Endpoint, stoppedSilencePeriod)
			silence := stoppedSilencePeriod.String()
			if reply.outcome == answered && o.hasEnded() {
				silence = "until its end"
			} else if reply.outcome != silent {
				return nil
			}
			proof := fmt.Sprintf("state T in %d of %d tasks and no reply for %s", tasks, tasks, silence)
			return &record.Landing{At: at, Proof: proof}
		}
		before = looked
		select {
		case <-looks.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// hasEnded reports whether the victim has ended. Its sockets are closed then, and questions in them get no answer.
func (o *observation) hasEnded() bool {
	o.agent.observer.mu.Lock()
	defer o.agent.observer.mu.Unlock()
	return o.victim.exited != nil
}
