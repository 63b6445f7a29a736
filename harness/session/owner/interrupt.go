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

// interrupt carries out an order to a container. It closes the link before, and opens another one afterwards.
func (o *Owner) interrupt(ctx context.Context, p protocol.ContainerParams) (protocol.Interruption, error) {
	live, err := o.open(ctx, p.Sandbox)
	if err != nil {
		return protocol.Interruption{}, err
	}
	gone := live.expectReturn(ctx)
	live.closeLink()
	carryOut := live.carryOut
	if p.Order.Replaces() {
		carryOut = func(ctx context.Context, p protocol.ContainerParams) (protocol.Interruption, error) {
			return o.replace(ctx, live, p)
		}
	}
	done, err := carryOut(ctx, p)
	if err != nil {
		return done, fmt.Errorf("%s the container of sandbox %s: %w", p.Order, p.Sandbox, err)
	}
	if done.Refused != "" {
		_, err = o.restoreAgent(ctx, live, gone)
		return done, err
	}
	began := time.Now()
	if done.Refused, err = o.restoreAgent(ctx, live, gone); err != nil || done.Refused != "" {
		return done, err
	}
	done.AnswerDelay = time.Since(began)
	if err := live.agent.InstallVictim(ctx, protocol.VictimBinary, true); err != nil {
		return done, err
	}
	return done, nil
}

// carryOut does to the container what an order says, and starts it again if that ended it.
func (l *liveSandbox) carryOut(ctx context.Context, p protocol.ContainerParams) (done protocol.Interruption, err error) {
	began := time.Now()
	switch p.Order {
	case protocol.Pause:
		if err := l.freeze(ctx); err != nil {
			return done, err
		}
		began = time.Now()
		select {
		case <-time.After(p.Limit): // the pause itself
		case <-ctx.Done():
		}
		done.Took = time.Since(began)
		return done, errors.Join(ctx.Err(), l.container.Unpause(context.WithoutCancel(ctx)))
	case protocol.Restart:
		if err := l.container.Stop(ctx, p.Limit); err != nil {
			return done, err
		}
	case protocol.KillFirst:
		if err := l.container.Kill(ctx, "SIGKILL"); err != nil {
			return done, err
		}
	case protocol.Revive:
		if l.awaitEnd(ctx) == nil {
			done.Refused = "the container goes on without its supervisor"
			return done, ctx.Err()
		}
	default:
		return done, fmt.Errorf("unknown order %q", p.Order)
	}
	if done.ExitCode, err = l.container.WaitExit(ctx); err != nil {
		return done, err
	}
	done.Took = time.Since(began)
	return done, l.container.Start(ctx)
}

// freezeAttempts is how often freezing is tried. On cgroup v1 runc gives up ("unable to freeze") if processes are being started
// meanwhile, and thaws what it has frozen.
const freezeAttempts = 5

// freeze pauses the container.
func (l *liveSandbox) freeze(ctx context.Context) (err error) {
	for range freezeAttempts {
		if err = l.container.Pause(ctx); err == nil {
			return nil
		}
		select {
		case <-time.After(pollInterval):
		case <-ctx.Done():
			return err
		}
	}
	return err
}

// closeLink ends the link, so that the agent need not wait for its timeout.
func (l *liveSandbox) closeLink() {
	_ = l.link.Close()
	if l.stream != nil { // the agent could not be brought back the last time
		_ = l.stream.Close()
	}
	l.opened.Zinit, l.opened.Dialect = "", ""
}

// find finds the supervisor again after it was replaced.
func (o *Owner) find(ctx context.Context, p protocol.SandboxParams) (protocol.Opened, error) {
	live, err := o.open(ctx, p.Sandbox)
	if err != nil {
		return protocol.Opened{}, err
	}
	if err := o.awaitSupervisor(ctx, live); err != nil {
		live.ended.Store(live.container.Running(ctx) != nil)
		return protocol.Opened{}, err
	}
	return live.opened, nil
}

// restoreAgent brings the agent back into a container that was started again, and waits for its supervisor. refused says why the
// container or the supervisor did not come up; err is an error of the harness.
func (o *Owner) restoreAgent(ctx context.Context, live *liveSandbox, gone *absence) (refused string, err error) {
	live.ended.Store(false)
	err = o.connectAgent(ctx, live)
	agentAnswers := err == nil
	if agentAnswers {
		err = o.awaitReturn(ctx, live, gone)
	}
	ended := live.container.Running(ctx)
	if err != nil && ended == nil {
		ended = live.awaitEnd(ctx)
	}
	switch {
	case err == nil:
		return "", nil
	case ended != nil:
		live.ended.Store(true)
		return oneLine(ended), nil
	case agentAnswers:
		return oneLine(err) + "; last lines: " + live.lastLines(ctx), nil
	}
	return "", fmt.Errorf("bring the agent back into sandbox %s: %w", live.name, err)
}

// endTimeout is the longest time that a container whose agent could not be reached may take to end.
const endTimeout = 2 * time.Second

// awaitEnd returns an error that says how the container has ended, nil if it goes on running.
func (l *liveSandbox) awaitEnd(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, endTimeout)
	defer cancel()
	if _, err := l.container.WaitExit(ctx); err != nil {
		return nil // it runs
	}
	return l.container.Running(context.WithoutCancel(ctx))
}

// lastLines returns the last lines of the container's log, in one line.
func (l *liveSandbox) lastLines(ctx context.Context) string {
	const lines = 5
	var log bytes.Buffer
	if err := l.container.Logs(ctx, &log, lines); err != nil {
		return err.Error()
	}
	return strings.ReplaceAll(strings.TrimSpace(log.String()), "\n", " | ")
}
