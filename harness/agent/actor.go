package agent

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
)

// actor is whoever is in a service's place.
type actor struct {
	listener net.Listener
	stop     context.CancelFunc
	closes   []func()
	armed    atomic.Bool
	asked    chan struct{} // gets one when somebody connects after it was armed
}

// vacated is how long a port is waited for that was just left: a process that is being made may hold it a moment.
const vacated = 3 * time.Second

// perform puts somebody into the place of the service.
func perform(ctx context.Context, params protocol.TrialParams, reply []byte) (*actor, error) {
	for began := now(); ; {
		a, err := performOnce(ctx, params, reply)
		if !errors.Is(err, unix.EADDRINUSE) || ctx.Err() != nil || now()-began > int64(vacated) {
			return a, err
		}
		pauseUntil(ctx.Done(), slowRetry)
	}
}

func performOnce(ctx context.Context, params protocol.TrialParams, reply []byte) (*actor, error) {
	ctx, stop := context.WithCancel(ctx)
	a := &actor{stop: stop, asked: make(chan struct{}, 1)}
	endpoint := params.Endpoint
	if endpoint.Socket != "" {
		if err := os.Remove(endpoint.Socket); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("clear the place: %w", err)
		}
	}
	var err error
	switch params.Behaviour {
	case protocol.Missing:
		return a, nil
	case protocol.Backlog:
		err = a.fillBacklog(endpoint)
	default:
		if a.listener, err = occupy(ctx, endpoint); err == nil && params.Behaviour == protocol.Stale {
			err = a.listener.Close()
			a.listener = nil
		}
	}
	if err != nil {
		a.close()
		return nil, fmt.Errorf("put somebody into the place: %w", err)
	}
	if a.listener != nil {
		go a.serve(ctx, params, reply)
	}
	return a, nil
}

// occupy listens in the service's place. A socket file outlives its listener, as a service's does that is killed.
func occupy(ctx context.Context, endpoint protocol.Endpoint) (net.Listener, error) {
	var configuration net.ListenConfig
	if endpoint.Socket == "" {
		return configuration.Listen(ctx, "tcp", fmt.Sprintf(":%d", endpoint.Port)) // whichever name of this host is asked
	}
	listener, err := configuration.Listen(ctx, "unix", endpoint.Socket)
	if unixListener, ok := listener.(*net.UnixListener); ok {
		unixListener.SetUnlinkOnClose(false)
	}
	return listener, err
}

// serve answers as the behaviour says. A stopped service's clients are accepted and never read.
func (a *actor) serve(ctx context.Context, params protocol.TrialParams, reply []byte) {
	listener := noting{Listener: a.listener, actor: a}
	if params.Behaviour == protocol.Stopped {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			context.AfterFunc(ctx, func() { _ = conn.Close() })
		}
	}
	impostor := victim.Impostor{HTTP: params.Endpoint.Path != "", Good: reply, Behaviour: params.Behaviour}
	switch params.Behaviour {
	case protocol.Slow:
		impostor.Behaviour, impostor.ReplyDelay = victim.Good, params.Delay
	case victim.Drip:
		impostor.DripFor = params.Delay
	default:
	}
	_ = impostor.Serve(ctx, listener)
}

// noting tells of connections.
type noting struct {
	net.Listener
	actor *actor
}

// Accept accepts a connection and notes that there was one.
func (n noting) Accept() (net.Conn, error) {
	conn, err := n.Listener.Accept()
	if err == nil && n.actor.armed.Load() {
		select {
		case n.actor.asked <- struct{}{}:
		default:
		}
	}
	return conn, err
}

