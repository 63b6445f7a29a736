package session

import (
	"context"
	"fmt"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
)

// Interrupt carries out an order to the sandbox's container. No other spec may use the sandbox. limit is how long a pause lasts, or how
// long `docker stop` waits before it kills.
func (b *Sandbox) Interrupt(ctx context.Context, order protocol.Order, limit time.Duration) (protocol.Interruption, error) {
	if b.Name == protocol.MainSandbox {
		return protocol.Interruption{}, recovery.NotProved("all specs share the main sandbox: its container is not interrupted")
	}
	var interruption protocol.Interruption
	err := b.session.call(ctx, protocol.MethodContainer, protocol.ContainerParams{Sandbox: b.Name, Order: order, Limit: limit}, &interruption)
	if err != nil || interruption.Refused != "" {
		return interruption, err
	}
	if err := b.FindSupervisor(ctx); err != nil {
		return interruption, err
	}
	if order.Replaces() {
		b.Supervisor, err = b.opened.Supervisor(ctx, protocol.PortDialer(b.session.link, b.Name, b.opened.Zinit), b.Agent()) // another image may speak otherwise
	}
	return interruption, err
}

// KillSupervisor kills the supervisor, and waits until another one answers. A container that ends with its supervisor is started again, as
// whoever runs it would: the interruption says so. One that goes on without its supervisor refuses. No other spec may use the sandbox.
func (b *Sandbox) KillSupervisor(ctx context.Context, injection Injection) (protocol.Interruption, error) {
	if b.SupervisorPID() == 1 {
		return b.Interrupt(ctx, protocol.KillFirst, 0) // only Docker can kill it
	}
	_, err := b.Inject(ctx, injection)
	if b.FindSupervisor(ctx) == nil {
		return protocol.Interruption{}, err
	}
	return b.Interrupt(ctx, protocol.Revive, 0)
}

// FindSupervisor finds the supervisor after it was replaced, by itself or with its container. The error says what is missing when
// the boot budget is spent, or that the container has ended.
func (b *Sandbox) FindSupervisor(ctx context.Context) error {
	var found protocol.Opened
	if err := b.session.call(ctx, protocol.MethodFind, protocol.SandboxParams{Sandbox: b.Name}, &found); err != nil {
		return err
	}
	b.opened = found
	return nil
}

// Canaries returns the made-up secrets of protocol.CanarySandbox.
func (b *Sandbox) Canaries(ctx context.Context) (protocol.Canaries, error) {
	var canaries protocol.Canaries
	err := b.session.call(ctx, protocol.MethodCanaries, protocol.SandboxParams{Sandbox: b.Name}, &canaries)
	if err == nil && len(canaries) == 0 {
		err = fmt.Errorf("read the canaries of sandbox %s: it has none; use sandbox %s", b.Name, protocol.CanarySandbox)
	}
	return canaries, err
}

// LoggedCanaries returns the names of the canaries that occur in the container's log.
func (b *Sandbox) LoggedCanaries(ctx context.Context) ([]string, error) {
	var names []string
	err := b.session.call(ctx, protocol.MethodLogged, protocol.SandboxParams{Sandbox: b.Name}, &names)
	return names, err
}
