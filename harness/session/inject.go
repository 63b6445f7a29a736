package session

import (
	"cmp"
	"context"
	"errors"
	"time"

	agent "forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/budget"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
)

// Injection is a fault that a spec asks for.
type Injection struct {
	Promise string
	Service protocol.Service
	Fault   fault.Fault
	// ObservationLimit bounds the observation.
	ObservationLimit time.Duration
	// Policy says in words what is due and when, for the text of a failure.
	Policy string
	// Terms are the numbers by which the recovery is due. What they leave out follows from the service and the target.
	Terms record.Terms
	// InTurn keeps the injection at a distance from all others that take turns. What they bring about would otherwise come due in
	// one instant.
	InTurn bool
	// Together allows faults on services that depend on each other to meet, where that is the experiment.
	Together bool
}

// Inject waits until the service is free, leads a fault on it through its life, and adds the recovery to the record. The error is a
// *recovery.Inconclusive if nothing was proved.
func (b *Sandbox) Inject(ctx context.Context, i Injection) (record.Recovery, error) {
	if err := b.checkRegistrable(i.Service.Name); err != nil {
		return record.Recovery{}, err
	}
	if err := protocol.Permit(b.session.Configuration, i.Service.Name, i.Fault); err != nil {
		return record.Recovery{}, err
	}
	lease, release, err := b.acquire(ctx, i.Service.Name, i.Together)
	if err != nil {
		return record.Recovery{}, err
	}
	if i.InTurn {
		if err := b.session.call(ctx, protocol.MethodTurn, nil, nil); err != nil {
			return record.Recovery{}, errors.Join(err, release(context.WithoutCancel(ctx)))
		}
	}
	b.session.progress.Due(i.ObservationLimit)
	seen := record.Recovery{
		ID: b.session.nextID(i.Promise, i.Service.Name, b.Name), Promise: i.Promise, Service: i.Service.Name, Sandbox: b.Name,
		Fault: i.Fault.Name, Seed: b.session.Configuration.Seed, Policy: i.Policy,
		Terms: i.terms(b.session.Target),
	}
	err = recovery.Run(ctx, b, &seen, agent.InjectParams{
		Lease: lease, Fault: i.Fault, Endpoint: i.Service.Endpoint, ObservationLimit: i.ObservationLimit, DueDelay: i.Service.Policy.DelayOfRetry(1),
	})
	if err == nil {
		err = b.session.call(ctx, protocol.MethodDisturbed,
			protocol.DisturbedParams{Sandbox: b.Name, From: seen.Injected.Lo, To: seen.Observed.Hi}, &seen.Disturbed)
	}
	if ctx.Err() != nil {
		err = errors.Join(err, b.Abandon(context.WithoutCancel(ctx), i.Service.Name))
	}
	releaseErr := release(context.WithoutCancel(ctx))
	recordErr := b.session.call(context.WithoutCancel(ctx), protocol.MethodRecovery, protocol.RecoveryParams{Recovery: seen}, nil)
	return seen, errors.Join(err, releaseErr, recordErr)
}

// terms completes the terms of the injection: the first retry by the policy of the service, and the target's own limits.
func (i Injection) terms(t *target.Target) *record.Terms {
	terms, limits := i.Terms, budget.RecordLimits(t.Budgets)
	terms.Policy = budget.RecordPolicy(i.Service.Policy)
	terms.Retry = max(1, terms.Retry)
	terms.StopTimeout = cmp.Or(terms.StopTimeout, limits.StopTimeout)
	terms.Startup = cmp.Or(terms.Startup, limits.Serving-limits.Restart)
	return &terms
}

// Hold waits until the service is free, and reserves it for this process until release is called, over any number of injections.
// What happens to the service meanwhile is no disturbance.
func (b *Sandbox) Hold(ctx context.Context, service string) (release func(context.Context) error, err error) {
	id, free, err := b.acquire(ctx, service, false)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.held == nil {
		b.held = map[string]string{}
	}
	b.held[service] = id
	return func(ctx context.Context) error {
		b.mu.Lock()
		delete(b.held, service)
		b.mu.Unlock()
		return free(ctx)
	}, nil
}

// acquire returns a lease of a service. If Hold has acquired it, release leaves it as it is.
func (b *Sandbox) acquire(ctx context.Context, service string, together bool) (id string, release func(context.Context) error, err error) {
	b.mu.Lock()
	id, ours := b.held[service]
	b.mu.Unlock()
	if ours {
		return id, func(context.Context) error { return nil }, nil
	}
	b.session.progress.Await("its turn at " + service)
	defer b.session.progress.Await("")
	var lease protocol.Lease
	err = b.session.call(ctx, protocol.MethodLease, protocol.LeaseParams{Sandbox: b.Name, Service: service, Together: together}, &lease)
	release = func(ctx context.Context) error {
		return b.session.call(ctx, protocol.MethodRelease, lease, nil)
	}
	return lease.ID, release, err
}
