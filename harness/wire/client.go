package wire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/creachadair/jrpc2"
	"github.com/creachadair/jrpc2/channel"
	"github.com/hashicorp/yamux"
)

// cancelMethod is the notification by which a client cancels a call.
const cancelMethod = "wire.cancel"

// Link is the client's end: it calls methods and dials sockets on the server's side. It is safe for concurrent use.
type Link struct {
	session *yamux.Session

	mu      sync.Mutex
	control *jrpc2.Client
}

// NewLink returns the client's end of a link over a connection, which it owns from then on.
func NewLink(conn io.ReadWriteCloser) (*Link, error) {
	session, err := yamux.Client(conn, configuration())
	if err != nil {
		return nil, fmt.Errorf("open a link: %w", err)
	}
	return &Link{session: session}, nil
}

// Done returns a channel that is closed when the link has ended, for whatever reason.
func (l *Link) Done() <-chan struct{} { return l.session.CloseChan() }

// Close ends the link. The server then undoes what was done through it.
func (l *Link) Close() error { return l.session.Close() }

// refused is an error reply of the server. It reads as the server wrote it, without the link's own words for it: a person reads it.
type refused struct{ reply *jrpc2.Error }

func (r refused) Error() string { return r.reply.Message }
func (r refused) Unwrap() error { return r.reply }

// Call calls a method of the server and decodes its result, if result is not nil. The end of the context cancels the call.
func (l *Link) Call(ctx context.Context, method string, params, result any) error {
	control, err := l.controlClient()
	if err != nil {
		return fmt.Errorf("call %s: %w", method, err)
	}
	response, err := control.Call(ctx, method, params)
	if err != nil {
		if l.session.IsClosed() {
			return fmt.Errorf("call %s: %w", method, ErrLinkEnded)
		}
		var refusal *jrpc2.Error
		if ctx.Err() == nil && errors.As(err, &refusal) {
			return refused{refusal}
		}
		return fmt.Errorf("call %s: %w", method, err)
	}
	if result == nil {
		return nil
	}
	if err := response.UnmarshalResult(result); err != nil {
		return fmt.Errorf("call %s: read its result: %w", method, err)
	}
	return nil
}

// CallRaw calls a method with parameters and a result that are passed on as they are.
func (l *Link) CallRaw(ctx context.Context, method string, params json.RawMessage) (json.RawMessage, error) {
	var result json.RawMessage
	var argument any
	if len(params) > 0 {
		argument = params
	}
	err := l.Call(ctx, method, argument, &result)
	return result, err
}

// controlClient returns the client of the control stream, and opens the stream at the first call.
func (l *Link) controlClient() (*jrpc2.Client, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.control != nil {
		return l.control, nil
	}
	conn, err := l.open(header{})
	if err != nil {
		return nil, err
	}
	l.control = jrpc2.NewClient(channel.Line(conn, conn), &jrpc2.ClientOptions{
		OnCancel: func(client *jrpc2.Client, response *jrpc2.Response) {
			_ = client.Notify(context.Background(), cancelMethod, cancelParams{ID: response.ID()})
		},
	})
	return l.control, nil
}

type cancelParams struct {
	ID string `json:"id"`
}

// open opens a stream with its first line.
func (l *Link) open(first header) (net.Conn, error) {
	opened, err := l.session.OpenStream()
	if err != nil {
		if errors.Is(err, yamux.ErrSessionShutdown) || l.session.IsClosed() {
			return nil, ErrLinkEnded
		}
		return nil, err
	}
	if err := writeLine(opened, first); err != nil {
		_ = opened.Close()
		return nil, err
	}
	return stream{opened}, nil
}

// Dial connects to a socket on the server's side. The connection ends like one that was dialled directly.
func (l *Link) Dial(ctx context.Context, address Address) (net.Conn, error) {
	conn, err := l.open(header{Dial: &address})
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", address, err)
	}
	restore := setDeadline(ctx, conn)
	var reply answer
	err = readLine(conn, &reply)
	restore()
	switch {
	case ctx.Err() != nil:
		err = ctx.Err()
	case err == nil && reply.Error != "":
		err = errors.New(reply.Error)
	}
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("dial %s: %w", address, err)
	}
	return conn, nil
}
