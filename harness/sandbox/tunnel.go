package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/wire"
)

// tunnel is a unix socket on this machine for a daemon that testcontainers cannot reach by itself.
type tunnel struct {
	listener net.Listener
	dir      string
	dial     func(context.Context) (net.Conn, error)
	cancel   context.CancelFunc
	active   sync.WaitGroup
}

// openTunnel listens on a socket in a directory that only this user can enter.
func openTunnel(dial func(context.Context) (net.Conn, error)) (*tunnel, error) {
	ctx, cancel := context.WithCancel(context.Background())
	listener, err := wire.Listen(ctx, "hero_chaos-docker-*/docker.sock")
	if err != nil {
		cancel()
		return nil, fmt.Errorf("make a socket for the remote Docker: %w", err)
	}
	t := &tunnel{listener: listener, dir: filepath.Dir(listener.Addr().String()), dial: dial, cancel: cancel}
	t.active.Go(func() { t.serve(ctx) })
	return t, nil
}

// host returns the tunnel's address in the form of DOCKER_HOST.
func (t *tunnel) host() string { return "unix://" + t.listener.Addr().String() }

func (t *tunnel) close() error {
	t.cancel()
	err := t.listener.Close()
	t.active.Wait()
	return errors.Join(err, os.RemoveAll(t.dir))
}

func (t *tunnel) serve(ctx context.Context) {
	for {
		client, err := t.listener.Accept()
		if err != nil {
			return // closed
		}
		t.active.Go(func() { t.forward(ctx, client) })
	}
}

// forward copies both ways, and passes on each side's end. An attached exec may still write after its input has ended.
func (t *tunnel) forward(ctx context.Context, client net.Conn) {
	defer func() { _ = client.Close() }()
	daemon, err := t.dial(ctx)
	if err != nil {
		return // the caller sees the connection end, and says so
	}
	defer func() { _ = daemon.Close() }()
	stop := context.AfterFunc(ctx, func() { _, _ = client.Close(), daemon.Close() })
	defer stop()
	var both sync.WaitGroup
	both.Go(func() { pass(daemon, client) })
	both.Go(func() { pass(client, daemon) })
	both.Wait()
}

func pass(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	if half, ok := to.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
		return
	}
	_ = to.Close()
}
