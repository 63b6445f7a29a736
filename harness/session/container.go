package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
)

// Order is something that is done to a container as a whole, through Docker.
type Order string

// The orders. Each ends with the container running again and the agent back in it.
const (
	// Pause freezes every process for a while.
	Pause Order = "pause"
	// Restart stops the container as `docker stop` does, within a time, and starts it again.
	Restart Order = "restart"
	// KillFirst sends SIGKILL to the container's first process, and starts the container again where that
	// has ended it.
	KillFirst Order = "kill-pid1"
)

// Interruption is how an order was carried out.
type Interruption struct {
	// Took is from the order to its effect: how long `docker stop` took, or the pause lasted.
	Took time.Duration `json:"took_ns"`
	// ExitCode is the container's first process's, where it ended.
	ExitCode int `json:"exit_code"`
	// Back is from the start of the container to the supervisor's first answer.
	Back time.Duration `json:"back_ns"`
	// Refused says why the container or its supervisor did not come up again: the container's last words where
	// it has ended. Empty where they did.
	Refused string `json:"refused,omitempty"`
}

// Interrupt does something to the sandbox's container as a whole. The sandbox has to be one that no other spec
// uses. limit is how long a pause lasts, or how long `docker stop` waits before it kills.
func (b *Sandbox) Interrupt(ctx context.Context, order Order, limit time.Duration) (Interruption, error) {
	if b.Name == MainSandbox {
		return Interruption{}, &recovery.Inconclusive{Reason: "the main sandbox is everybody's: its container is left alone"}
	}
	var interruption Interruption
	err := b.session.link.Call(ctx, methodContainer, containerParams{Sandbox: b.Name, Order: order, For: limit}, &interruption)
	if err != nil || interruption.Refused != "" {
		return interruption, err
	}
	return interruption, b.FindSupervisor(ctx)
}

// interrupt carries an order out. The link is ended before, on purpose, and made anew afterwards.
func (o *Owner) interrupt(ctx context.Context, p containerParams) (Interruption, error) {
	live, err := o.open(ctx, p.Sandbox)
	if err != nil {
		return Interruption{}, err
	}
	live.unlink()
	done, err := live.carryOut(ctx, p)
	if err != nil {
		return done, fmt.Errorf("%s the container of sandbox %s: %w", p.Order, p.Sandbox, err)
	}
	began := time.Now()
	if done.Refused, err = o.comeBack(ctx, live); err != nil || done.Refused != "" {
		return done, err
	}
	done.Back = time.Since(began)
	if err := live.agent.InstallVictim(ctx, victimBinary, true); err != nil {
		return done, err
	}
	return done, nil
}

func (l *liveSandbox) carryOut(ctx context.Context, p containerParams) (done Interruption, err error) {
	began := time.Now()
	switch p.Order {
	case Pause:
		if err := l.freeze(ctx); err != nil {
			return done, err
		}
		began = time.Now()
		select {
		case <-time.After(p.For): // the pause itself
		case <-ctx.Done():
		}
		done.Took = time.Since(began)
		return done, errors.Join(ctx.Err(), l.container.Unpause(context.WithoutCancel(ctx)))
	case Restart:
		if err := l.container.Stop(ctx, p.For); err != nil {
			return done, err
		}
	case KillFirst:
		if err := l.container.Kill(ctx, "SIGKILL"); err != nil {
			return done, err
		}
	default:
		return done, fmt.Errorf("there is no order %q", p.Order)
	}
	if done.ExitCode, err = l.container.WaitExit(ctx); err != nil {
		return done, err
	}
	done.Took = time.Since(began)
	return done, l.container.Start(ctx)
}

// freezing is how often a container is frozen before that counts as impossible: on cgroup v1 runc gives up ("unable to
// freeze") where processes are being started meanwhile, and thaws what it has frozen.
const freezing = 5

// freeze pauses the container.
func (l *liveSandbox) freeze(ctx context.Context) (err error) {
	for range freezing {
		if err = l.container.Pause(ctx); err == nil {
			return nil
		}
		select {
		case <-time.After(look):
		case <-ctx.Done():
			return err
		}
	}
	return err
}

// unlink ends the link, so that the agent does not have to find out that nobody answers.
func (l *liveSandbox) unlink() {
	_ = l.link.Close()
	if l.stream != nil { // the agent could not be brought back the last time
		_ = l.stream.Close()
	}
	l.opened.Zinit, l.opened.Dialect = "", ""
}
