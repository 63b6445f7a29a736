package lasting

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/ask"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

const (
	// takeTimeout bounds the time in which a port has to be taken after its service was told to end.
	takeTimeout = time.Second
	// takeInterval is the pause between two attempts to take a port: it has to be taken before the service comes back.
	takeInterval = time.Millisecond
)

// portTaken is a port at which the agent listens in the place of a victim.
type portTaken struct {
	control  string // socket by which the victim takes orders
	port     int
	listener net.Listener
	accepted atomic.Int64
}

func holdPort(params protocol.LastingParams) held { return &portTaken{control: params.Path} }

func (p *portTaken) begin(ctx context.Context) error {
	service, err := openSubject(ctx, p.control)
	if err != nil {
		return err
	}
	defer service.close()
	listener, err := service.findListener(ctx, "at no port", func(l protocol.Listener) bool { return l.Port != 0 })
	if err != nil {
		return err
	}
	p.port = listener.Port
	if err := service.order.Exit(ctx, 1); err != nil {
		return err
	}
	return p.take(ctx)
}

// take listens at the port as soon as it is free.
func (p *portTaken) take(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, takeTimeout)
	defer cancel()
	ticker := time.NewTicker(takeInterval)
	defer ticker.Stop()
	for {
		var config net.ListenConfig
		if p.listener, err = config.Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", p.port)); err == nil {
			go p.accept(p.listener)
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("take port %d in the place of the service: %w", p.port, err)
		}
	}
}

// accept takes connections and closes them: whoever asks gets no answer.
func (p *portTaken) accept(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		p.accepted.Add(1)
		_ = conn.Close()
	}
}

func (p *portTaken) prove(ctx context.Context) (proof, missing string) {
	before := p.accepted.Load()
	conn, err := ask.Dial(ctx, protocol.Endpoint{Port: p.port})
	if err != nil {
		return "", fmt.Sprintf("nobody accepts at port %d: %v", p.port, err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetReadDeadline(time.Now().Add(refusalPeriod))
	_, _ = conn.Read(make([]byte, 1)) // it ends when the agent has closed its side
	if p.accepted.Load() == before {
		return "", fmt.Sprintf("a connection to port %d does not reach the agent", p.port)
	}
	return fmt.Sprintf(record.PortTaken, p.port), ""
}

func (p *portTaken) revert() {
	if p.listener != nil {
		_ = p.listener.Close()
	}
}

func (p *portTaken) released(context.Context) string {
	return fmt.Sprintf(record.PortRestored, p.port)
}
