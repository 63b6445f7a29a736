package session

import (
	"context"
	"fmt"

	agent "forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
)

// Lasting is a fault that is being held in a sandbox.
type Lasting struct {
	// Begun says when it was injected, and what proves that it landed.
	Begun protocol.LastingBegun

	sandbox *Sandbox
	params  protocol.LastingParams
	seen    record.Lasting
	ended   bool
}

// Seen returns what is known of the fault so far, for the record.
func (l *Lasting) Seen() record.Lasting { return l.seen }

// Begin leases all of the sandbox, begins a lasting fault in it, and waits for its landing. The caller ends it. path is what the fault
// is about, such as a folder or the control socket of a service of ours, or empty. The error is a *recovery.Inconclusive if it did not land.
// A supervisor that is process 1 is stopped through Docker.
func (b *Sandbox) Begin(ctx context.Context, f fault.Lasting, path string) (*Lasting, error) {
	if b.Name == protocol.MainSandbox {
		return nil, recovery.NotProved("all specs share the main sandbox: no lasting fault is injected into it")
	}
	if f.StopsSupervisor() && b.SupervisorPID() == 1 {
		f = f.ThroughDocker()
	}
	lease, release, err := b.acquire(ctx, protocol.WholeSandbox, false)
	if err != nil {
		return nil, err
	}
	l := &Lasting{sandbox: b, params: protocol.LastingParams{Sandbox: b.Name, Lease: lease, Fault: f, Path: path}}
	err = b.session.call(ctx, protocol.MethodBeginLasting, l.params, &l.Begun)
	if err == nil && l.Begun.Landing == nil {
		err = recovery.NotProved(fmt.Sprintf("%s did not land: %s", f, l.Begun.Missing))
	}
	if err != nil {
		_ = release(context.WithoutCancel(ctx)) // it reverts the fault
		return nil, err
	}
	landing := l.Begun.Landing
	l.seen = record.Lasting{Fault: f.Name, Sandbox: b.Name, Injected: l.Begun.Injected, Landed: &landing.At, LandingProof: landing.Proof}
	return l, nil
}

// End reverts the fault and waits for the proof that all is as before. The lease is kept until Release: what happens until then is
// explained by the fault.
func (l *Lasting) End(ctx context.Context) (agent.Released, error) {
	if l.ended {
		return agent.Released{}, nil
	}
	l.ended = true
	var released agent.Released
	err := l.sandbox.session.call(context.WithoutCancel(ctx), protocol.MethodEndLasting, l.params, &released)
	if err == nil {
		l.seen.Reverted = &released.Reverted
	}
	if released.Proof != "" {
		l.seen.Released, l.seen.ReleaseProof = &released.At, released.Proof
	}
	if err == nil && released.Proof == "" {
		err = recovery.NotProved(fmt.Sprintf("%s was reverted, and nothing shows that all is as before", l.params.Fault))
	}
	return released, err
}

// Release gives the sandbox back. It reverts the fault if End was not called.
func (l *Lasting) Release(ctx context.Context) error {
	l.ended = true
	return l.sandbox.session.call(context.WithoutCancel(ctx), protocol.MethodRelease, protocol.Lease{ID: l.params.Lease}, nil)
}
