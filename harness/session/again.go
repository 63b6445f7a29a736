package session

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"
)

// FindSupervisor finds the supervisor after it was replaced, by itself or with its container. The error says
// what is missing when the boot budget is spent, or that the container has ended.
func (b *Sandbox) FindSupervisor(ctx context.Context) error {
	var found opened
	if err := b.session.link.Call(ctx, methodFind, sandboxParams{Sandbox: b.Name}, &found); err != nil {
		return err
	}
	b.opened = found
	return nil
}

// find is FindSupervisor's far side.
func (o *Owner) find(ctx context.Context, p sandboxParams) (opened, error) {
	live, err := o.open(ctx, p.Sandbox)
	if err != nil {
		return opened{}, err
	}
	if err := o.awaitSupervisor(ctx, live); err != nil {
		live.over.Store(live.container.Running(ctx) != nil)
		return opened{}, err
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
