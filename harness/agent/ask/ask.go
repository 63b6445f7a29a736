// Package ask asks a service the harness's own question.
package ask

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/clock"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/identify"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/probe"
)

// RetryInterval is the pause between two questions while nothing suggests that the service is about to listen.
const RetryInterval = 20 * time.Millisecond

// ReplyTimeout is the time for which one question waits for its reply before another connection is tried. It is above the slowest
// healthy reply that a promise grants (1 s).
const ReplyTimeout = 3 * time.Second

// Outcome is the result of asking a service.
type Outcome int

// The outcomes, from the worst to the best.
const (
	Refused  Outcome = iota // no connection
	Silent                  // connected, and no reply
	Answered                // connected, and a reply that is not good
	Good                    // a good reply
)

// Answer is one attempt to ask a service. Began, Connected and Ended are times of the agent's clock.
type Answer struct {
	Outcome   Outcome
	Began     int64
	Connected int64
	Ended     int64
	Peer      int // the process that listens on a unix socket
	Err       error
}

// Ask connects, asks once and reads the reply.
func Ask(ctx context.Context, endpoint protocol.Endpoint, limit time.Duration) Answer {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	a := Answer{Began: clock.Now()}
	conn, err := Dial(ctx, endpoint)
	a.Connected, a.Ended = clock.Now(), clock.Now()
	if err != nil {
		a.Err = err
		return a
	}
	defer func() { _ = conn.Close() }()
	if endpoint.Socket != "" {
		a.Peer, _ = identify.FindPeer(conn)
	}
	a.Err = endpoint.Question().Ask(ctx, conn)
	a.Ended = clock.Now()
	switch {
	case a.Err == nil:
		a.Outcome = Good
	case errors.Is(a.Err, probe.ErrNoReply):
		a.Outcome = Silent
	default:
		a.Outcome = Answered
	}
	return a
}

// Dial connects to an endpoint.
func Dial(ctx context.Context, endpoint protocol.Endpoint) (net.Conn, error) {
	var dialer net.Dialer
	if endpoint.Socket != "" {
		return dialer.DialContext(ctx, "unix", endpoint.Socket)
	}
	return dialer.DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", endpoint.Port))
}
