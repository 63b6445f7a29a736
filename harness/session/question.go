package session

import (
	"context"
	"errors"
	"net"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// questionInterval is the time after which nothing more of a question is expected.
const questionInterval = 50 * time.Millisecond

// Question returns the bytes of a question to the supervisor that changes nothing, as it is framed in the supervisor's dialect. Nobody is
// asked. The error is a *recovery.Inconclusive if nobody knows how the supervisor is asked.
func (b *Sandbox) Question(ctx context.Context) ([]byte, error) {
	if b.opened.Dialect == zinit.DialectCLI || b.opened.Dialect == zinit.DialectBare {
		return nil, recovery.NotExpressible(errors.New("it is not known how the supervisor is asked over its socket"))
	}
	said := make(chan []byte, 1)
	dial := func(context.Context, int) (net.Conn, error) {
		near, far := net.Pipe()
		go func() { said <- listen(far) }()
		return near, nil
	}
	go func() { // the first thing that a client asks; it gets no answer
		if supervisor, err := b.opened.Supervisor(ctx, dial, b.Agent()); err == nil {
			_, _ = supervisor.Ping(ctx)
		}
	}()
	select {
	case question := <-said:
		return question, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// listen returns what is said over a connection, and closes it.
func listen(conn net.Conn) []byte {
	defer func() { _ = conn.Close() }()
	var said []byte
	buffer := make([]byte, 1<<12)
	for {
		n, err := conn.Read(buffer)
		said = append(said, buffer[:n]...)
		if err != nil {
			return said
		}
		_ = conn.SetReadDeadline(time.Now().Add(questionInterval))
	}
}
