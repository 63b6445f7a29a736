// Package clients plays clients of a socket that misbehave: that are silent, half-way, slow, gone, too many, or send garbage.
package clients

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/ask"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

const (
	// connectTimeout bounds the wait of one client for room in the backlog.
	connectTimeout = 2 * time.Second
	// connectRetryInterval is the pause between two attempts to connect to a full backlog.
	connectRetryInterval = 5 * time.Millisecond
	// answerTimeout is the time after which a client without a reply counts as unanswered. It is far above what one reply may take, for
	// many clients ask at the same time.
	answerTimeout = 10 * time.Second
	// sendTimeout bounds what is sent to a server that does not read.
	sendTimeout = 5 * time.Second
	// pipelined is the number of requests that a slow reader sends: their replies exceed what the kernel keeps for it.
	pipelined = 2000
	// hugeSize is the size of a huge request, in bytes.
	hugeSize = 64 << 20
)

// client is the behaviour of one client. It leaves at the end of the period at the latest.
type client func(ctx context.Context, p play, conn net.Conn, number int)

// play is a number of clients of one manner.
type play struct {
	protocol.ClientsParams
	tally *tally
}

// tally counts what the clients have met.
type tally struct {
	mu     sync.Mutex
	result protocol.ClientsResult
}

func (t *tally) count(count func(*protocol.ClientsResult)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	count(&t.result)
}

// manners are the behaviours of connected clients by their names.
var manners = map[protocol.Manner]client{ //nolint:gochecknoglobals // a constant table
	protocol.ClientsSilent:  staySilent,
	protocol.ClientsHalf:    sendHalf,
	protocol.ClientsSlow:    readNothing,
	protocol.ClientsGone:    leaveEarly,
	protocol.ClientsGarbage: sendGarbage,
	protocol.ClientsHuge:    sendHuge,
	protocol.ClientsMany:    askLate,
	protocol.ClientsAtOnce:  askAtOnce,
}

// Play plays clients until all have left.
func Play(ctx context.Context, params protocol.ClientsParams) (protocol.ClientsResult, error) {
	behave, known := manners[params.Manner]
	if !known {
		return protocol.ClientsResult{}, fmt.Errorf("play clients: there is no manner %q", params.Manner)
	}
	p := play{params, &tally{}}
	until, cancel := context.WithTimeout(ctx, params.Period)
	defer cancel()
	var all sync.WaitGroup
	for number := range params.Count {
		all.Go(func() {
			conn, err := connect(ctx, params.Endpoint)
			if err != nil {
				p.tally.count(func(r *protocol.ClientsResult) { r.Refused++ })
				return
			}
			defer func() { _ = conn.Close() }()
			p.tally.count(func(r *protocol.ClientsResult) { r.Connected++ })
			behave(until, p, conn, number)
		})
	}
	all.Wait()
	return p.tally.result, ctx.Err()
}

// connect connects, and waits for room in the backlog as a blocking connect does.
func connect(ctx context.Context, endpoint protocol.Endpoint) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	return Await(ctx, func() (net.Conn, error) { return ask.Dial(ctx, endpoint) })
}

// Await dials again while the backlog of a unix socket is full: Go does not wait for room in it.
func Await(ctx context.Context, dial func() (net.Conn, error)) (net.Conn, error) {
	for {
		conn, err := dial()
		if !errors.Is(err, unix.EAGAIN) {
			return conn, err
		}
		select {
		case <-time.After(connectRetryInterval):
		case <-ctx.Done():
			return nil, err
		}
	}
}

// send sends bytes, and counts what was taken.
func (p play) send(conn net.Conn, data []byte) error {
	_ = conn.SetWriteDeadline(time.Now().Add(sendTimeout))
	taken, err := conn.Write(data)
	p.tally.count(func(r *protocol.ClientsResult) { r.Sent += int64(taken) })
	return err
}

// stay waits until the period is over or the server closes the connection, and reports whether it is still open. It reads what comes.
func stay(ctx context.Context, conn net.Conn) (open bool) {
	deadline, _ := ctx.Deadline()
	_ = conn.SetReadDeadline(deadline)
	cut := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		_ = conn.SetReadDeadline(time.Now())
		close(cut)
	})
	_, err := io.Copy(io.Discard, conn)
	if !stop() {
		<-cut // or it would cut off what is read next
	}
	return errors.Is(err, os.ErrDeadlineExceeded)
}

func staySilent(ctx context.Context, _ play, conn net.Conn, _ int) { stay(ctx, conn) }

func sendHalf(ctx context.Context, p play, conn net.Conn, _ int) {
	_ = p.send(conn, p.Request[:len(p.Request)/2])
	stay(ctx, conn)
}

// readNothing sends requests until the server does not take any more, and reads none of the replies.
func readNothing(ctx context.Context, p play, conn net.Conn, _ int) {
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		_ = p.send(conn, bytes.Repeat(p.Request, pipelined))
	}()
	<-ctx.Done()
	_ = conn.SetWriteDeadline(time.Now())
	<-sent
}

// leaveEarly leaves after a whole request or after half of one, by its number.
func leaveEarly(_ context.Context, p play, conn net.Conn, number int) {
	request := p.Request
	if number%2 == 1 {
		request = request[:len(request)/2]
	}
	_ = p.send(conn, request)
}

// sendGarbage sends one of the texts that are no request, and then leaves it to the server to close the connection.
func sendGarbage(ctx context.Context, p play, conn net.Conn, number int) {
	texts := garbage(p.Seed)
	_ = p.send(conn, texts[number%len(texts)])
	if half, ok := conn.(interface{ CloseWrite() error }); ok && number%2 == 0 {
		_ = half.CloseWrite()
	}
	stay(ctx, conn)
}

// sendHuge sends a request that never ends, until the server closes the connection or has taken 64 MB.
func sendHuge(ctx context.Context, p play, conn net.Conn, _ int) {
	err := p.send(conn, []byte(`{"jsonrpc":"2.0","id":1,"method":"`))
	chunk := bytes.Repeat([]byte("a"), 1<<16)
	for left := hugeSize; left > 0 && err == nil && ctx.Err() == nil; left -= len(chunk) {
		err = p.send(conn, chunk)
	}
	stay(ctx, conn)
}

func askLate(ctx context.Context, p play, conn net.Conn, _ int) {
	if !stay(ctx, conn) {
		p.tally.count(func(r *protocol.ClientsResult) { r.Refused++ })
		return
	}
	p.ask(conn)
}

func askAtOnce(_ context.Context, p play, conn net.Conn, _ int) { p.ask(conn) }

// ask sends a request and waits for the beginning of a reply.
func (p play) ask(conn net.Conn) {
	_ = p.send(conn, p.Request) // a reply may come though not all was taken
	_ = conn.SetReadDeadline(time.Now().Add(answerTimeout))
	n, err := conn.Read(make([]byte, 1))
	p.tally.count(func(r *protocol.ClientsResult) {
		switch {
		case n > 0:
			r.Answered++
		case errors.Is(err, os.ErrDeadlineExceeded):
			r.Unanswered++
		default:
			r.Refused++
		}
	})
}
