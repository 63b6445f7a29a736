// Package reap removes what a session has left behind in Docker. It runs in a container of its own,
// so that it outlives a harness that is killed. The agent's binary carries it: moby's client adds
// 0.9 MB to one that has net/http already, and no time to its start.
package reap

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/moby/moby/client"
)

// Label is the key of the label that every container, network and volume of a session carries. Its
// value is the session's id.
const Label = "hero_chaos.session"

// The lines that a reaper and its session exchange.
const (
	// Ready is what the reaper writes once it has reached Docker.
	Ready = "ready"
	// Done is what the session writes before it closes the connection, when it has come to its own
	// end: nothing is being created any more, so one empty look is enough.
	Done = "done"
	// Reaped starts the reaper's last line, followed by how many objects it removed.
	Reaped = "reaped"
)

const (
	// linger is how long after the death of a session the reaper goes on looking: a creation that
	// Docker was working on may still come to be.
	linger = 2 * time.Second
	// limit is the longest the reaper tries to remove what does not want to go.
	limit = time.Minute
	// pause is the time between two looks.
	pause = 200 * time.Millisecond
)

// CheckID says whether id can name a session: 1 to 128 letters, digits, `_`, `.` and `-`. (An empty
// one would match the label of every session.)
func CheckID(id string) error {
	if !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$`).MatchString(id) {
		return fmt.Errorf("session id %q: use 1 to 128 letters, digits, '_', '.' or '-', the first a letter or digit", id)
	}
	return nil
}

// Run waits until in ends and then removes every container, network and volume with the session's
// label from the daemon that listens on socket, a path. It writes Ready when it can do so, and
// Reaped with a count when nothing is left. It ends with ctx without having removed anything, and
// with an error that names what it could not remove within a minute.
func Run(ctx context.Context, session, socket string, in io.Reader, out io.Writer) error {
	if err := CheckID(session); err != nil {
		return err
	}
	docker, err := client.New(client.WithHost("unix://" + socket))
	if err != nil {
		return fmt.Errorf("reach Docker at %s: %w", socket, err)
	}
	defer func() { _ = docker.Close() }()
	if _, err := docker.Ping(ctx, client.PingOptions{}); err != nil {
		return fmt.Errorf("reach Docker at %s: %w", socket, err)
	}
	if _, err := fmt.Fprintln(out, Ready); err != nil {
		return fmt.Errorf("report that the reaper is ready: %w", err)
	}
	orderly, err := waitEnd(ctx, in)
	if err != nil {
		return err
	}
	removed, err := sweepAll(ctx, docker, session, orderly)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintln(out, Reaped, removed) // the session may be dead, and usually is
	return nil
}

// waitEnd reads until in ends, and says whether the session announced its end.
func waitEnd(ctx context.Context, in io.Reader) (orderly bool, err error) {
	ended := make(chan bool, 1)
	go func() {
		last := ""
		for lines := bufio.NewScanner(in); lines.Scan(); {
			last = strings.TrimSpace(lines.Text())
		}
		ended <- last == Done
	}()
	select {
	case orderly = <-ended:
		return orderly, nil
	case <-ctx.Done():
		return false, fmt.Errorf("wait for the session's end: %w", ctx.Err())
	}
}

// sweepAll looks again and again until it finds nothing more.
func sweepAll(ctx context.Context, docker *client.Client, session string, orderly bool) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	begun := time.Now()
	removed := 0
	for {
		found, gone, err := sweep(ctx, docker, session)
		removed += gone
		if err == nil && found == 0 && (orderly || time.Since(begun) >= linger) {
			return removed, nil
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return removed, fmt.Errorf("remove what session %s left: %w", session, errors.Join(ctx.Err(), err))
		}
	}
}
