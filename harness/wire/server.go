package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/creachadair/jrpc2"
	"github.com/creachadair/jrpc2/channel"
	"github.com/creachadair/jrpc2/handler"
	"github.com/hashicorp/yamux"
)

// concurrentCalls bounds the concurrent calls of one link. Most of them wait for something in the container, so it is far above the
// number of services.
const concurrentCalls = 4096

// Server is the server's end of a link.
type Server struct {
	// Methods are called by name over the control stream.
	Methods handler.Map
	// Dial connects a raw stream.
	Dial func(ctx context.Context, address Address) (net.Conn, error)
	// Ended, if set, is called as soon as the link has ended, while calls may still run: one that reads a file system that hangs keeps
	// nothing waiting. Serve then returns at most endLimit later.
	Ended func()
}

// endLimit bounds the wait for calls whose link has ended.
const endLimit = 5 * time.Second

// Serve answers until the link or ctx ends, and closes the connection. It returns when every call has returned, or as Ended says: their contexts
// end with the link. An end of file is no error.
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
			s.await(&streams)
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe) || errors.Is(err, yamux.ErrSessionShutdown) {
				return nil
			}
			return fmt.Errorf("serve a link: %w", err)
		}
		streams.Go(func() { s.serveStream(ctx, stream{accepted}) })
	}
}

// await waits for the calls of a link that has ended.
func (s Server) await(streams *sync.WaitGroup) {
	if s.Ended == nil {
		streams.Wait()
		return
	}
	s.Ended()
	done := make(chan struct{})
	go func() {
		streams.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(endLimit):
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
	target, err := s.Dial(ctx, *first.Dial)
	if err != nil {
		_ = writeLine(conn, answer{Error: err.Error()})
		_ = conn.Close()
		return
	}
	if err := writeLine(conn, answer{}); err != nil {
		_ = conn.Close()
		_ = target.Close()
		return
	}
	join(ctx, conn, target)
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
