package owner

import (
	"context"
	"errors"
	"fmt"

	agent "forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
)

// beginLasting begins a lasting fault in a sandbox that the client has leased, and waits for the proof that it landed. A fault that
// did not land is reverted.
func (h *heldLeases) beginLasting(ctx context.Context, p protocol.LastingParams) (begun protocol.LastingBegun, err error) {
	o := h.owner
	if err := protocol.PermitLasting(o.configuration, p.Fault); err != nil {
		return begun, err
	}
	if s, held := o.leases.subjectOf(p.Lease); !held || s.sandbox != p.Sandbox || !h.holds(p.Lease) {
		return begun, fmt.Errorf("begin %s in sandbox %s: the client has no lease of it", p.Fault, p.Sandbox)
	}
	live, err := o.open(ctx, p.Sandbox)
	if err != nil {
		return begun, err
	}
	params := agent.LastingParams{Lease: p.Lease, Fault: p.Fault, SupervisorPID: live.opened.SupervisorPID, Path: p.Path}
	if live.opened.Zinit != "" {
		params.RPC = protocol.SupervisorEndpoint(live.opened.Zinit)
	}
	if begun.Injected, err = live.agent.BeginLasting(ctx, params); err != nil {
		return begun, err
	}
	if err := live.impose(ctx, p); err != nil {
		return begun, errors.Join(err, live.agent.Undo(context.WithoutCancel(ctx), p.Lease))
	}
	if p.Fault.Way == fault.ByDocker { // the agent has only looked
		begun.Injected.Hi = o.clock.latest()
	}
	if begun.Landed, err = live.agent.ProveLasting(ctx, p.Lease); err != nil || begun.Landing == nil {
		err = errors.Join(err, live.endLimits(context.WithoutCancel(ctx), p.Lease), live.agent.Undo(context.WithoutCancel(ctx), p.Lease))
	}
	return begun, err
}

// endLasting reverts a lasting fault, and waits for the proof that all is as before.
func (h *heldLeases) endLasting(ctx context.Context, p protocol.LastingParams) (agent.Released, error) {
	live, err := h.owner.open(ctx, p.Sandbox)
	if err != nil {
		return agent.Released{}, err
	}
	began := h.owner.clock.earliest()
	if err := live.endLimits(ctx, p.Lease); err != nil {
		return agent.Released{}, err
	}
	released, err := live.agent.EndLasting(ctx, p.Lease)
	if p.Fault.Way == fault.ByDocker {
		released.Reverted.Lo = began
	}
	return released, err
}

// impose carries out a lasting fault that goes through Docker. Others are the agent's.
func (l *liveSandbox) impose(ctx context.Context, p protocol.LastingParams) error {
	if p.Fault.Way != fault.ByDocker {
		return nil
	}
	l.mu.Lock()
	l.limited, l.limit = p.Lease, p.Fault.Name // before it is: what was begun by halves is ended as well
	l.mu.Unlock()
	return l.setLimit(ctx, p.Fault.Name, p.Fault.Amount)
}

// setLimit does to the container what a fault consists of: it lowers a limit, or stops process 1. An amount of 0 undoes it.
func (l *liveSandbox) setLimit(ctx context.Context, name string, amount int64) error {
	switch name {
	case fault.SupervisorStopped.Name, fault.BacklogFull.Name:
		if amount == 0 {
			return l.container.Kill(ctx, "SIGCONT")
		}
		return l.container.Kill(ctx, "SIGSTOP")
	case fault.CPUStarved.Name:
		return l.container.LimitCPU(ctx, amount)
	case fault.ProcessesGone.Name:
		return l.container.LimitProcesses(ctx, amount)
	case fault.OOMKill.Name:
		return l.container.LimitMemory(ctx, amount)
	}
	return fmt.Errorf("begin %s: Docker has no limit for it", name)
}

// endLimits takes the limits away that a lease has set, if it has set any.
func (l *liveSandbox) endLimits(ctx context.Context, lease string) error {
	l.mu.Lock()
	ours, limit := l.limited == lease, l.limit
	l.mu.Unlock()
	if !ours || l.ended.Load() {
		return nil
	}
	if err := l.setLimit(ctx, limit, 0); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.limited, l.limit = "", ""
	return nil
}

// holds reports whether the client holds a lease.
func (h *heldLeases) holds(id string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, ours := h.ids[id]
	return ours
}