// awaitQuestion waits until somebody connects or the command ends; at most a second, for not everybody who is in
// the place notices.
func (a *actor) awaitQuestion(ctx context.Context, ended <-chan struct{}) {
	timer := time.NewTimer(time.Second)
	defer timer.Stop()
	select {
	case <-a.asked:
	case <-ended:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// landed asks our own question, which has to meet what was put there. It says what it met. A socket that was
// closed may be open for a moment yet, in a process that is just being made and has not become another program.
func (a *actor) landed(ctx context.Context, params protocol.TrialParams) (string, error) {
	defer a.armed.Store(true)
	const enough = time.Second
	for began := now(); ; {
		limit := trialSilence
		if params.Behaviour == victim.Good || params.Behaviour == protocol.Slow {
			limit = patience // a good reply is waited for; the others have to show that there is none
		}
		met := ask(ctx, params.Endpoint, limit)
		text := "a good reply"
		if met.err != nil {
			text = met.err.Error()
		}
		switch {
		case isMet(met, params):
			return text, nil
		case ctx.Err() != nil || now()-began > int64(enough):
			return "", fmt.Errorf("our own question met something else in the place: %s", text)
		}
		pauseUntil(ctx.Done(), slowRetry)
	}
}

// isMet tells whether our own question met what was put there.
func isMet(met answer, params protocol.TrialParams) bool {
	switch params.Behaviour {
	case victim.Good, protocol.Slow:
		return met.outcome == good
	case protocol.Stopped, victim.Mute, victim.Half, victim.Drip:
		return met.outcome == silent
	case protocol.Stale:
		return met.outcome == refused && errors.Is(met.err, unix.ECONNREFUSED)
	case protocol.Missing, protocol.Backlog:
		return met.outcome == refused
	case victim.Unhealthy:
		if params.Endpoint.Path != "" {
			return met.outcome == good // our own question over HTTP reads the status code alone
		}
	}
	return met.outcome == answered
}

// stopListening takes no more connections; those that there are go on.
func (a *actor) stopListening() {
	if a.listener != nil {
		_ = a.listener.Close()
	}
}

// close ends everything.
func (a *actor) close() {
	a.stopListening()
	a.stop()
	for _, closing := range a.closes {
		closing()
	}
}

// fillBacklog listens with the shortest backlog that there is, and connects until no more is taken.
func (a *actor) fillBacklog(endpoint protocol.Endpoint) error {
	family, address := unix.AF_UNIX, unix.Sockaddr(&unix.SockaddrUnix{Name: endpoint.Socket})
	if endpoint.Socket == "" {
		family, address = unix.AF_INET, &unix.SockaddrInet4{Port: endpoint.Port, Addr: [4]byte{127, 0, 0, 1}}
	}
	listening, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	a.closes = append(a.closes, func() { _ = unix.Close(listening) })
	if family == unix.AF_INET {
		if err := unix.SetsockoptInt(listening, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
			return err
		}
	}
	if err := errors.Join(unix.Bind(listening, address), unix.Listen(listening, 0)); err != nil {
		return err
	}
	const enough = 16 // the shortest backlog takes one or two
	for range enough {
		taken, err := a.connectWithoutWaiting(family, address)
		if err != nil || !taken {
			return err
		}
	}
	return fmt.Errorf("the backlog takes more than %d connections", enough)
}

// connectWithoutWaiting says whether a connection was taken.
func (a *actor) connectWithoutWaiting(family int, address unix.Sockaddr) (bool, error) {
	client, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return false, err
	}
	a.closes = append(a.closes, func() { _ = unix.Close(client) })
	switch err := unix.Connect(client, address); {
	case err == nil:
		return true, nil
	case errors.Is(err, unix.EAGAIN):
		return false, nil
	case !errors.Is(err, unix.EINPROGRESS):
		return false, err
	}
	poll := []unix.PollFd{{Fd: int32(client), Events: unix.POLLOUT}} //nolint:gosec // a descriptor fits
	n, err := unix.Poll(poll, int(trialSilence.Milliseconds()))
	if err != nil && !errors.Is(err, unix.EINTR) {
		return false, err
	}
	return n > 0, nil
}
