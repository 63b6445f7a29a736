// Package reap removes what a session has left behind in Docker. It runs in a container of its own, so that it outlives a harness that
// is killed. It is a part of the agent's binary: moby's client adds only 0.9 MB to it, and no time to its start.
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

// Label is the key of the label of every container, network and volume of a session. Its value is the session's id.
const Label = "hero_chaos.session"

// The lines that a reaper and its session exchange.
const (
	// Ready starts the line that the reaper writes once it has reached Docker, followed by the daemon's id: a socket can lead to
	// another daemon than the session's.
	Ready = "ready"
	// File starts a line of the session, followed by the id of a container that is not its own and the path of a file that is being
	// copied there. The file removes itself once it runs; after a kill, the reaper does.
	File = "file"
	// Done is written by the session before it closes the connection in an orderly end. Nothing is being created any more then, so
	// one empty look is enough.
	Done = "done"
	// Reaped starts the reaper's last line, followed by how many objects it removed.
	Reaped = "reaped"
)

const (
	// latePeriod is the time for which the reaper goes on looking after a session was killed: Docker may still be creating something.
	latePeriod = 2 * time.Second
	// sweepTimeout bounds the removal of what cannot be removed at first.
	sweepTimeout = time.Minute
	// sweepInterval is the time between two looks.
	sweepInterval = 200 * time.Millisecond
)

// CheckID returns an error unless id is a session's: 1 to 128 letters, digits, `_`, `.` and `-`. An empty one would match the label of
// every session.
func CheckID(id string) error {
	if !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$`).MatchString(id) {
		return fmt.Errorf("session id %q: use 1 to 128 letters, digits, '_', '.' or '-', the first a letter or digit", id)
	}
	return nil
}

// Run writes Ready and the daemon's id when it has reached the daemon at socket, a path, and waits until in ends. It then removes every
// container, network and volume with the session's label, and the files that the session named if it was killed, and writes Reaped with
// a count of the former. If ctx ends before, it removes nothing. The error names what could not be removed within a minute.
func Run(ctx context.Context, session, socket string, in io.Reader, out io.Writer) error {
	if err := CheckID(session); err != nil {
		return err
	}
	docker, err := client.New(client.WithHost("unix://" + socket))
	if err != nil {
		return fmt.Errorf("reach Docker at %s: %w", socket, err)
	}
	defer func() { _ = docker.Close() }()
	about, err := docker.Info(ctx, client.InfoOptions{})
	if err != nil {
		return fmt.Errorf("reach Docker at %s: %w", socket, err)
	}
	if _, err := fmt.Fprintln(out, Ready, about.Info.ID); err != nil {
		return fmt.Errorf("report that the reaper is ready: %w", err)
	}
	end, err := waitEnd(ctx, in)
	if err != nil {
		return err
	}
	removed, err := sweepAll(ctx, docker, session, end)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintln(out, Reaped, removed) // the session may have been killed
	return nil
}

// end describes the end of a session.
type end struct {
	orderly bool   // it announced it
	files   []file // it named them, and may not have removed them
}

// waitEnd reads until in ends, and returns how the session ended.
func waitEnd(ctx context.Context, in io.Reader) (end, error) {
	ended := make(chan end, 1)
	go func() {
		var e end
		for lines := bufio.NewScanner(in); lines.Scan(); {
			line := strings.TrimSpace(lines.Text())
			e.orderly = line == Done
			if words := strings.SplitN(line, " ", 3); len(words) == 3 && words[0] == File {
				e.files = append(e.files, file{container: words[1], path: words[2]})
			}
		}
		ended <- e
	}()
	select {
	case e := <-ended:
		return e, nil
	case <-ctx.Done():
		return end{}, fmt.Errorf("wait for the session's end: %w", ctx.Err())
	}
}

// sweepAll sweeps until it finds nothing more.
func sweepAll(ctx context.Context, docker *client.Client, session string, end end) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, sweepTimeout)
	defer cancel()
	began := time.Now()
	removed := 0
	for {
		found, gone, err := sweep(ctx, docker, session)
		removed += gone
		isOver := end.orderly || time.Since(began) >= latePeriod
		if isOver && !end.orderly {
			removeFiles(ctx, docker, end.files)
		}
		if err == nil && found == 0 && isOver {
			return removed, nil
		}
		select {
		case <-time.After(sweepInterval):
		case <-ctx.Done():
			return removed, fmt.Errorf("remove what session %s left: %w", session, errors.Join(ctx.Err(), err))
		}
	}
}
