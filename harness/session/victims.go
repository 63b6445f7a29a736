package session

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// pollInterval is the pause between two looks at something that reports no event.
const pollInterval = 50 * time.Millisecond

// Register registers a victim, and waits until it serves and the supervisor calls it running. A supervisor may gate the start by
// its health checks, and a fault before that would prove something else. The caller deletes the victim with Delete.
func (b *Sandbox) Register(ctx context.Context, plan protocol.VictimPlan) (protocol.Service, error) {
	if _, err := b.Supervisor.Register(ctx, plan.Definition()); err != nil {
		if errors.Is(err, zinit.ErrNotExpressible) {
			return protocol.Service{}, recovery.NotExpressible(err)
		}
		if refused := new(zinit.Error); errors.As(err, &refused) {
			return protocol.Service{}, recovery.NotProved(fmt.Sprintf("%s cannot be registered: %v", plan.Name, err))
		}
		return protocol.Service{}, fmt.Errorf("register %s: %w", plan.Name, err)
	}
	for {
		waiting := b.checkRunning(ctx, plan)
		if waiting == nil {
			return plan.Of(), b.session.call(ctx, protocol.MethodAdopt, protocol.AdoptParams{
				Sandbox: b.Name, Service: plan.Name, Endpoint: plan.Endpoint(), Requires: plan.Requires,
			}, nil)
		}
		select {
		case <-time.After(pollInterval):
		case <-ctx.Done():
			return protocol.Service{}, recovery.NotProved(fmt.Sprintf("%s was registered and does not run: %v; zinit says %q",
				plan.Name, waiting, b.StatusText(context.WithoutCancel(ctx), plan.Name)))
		}
	}
}

// checkRunning returns an error if a victim does not serve or the supervisor does not call it running.
func (b *Sandbox) checkRunning(ctx context.Context, plan protocol.VictimPlan) error {
	status, err := b.Supervisor.Status(ctx, plan.Name)
	if err != nil {
		return err
	}
	if status.State != zinit.StateRunning {
		return fmt.Errorf("it is %s", status.State)
	}
	return recovery.CheckSteady(ctx, b, plan.Endpoint())
}

// checkRegistrable returns an *recovery.Inconclusive if a service is a victim and the supervisor cannot be told of victims.
func (b *Sandbox) checkRegistrable(service string) error {
	if b.opened.Dialect.Registers() || !strings.HasPrefix(service, protocol.VictimPrefix) {
		return nil
	}
	_, err := b.Supervisor.Register(context.Background(), zinit.Definition{})
	return recovery.NotExpressible(err)
}

// Discard deletes a victim that nobody needs any more. zinit 0.3 answers nobody for up to 5 s while it deletes, and loses track of
// other services (registration.delete-neighbours): its victims stay until their container goes.
func (b *Sandbox) Discard(ctx context.Context, name string) error {
	if b.Supervisor.Dialect() == zinit.Dialect03 {
		return b.Dismiss(ctx, name)
	}
	return b.Delete(ctx, name)
}

// Delete deletes a victim.
func (b *Sandbox) Delete(ctx context.Context, name string) error {
	if !strings.HasPrefix(name, protocol.VictimPrefix) {
		return fmt.Errorf("delete %s: it is not ours", name)
	}
	if err := b.Dismiss(ctx, name); err != nil {
		return fmt.Errorf("delete it: %w", err)
	}
	return b.Supervisor.Delete(ctx, name)
}

// Dismiss takes a service out of the census: its end is no disturbance from then on. In the main sandbox, whose services all specs
// share, it must be a victim.
func (b *Sandbox) Dismiss(ctx context.Context, service string) error {
	if b.Name == protocol.MainSandbox && !strings.HasPrefix(service, protocol.VictimPrefix) {
		return fmt.Errorf("dismiss %s: all specs share the services of the main sandbox; only a victim may be dismissed", service)
	}
	return b.Abandon(ctx, service)
}

// Abandon takes a service out of the census after an experiment on it was cut short: it may still end by what it was told before.
func (b *Sandbox) Abandon(ctx context.Context, service string) error {
	if err := b.session.call(ctx, protocol.MethodDismiss, protocol.AdoptParams{Sandbox: b.Name, Service: service}, nil); err != nil {
		return fmt.Errorf("dismiss %s: %w", service, err)
	}
	return nil
}
