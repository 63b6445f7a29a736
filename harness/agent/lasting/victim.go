package lasting

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/ask"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/handle"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/identify"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/procfs"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
)

// dialTimeout bounds the connection to a victim's control socket.
const dialTimeout = 2 * time.Second

// subject is a service of ours that a fault is about.
type subject struct {
	order  *victim.Control
	pid    int
	handle *handle.Handle
}

// openSubject connects to a victim by its control socket, and takes hold of its process.
func openSubject(ctx context.Context, control string) (*subject, error) {
	if control == "" {
		return nil, errors.New("it is not known which service is meant")
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, err := ask.Dial(ctx, protocol.Endpoint{Socket: control})
	if err != nil {
		return nil, fmt.Errorf("connect to the control socket of the service: %w", err)
	}
	s := &subject{order: victim.NewControl(conn)}
	if s.pid, err = identify.FindPeer(conn); err == nil {
		var process protocol.Process
		if process, err = procfs.ReadProcess(s.pid); err == nil {
			s.handle, err = handle.Open(process.Incarnation)
		}
	}
	if err != nil {
		_ = s.order.Close()
		return nil, err
	}
	return s, nil
}

// findListener returns the first place of those that match at which the service's process listens. nowhere says in words that there is none.
func (s *subject) findListener(ctx context.Context, nowhere string, matches func(protocol.Listener) bool) (protocol.Listener, error) {
	listeners, err := identify.ListListeners(ctx)
	if err != nil {
		return protocol.Listener{}, err
	}
	at := slices.IndexFunc(listeners, func(l protocol.Listener) bool { return l.PID == s.pid && matches(l) })
	if at < 0 {
		return protocol.Listener{}, fmt.Errorf("process %d listens %s", s.pid, nowhere)
	}
	return listeners[at], nil
}

// close lets go of the service. It may be nil.
func (s *subject) close() {
	if s != nil {
		_ = s.order.Close()
		s.handle.Close()
	}
}
