package agent

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/probe"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

const (
	// retryInterval is the pause between attempts while nothing suggests that the service is about to listen.
	retryInterval = 20 * time.Millisecond
	// eagerPeriod is the time for which attempts follow each other at the tick after a sign of life.
	eagerPeriod = 250 * time.Millisecond
	// replyTimeout is the time for which one question waits for its reply before another connection is tried. It is above the slowest healthy
	// reply that a promise grants (1 s).
	replyTimeout = 3 * time.Second
)

// outcome is the result of asking a service.
type outcome int

const (
	refused  outcome = iota // no connection
	silent                  // connected, and no reply
	answered                // connected, and a reply that is not good
	good                    // a good reply
)

// answer is one attempt to ask a service.
type answer struct {
	outcome   outcome
	began     int64
	connected int64
	ended     int64
	peer      int // of a unix socket
	err       error
}

// ask connects, asks once and reads the reply.
func ask(ctx context.Context, endpoint protocol.Endpoint, limit time.Duration) answer {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	a := answer{began: now()}
	conn, err := dial(ctx, endpoint)
	a.connected, a.ended = now(), now()
	if err != nil {
		a.err = err
		return a
	}
	defer func() { _ = conn.Close() }()
	if endpoint.Socket != "" {
		a.peer, _ = peer(conn)
	}
	a.err = endpoint.Question().Ask(ctx, conn)
	a.ended = now()
	switch {
	case a.err == nil:
		a.outcome = good
	case errors.Is(a.err, probe.ErrNoReply):
		a.outcome = silent
	default:
		a.outcome = answered
	}
	return a
}

func dial(ctx context.Context, endpoint protocol.Endpoint) (net.Conn, error) {
	var dialer net.Dialer
	if endpoint.Socket != "" {
		return dialer.DialContext(ctx, "unix", endpoint.Socket)
	}
	return dialer.DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", endpoint.Port))
}

// awaitService asks until the first good reply. It asks each millisecond after a sign of life (a new process, a change beside the socket),
// else at retryInterval. It fills Accepting, Serving and After.
func (o *observation) awaitService(ctx context.Context, respawned <-chan struct{}) {
	signs, stop := watchSocketFolder(o.params.Endpoint)
	defer stop()
	lastRefused := o.seen.Exited.Lo
	lastBad := o.seen.Exited.Lo
	var eagerUntil int64
	for ctx.Err() == nil {
		a := ask(ctx, o.params.Endpoint, replyTimeout)
		if a.outcome == refused || a.peer == o.params.Victim.Serving.PID {
			lastRefused = a.began
		} else if o.seen.Accepting == nil {
			o.seen.Accepting = &record.Interval{Lo: lastRefused, Hi: a.connected}
		}
		if a.outcome == good {
			// It could not serve yet when the last attempt failed.
			o.seen.Serving = &record.Interval{Lo: max(lastBad, o.seen.Accepting.Lo), Hi: a.ended}
			o.identifyNew(ctx, a.peer)
			return
		}
		o.seen.LastRefusal = a.err.Error()
		lastBad = a.began
		pause := retryInterval
		if now() < eagerUntil {
			pause = tickInterval
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-respawned:
			respawned = nil
			eagerUntil = now() + int64(eagerPeriod)
		case <-signs:
			eagerUntil = now() + int64(eagerPeriod)
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// identifyNew fills After with the process that gave the good reply.
func (o *observation) identifyNew(ctx context.Context, peer int) {
	var identity protocol.Identity
	var err error
	if peer != 0 {
		identity, err = identityOf(peer, o.params.SupervisorPID, "peer of "+o.params.Endpoint.Socket)
	} else {
		identity, err = identify(ctx, protocol.IdentifyParams{Endpoint: o.params.Endpoint, SupervisorPID: o.params.SupervisorPID})
	}
	if err == nil {
		o.seen.After = &identity
	}
}

// watchSocketFolder reports changes in the folder of a unix socket (inotify), where bind makes the file. A port has no folder.
func watchSocketFolder(endpoint protocol.Endpoint) (signs <-chan struct{}, stop func()) {
	if endpoint.Socket == "" {
		return nil, func() {}
	}
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, func() {}
	}
	if _, err := unix.InotifyAddWatch(fd, filepath.Dir(endpoint.Socket), unix.IN_CREATE|unix.IN_MOVED_TO); err != nil {
		_ = unix.Close(fd)
		return nil, func() {}
	}
	return readSigns(fd, filepath.Base(endpoint.Socket))
}

// equalArgv reports whether two command lines are equal. An empty one (a zombie, a kernel thread) equals none.
func equalArgv(a, b []string) bool { return len(a) > 0 && slices.Equal(a, b) }
