package owner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
)

// interrupt carries an order out. The link is ended before, on purpose, and made anew afterwards.
func (o *Owner) interrupt(ctx context.Context, p protocol.ContainerParams) (protocol.Interruption, error) {
	live, err := o.open(ctx, p.Sandbox)
	if err != nil {
		return protocol.Interruption{}, err
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
	if err := live.agent.InstallVictim(ctx, protocol.VictimBinary, true); err != nil {
		return done, err
	}
	return done, nil
}

func (l *liveSandbox) carryOut(ctx context.Context, p protocol.ContainerParams) (done protocol.Interruption, err error) {
	began := time.Now()
	switch p.Order {
	case protocol.Pause:
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
	case protocol.Restart:
		if err := l.container.Stop(ctx, p.For); err != nil {
			return done, err
		}
	case protocol.KillFirst:
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

// find is FindSupervisor's far side.
func (o *Owner) find(ctx context.Context, p protocol.SandboxParams) (protocol.Opened, error) {
	live, err := o.open(ctx, p.Sandbox)
	if err != nil {
		return protocol.Opened{}, err
	}
	if err := o.awaitSupervisor(ctx, live); err != nil {
		live.over.Store(live.container.Running(ctx) != nil)
		return protocol.Opened{}, err
	}
	return live.opened, nil
}

// comeBack brings the agent back into a container that was started again, and waits for its supervisor. It
// returns why one of these two did not come up; the error is the harness's own.
func (o *Owner) comeBack(ctx context.Context, live *liveSandbox) (refused string, err error) {
	live.over.Store(false)
	err = live.connectAgent(ctx, o.agent)
	silent := err == nil
	if silent {
		err = o.awaitSupervisor(ctx, live)
	}
	ended := live.container.Running(ctx)
	if err != nil && ended == nil {
		ended = live.awaitEnd(ctx)
	}
	switch {
	case err == nil:
		return "", nil
	case ended != nil:
		live.over.Store(true)
		return oneLine(ended), nil
	case silent:
		return oneLine(err) + "; last lines: " + live.lastLines(ctx), nil
	}
	return "", fmt.Errorf("bring the agent back into sandbox %s: %w", live.name, err)
}

// ending is how long a container whose agent could not be reached may take to end: it was on the way.
const ending = 2 * time.Second

// awaitEnd returns how the container has ended, nil where it goes on running.
func (l *liveSandbox) awaitEnd(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, ending)
	defer cancel()
	if _, err := l.container.WaitExit(ctx); err != nil {
		return nil // it runs
	}
	return l.container.Running(context.WithoutCancel(ctx))
}

// lastLines are the last things that the container has printed, in one line.
func (l *liveSandbox) lastLines(ctx context.Context) string {
	const lines = 5
	var log bytes.Buffer
	if err := l.container.Logs(ctx, &log, lines); err != nil {
		return err.Error()
	}
	return strings.ReplaceAll(strings.TrimSpace(log.String()), "\n", " | ")
}
