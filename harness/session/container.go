package session

import (
	"context"
	"fmt"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/sandbox"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
)

// Interrupt does something to the sandbox's container as a whole. The sandbox has to be one that no other spec
// uses. limit is how long a pause lasts, or how long `docker stop` waits before it kills.
func (b *Sandbox) Interrupt(ctx context.Context, order protocol.Order, limit time.Duration) (protocol.Interruption, error) {
	if b.Name == protocol.MainSandbox {
		return protocol.Interruption{}, recovery.NotProved("the main sandbox is everybody's: its container is left alone")
	}
	var interruption protocol.Interruption
	err := b.session.link.Call(ctx, protocol.MethodContainer, protocol.ContainerParams{Sandbox: b.Name, Order: order, For: limit}, &interruption)
	if err != nil || interruption.Refused != "" {
		return interruption, err
	}
	return interruption, b.FindSupervisor(ctx)
}

// FindSupervisor finds the supervisor after it was replaced, by itself or with its container. The error says
// what is missing when the boot budget is spent, or that the container has ended.
func (b *Sandbox) FindSupervisor(ctx context.Context) error {
	var found protocol.Opened
	if err := b.session.link.Call(ctx, protocol.MethodFind, protocol.SandboxParams{Sandbox: b.Name}, &found); err != nil {
		return err
	}
	b.opened = found
	return nil
}

// About says how the sandbox's container was made.
func (b *Sandbox) About(ctx context.Context) (sandbox.About, error) {
	var about sandbox.About
	err := b.session.link.Call(ctx, protocol.MethodAbout, protocol.SandboxParams{Sandbox: b.Name}, &about)
	return about, err
}

// Canaries are the made-up secrets of protocol.CanarySandbox.
func (b *Sandbox) Canaries(ctx context.Context) (protocol.Canaries, error) {
	var canaries protocol.Canaries
	err := b.session.link.Call(ctx, protocol.MethodCanaries, protocol.SandboxParams{Sandbox: b.Name}, &canaries)
	if err == nil && len(canaries) == 0 {
		err = fmt.Errorf("sandbox %s has no canaries: %s has", b.Name, protocol.CanarySandbox)
	}
	return canaries, err
}

// LoggedCanaries are the names of those canaries that occur in what the container has printed.
func (b *Sandbox) LoggedCanaries(ctx context.Context) ([]string, error) {
	var names []string
	err := b.session.link.Call(ctx, protocol.MethodLogged, protocol.SandboxParams{Sandbox: b.Name}, &names)
	return names, err
}
