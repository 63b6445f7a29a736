package trial

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/ask"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/clock"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
)

// impostor answers in a service's place during a trial.
type impostor struct {
	listener net.Listener
	stop     context.CancelFunc
	closes   []func()
	armed    atomic.Bool
	asked    chan struct{} // gets one when somebody connects after it was armed
}

// vacatePeriod bounds the wait for a port that was just left: a process that is being forked may hold it for a moment.
const vacatePeriod = 3 * time.Second

// impersonate puts an impostor into the place of the service.
func impersonate(ctx context.Context, params protocol.TrialParams, reply []byte) (*impostor, error) {
	for began := clock.Now(); ; {
		a, err := impersonateOnce(ctx, params, reply)
		if !errors.Is(err, unix.EADDRINUSE) || ctx.Err() != nil || clock.Now()-began > int64(vacatePeriod) {
			return a, err
		}
		pauseUntil(ctx.Done(), ask.RetryInterval)
	}
}

func impersonateOnce(ctx context.Context, params protocol.TrialParams, reply []byte) (*impostor, error) {
	ctx, stop := context.WithCancel(ctx)
	a := &impostor{stop: stop, asked: make(chan struct{}, 1)}
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
		if a.listener, err = listenInPlace(ctx, endpoint); err == nil && params.Behaviour == protocol.Stale {
			err = a.listener.Close()
			a.listener = nil
		}
	}
	if err != nil {
		a.close()
		return nil, fmt.Errorf("put an impostor into the service's place: %w", err)
	}
	if a.listener != nil {
		go a.serve(ctx, params, reply)
	}
	return a, nil
}

// listenInPlace listens in the service's place. The socket file outlives its listener, as that of a killed service does.
func listenInPlace(ctx context.Context, endpoint protocol.Endpoint) (net.Listener, error) {
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

// serve answers as the behaviour says. Clients of a stopped service are accepted and never read.
func (a *impostor) serve(ctx context.Context, params protocol.TrialParams, reply []byte) {
	listener := notingListener{Listener: a.listener, impostor: a}
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
		impostor.DripPeriod = params.Delay
	default:
	}
	_ = impostor.Serve(ctx, listener)
}

// notingListener is a listener that notes connections for its impostor.
type notingListener struct {
	net.Listener
	impostor *impostor
}

// Accept accepts a connection and notes that there was one.
func (n notingListener) Accept() (net.Conn, error) {
	conn, err := n.Listener.Accept()
	if err == nil && n.impostor.armed.Load() {
		select {
		case n.impostor.asked <- struct{}{}:
		default:
		}
	}
	return conn, err
}

// awaitQuestion waits until a client connects or the command ends, at most for a second: not every impostor notices a client.
func (a *impostor) awaitQuestion(ctx context.Context, ended <-chan struct{}) {
	timer := time.NewTimer(time.Second)
	defer timer.Stop()
	select {
	case <-a.asked:
	case <-ended:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// proveLanding asks our own question, which has to meet the impostor, and returns what it met. It asks again for a while: a process that
// was forked may hold a closed socket until it executes its program.
func (a *impostor) proveLanding(ctx context.Context, params protocol.TrialParams) (string, error) {
	defer a.armed.Store(true)
	const landingTimeout = time.Second
	for began := clock.Now(); ; {
		limit := trialReplyTimeout
		if params.Behaviour == victim.Good || params.Behaviour == protocol.Slow {
			limit = ask.ReplyTimeout // a good reply is waited for; the others have to show that there is none
		}
		met := ask.Ask(ctx, params.Endpoint, limit)
		text := "a good reply"
		if met.Err != nil {
			text = met.Err.Error()
		}
		switch {
		case hasMet(met, params):
			return text, nil
		case ctx.Err() != nil || clock.Now()-began > int64(landingTimeout+limit): // one question may have met the closed socket for all of its limit
			return "", fmt.Errorf("our own question met something else in the place: %s", text)
		}
		pauseUntil(ctx.Done(), ask.RetryInterval)
	}
}

// hasMet reports whether our own question met the impostor.
func hasMet(met ask.Answer, params protocol.TrialParams) bool {
	switch params.Behaviour {
	case victim.Good, protocol.Slow:
		return met.Outcome == ask.Good
	case protocol.Stopped, victim.Mute, victim.Half, victim.Drip:
		return met.Outcome == ask.Silent
	case protocol.Stale:
		return met.Outcome == ask.Refused && errors.Is(met.Err, unix.ECONNREFUSED)
	case protocol.Missing, protocol.Backlog:
		return met.Outcome == ask.Refused
	case victim.Unhealthy:
		if params.Endpoint.Path != "" {
			return met.Outcome == ask.Good // our own question over HTTP reads the status code alone
		}
	}
	return met.Outcome == ask.Answered
}

// stopListening refuses further connections. The open ones go on.
func (a *impostor) stopListening() {
	if a.listener != nil {
		_ = a.listener.Close()
	}
}

// close ends the impostor and its connections.
func (a *impostor) close() {
	a.stopListening()
	a.stop()
	for _, closing := range a.closes {
		closing()
	}
}

// fillBacklog listens with the shortest backlog, and connects until the kernel refuses.
func (a *impostor) fillBacklog(endpoint protocol.Endpoint) error {
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

// connectWithoutWaiting reports whether a connection was accepted.
func (a *impostor) connectWithoutWaiting(family int, address unix.Sockaddr) (bool, error) {
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
	n, err := unix.Poll(poll, int(trialReplyTimeout.Milliseconds()))
	if err != nil && !errors.Is(err, unix.EINTR) {
		return false, err
	}
	return n > 0, nil
}
