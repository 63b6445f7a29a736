// Package lasting carries out faults that hold on until they are reverted, proves that they landed, and reverts them.
package lasting

import (
	"context"
	"fmt"
	"sync"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/clock"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/guard"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/procfs"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

const (
	// landingTimeout bounds the wait for the proof that a fault landed. The time for which the host kept processes waiting does not count, up
	// to landingLimit in all.
	landingTimeout = 4 * time.Second
	landingLimit   = 20 * time.Second
	// releaseTimeout bounds the wait for the proof that all is as before.
	releaseTimeout = 2 * time.Second
	// lookInterval is the pause between two looks for a proof.
	lookInterval = 5 * time.Millisecond
)

// held is one fault that is being held. begin may leave something behind even if it fails: revert is called all the same.
type held interface {
	begin(ctx context.Context) error
	// prove returns the proof that it has landed, or why there is none yet.
	prove(ctx context.Context) (proof, missing string)
	revert()
	// released returns the proof that all is as before, empty while it is not.
	released(ctx context.Context) (proof string)
}

// guarded is a fault that does not end with its holder: the guard undoes it if the agent is killed.
type guarded interface {
	// prepare reads what the fault will change, before it begins, and returns what reverts that.
	prepare() (guard.Step, error)
}

// makers returns, by the name of a fault, what holds it.
func makers() map[string]func(protocol.LastingParams) held {
	return map[string]func(protocol.LastingParams) held{
		fault.SupervisorStopped.Name: holdStopped,
		fault.DiskFull.Name:          holdDiskFull,
		fault.InodesGone.Name:        holdInodesGone,
		fault.DescriptorsGone.Name:   holdDescriptors,
		fault.CPUStarved.Name:        holdStarved,
		fault.ProcessesGone.Name:     holdProcesses,
		fault.OOMKill.Name:           holdOOMKill,
		fault.PortTaken.Name:         holdPort,
		fault.DNSGone.Name:           holdDNS,
		fault.BacklogFull.Name:       holdBacklog,
		fault.SocketBlocked.Name:     holdSocket,
		fault.FilesCut.Name:          holdFiles,
		fault.EndWithheld.Name:       holdEnd,
	}
}

// Holder holds faults by their leases. It is safe for concurrent use.
type Holder struct {
	// Guard undoes what a killed agent has left open. It may be nil.
	Guard *guard.Guard

	mu   sync.Mutex
	open map[string]*entry
}

// entry is an open fault. Its mutex keeps the revert from overtaking the beginning.
type entry struct {
	mu       sync.Mutex
	held     held
	began    record.Interval
	reverted *record.Interval
}

// Begin begins a fault.
func (h *Holder) Begin(ctx context.Context, params protocol.LastingParams) (record.Interval, error) {
	if err := params.Fault.Validate(); err != nil {
		return record.Interval{}, err
	}
	known, ok := fault.FindLasting(params.Fault.Name)
	maker := makers()[params.Fault.Name]
	if !ok || maker == nil || (known.Way != params.Fault.Way && !(known.StopsSupervisor() && params.Fault == known.ThroughDocker())) {
		return record.Interval{}, fmt.Errorf("begin %s: the agent does not know this fault", params.Fault)
	}
	e := &entry{held: maker(params)}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := h.add(params.Lease, e); err != nil {
		return record.Interval{}, fmt.Errorf("begin %s: %w", params.Fault, err)
	}
	err := h.prepare(params.Lease, e.held)
	if err == nil {
		e.began.Lo = clock.Now()
		err = e.held.begin(ctx)
		e.began.Hi = clock.Now()
	}
	if err == nil {
		err = ctx.Err() // who withdraws may have asked for the revert before
	}
	if err != nil {
		h.revert(params.Lease, e)
		h.remove(params.Lease)
		return e.began, fmt.Errorf("begin %s: %w", params.Fault, err)
	}
	return e.began, nil
}

// prepare prepares a fault that is about to begin, and tells the guard how to revert it.
func (h *Holder) prepare(lease string, fault held) error {
	left, needs := fault.(guarded)
	if !needs {
		return nil
	}
	step, err := left.prepare()
	if err != nil {
		return err
	}
	return h.Guard.Add(lease, step)
}

func (h *Holder) add(lease string, e *entry) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.open[lease] != nil {
		return fmt.Errorf("another fault is held under %s", lease)
	}
	if h.open == nil {
		h.open = map[string]*entry{}
	}
	h.open[lease] = e
	return nil
}

