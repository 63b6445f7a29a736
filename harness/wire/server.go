package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/creachadair/jrpc2"
	"github.com/creachadair/jrpc2/channel"
	"github.com/creachadair/jrpc2/handler"
	"github.com/hashicorp/yamux"
)

// concurrentCalls bounds the calls under way on one link. Most of them wait for something to happen in the
// container, so it is far above the number of services.
const concurrentCalls = 4096

// Far is what the far end of a link offers.
type Server struct {
	// Methods are called by name over the control stream.
	Methods handler.Map
	// Dial makes the connection behind a raw stream.
	Dial func(ctx context.Context, address Address) (net.Conn, error)
}

// Serve is the far end of a link: it answers until the link ends or ctx does, and returns once every call
// has returned; the calls' contexts end with the link. The connection is closed. An end of file is no error.
func (s Server) Serve(ctx context.Context, conn io.ReadWriteCloser) error {
	session, err := yamux.Server(conn, configuration())
	if err != nil {
		return fmt.Errorf("open a link: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = session.Close() })
	defer stop()

	var streams sync.WaitGroup
	for {
		accepted, err := session.AcceptStream()
		if err != nil {
			cancel()
			streams.Wait()
			if errors.Is(err, io.EOF) || errors.Is(err, yamux.ErrSessionShutdown) {
				return nil
			}
			return fmt.Errorf("serve a link: %w", err)
		}
		streams.Go(func() { s.serveStream(ctx, stream{accepted}) })
	}
}

func (s Server) serveStream(ctx context.Context, conn net.Conn) {
	var first header
	if err := readLine(conn, &first); err != nil {
		_ = conn.Close()
		return
	}
	if first.Dial == nil {
		s.serveControl(ctx, conn)
		return
	}
	dialled, err := s.Dial(ctx, *first.Dial)
	if err != nil {
		_ = writeLine(conn, answer{Error: err.Error()})
		_ = conn.Close()
		return
	}
	if err := writeLine(conn, answer{}); err != nil {
		_ = conn.Close()
		_ = dialled.Close()
		return
	}
	join(ctx, conn, dialled)
}

func (s Server) serveControl(ctx context.Context, conn net.Conn) {
	methods := handler.Map{cancelMethod: handler.New(cancelCall)}
	for name, method := range s.Methods {
		methods[name] = method
	}
	server := jrpc2.NewServer(methods, &jrpc2.ServerOptions{
		Concurrency:    concurrentCalls,
		DisableBuiltin: true,
		NewContext:     func() context.Context { return ctx },
	})
	stop := context.AfterFunc(ctx, server.Stop)
	defer stop()
	_ = server.Start(channel.Line(conn, conn)).Wait()
}

func cancelCall(ctx context.Context, params cancelParams) error {
	jrpc2.ServerFromContext(ctx).CancelRequest(params.ID)
	return nil
}
