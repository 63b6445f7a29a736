package lasting

import (
	"context"
	"errors"
	"fmt"
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

// close lets go of the service. It may be nil.
func (s *subject) close() {
	if s != nil {
		_ = s.order.Close()
		s.handle.Close()
	}
}