func (h *Holder) find(lease string) *entry {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.open[lease]
}

func (h *Holder) remove(lease string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.open, lease)
}

// Prove waits for the proof that a fault has landed.
func (h *Holder) Prove(ctx context.Context, params protocol.UndoParams) (protocol.Landed, error) {
	e := h.find(params.Lease)
	if e == nil {
		return protocol.Landed{}, fmt.Errorf("no fault is held under %s", params.Lease)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, landingLimit)
	defer cancel()
	began, waited := clock.Now(), procfs.ReadPressure()
	before, lacking := e.began.Lo, "there was no time to look"
	for {
		looked := clock.Now()
		proof, missing := e.held.prove(ctx)
		if ctx.Err() != nil {
			return protocol.Landed{Missing: lacking}, nil // the look was cut short
		}
		if proof != "" {
			return protocol.Landed{Landing: &record.Landing{At: record.Interval{Lo: before, Hi: clock.Now()}, Proof: proof}}, nil
		}
		before, lacking = looked, missing
		isOver := time.Duration(clock.Now()-began)-procfs.PressureSince(waited) > landingTimeout
		if isOver || !pause(ctx) {
			return protocol.Landed{Missing: lacking}, nil
		}
	}
}

// End reverts a fault, and waits for the proof that all is as before.
func (h *Holder) End(ctx context.Context, params protocol.UndoParams) (protocol.Released, error) {
	e := h.find(params.Lease)
	if e == nil {
		return protocol.Released{}, fmt.Errorf("no fault is held under %s", params.Lease)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	h.remove(params.Lease)
	h.revert(params.Lease, e)
	released := protocol.Released{Reverted: *e.reverted}
	ctx, cancel := context.WithTimeout(ctx, releaseTimeout)
	defer cancel()
	for {
		released.At.Lo = clock.Now()
		released.Proof = e.held.released(ctx)
		released.At.Hi = clock.Now()
		if released.Proof != "" || !pause(ctx) {
			return released, nil
		}
	}
}

// Undo reverts the fault of a lease, if there is one.
func (h *Holder) Undo(_ context.Context, params protocol.UndoParams) error {
	if e := h.find(params.Lease); e != nil {
		e.mu.Lock()
		defer e.mu.Unlock()
		h.remove(params.Lease)
		h.revert(params.Lease, e)
	}
	return nil
}

// UndoAll reverts every open fault.
func (h *Holder) UndoAll() {
	h.mu.Lock()
	open := h.open
	h.open = nil
	h.mu.Unlock()
	for lease, e := range open {
		e.mu.Lock()
		h.revert(lease, e)
		e.mu.Unlock()
	}
}

// revert reverts a fault, and has the guard forget it. The caller holds the entry's mutex.
func (h *Holder) revert(lease string, e *entry) {
	e.revert()
	h.Guard.Drop(lease)
}

// revert reverts the fault once. The caller holds the mutex.
func (e *entry) revert() {
	if e.reverted != nil {
		return
	}
	at := record.Interval{Lo: clock.Now()}
	e.held.revert()
	at.Hi = clock.Now()
	e.reverted = &at
}

// pause waits for the next look. It is false if ctx has ended.
func pause(ctx context.Context) bool {
	timer := time.NewTimer(lookInterval)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
