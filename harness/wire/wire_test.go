package wire_test

import (
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creachadair/jrpc2/handler"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/wire"
)

// testTimeout bounds a test that has gone wrong; nothing is judged by it.
const testTimeout = 20 * time.Second

type number struct{ N int }

type linked struct {
	link     *wire.Link
	ended    chan error
	waiting  chan struct{}
	canceled chan struct{}
}

// connect connects both ends by a pipe. The server dials for real.
func connect(t *testing.T) linked {
	t.Helper()
	client, server := net.Pipe()
	l := linked{ended: make(chan error, 1), waiting: make(chan struct{}, 1), canceled: make(chan struct{}, 1)}
	methods := handler.Map{
		"double": handler.New(func(_ context.Context, n number) (number, error) { return number{2 * n.N}, nil }),
		"refuse": handler.New(func(context.Context) error { return errors.New("not today") }),
		"wait": handler.New(func(ctx context.Context) error {
			l.waiting <- struct{}{}
			<-ctx.Done()
			l.canceled <- struct{}{}
			return ctx.Err()
		}),
	}
	dial := func(ctx context.Context, address wire.Address) (net.Conn, error) {
		var dialer net.Dialer
		return dialer.DialContext(ctx, address.Network, address.Address)
	}
	go func() { l.ended <- wire.Server{Methods: methods, Dial: dial}.Serve(context.Background(), server) }()
	link, err := wire.NewLink(client)
	if err != nil {
		t.Fatal(err)
	}
	l.link = link
	t.Cleanup(func() { _ = link.Close() })
	return l
}

func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), testTimeout)
	t.Cleanup(cancel)
	return ctx
}

func TestACallReturnsItsResult(t *testing.T) {
	l := connect(t)
	var result number
	if err := l.link.Call(deadline(t), "double", number{21}, &result); err != nil || result.N != 42 {
		t.Fatalf("double(21) = %d, %v", result.N, err)
	}
	err := l.link.Call(deadline(t), "refuse", nil, nil)
	if err == nil || err.Error() != "not today" {
		t.Fatalf("refuse: %v", err)
	}
}

func TestACancelledCallEndsAtTheServer(t *testing.T) {
	l := connect(t)
	ctx, cancel := context.WithCancel(deadline(t))
	returned := make(chan error, 1)
	go func() { returned <- l.link.Call(ctx, "wait", nil, nil) }()
	<-l.waiting
	if err := l.link.Call(deadline(t), "double", number{1}, nil); err != nil {
		t.Fatalf("a waiting call blocks another: %v", err)
	}
	cancel()
	if err := <-returned; err == nil {
		t.Fatal("a cancelled call returned no error")
	}
	select {
	case <-l.canceled:
	case <-time.After(testTimeout):
		t.Fatal("the server still waits")
	}
}

func TestTheEndOfTheLinkEndsEveryCall(t *testing.T) {
	l := connect(t)
	returned := make(chan error, 1)
	go func() { returned <- l.link.Call(deadline(t), "wait", nil, nil) }()
	<-l.waiting
	_ = l.link.Close()
	if err := <-returned; !errors.Is(err, wire.ErrLinkEnded) {
		t.Fatalf("the waiting call returned %v", err)
	}
	<-l.canceled
	if err := <-l.ended; err != nil {
		t.Fatalf("the server: %v", err)
	}
	if err := l.link.Call(deadline(t), "double", number{1}, nil); !errors.Is(err, wire.ErrLinkEnded) {
		t.Fatalf("a call after the end returned %v", err)
	}
}

func TestARawStreamCarriesBytesAndHalfCloses(t *testing.T) {
	l := connect(t)
	path := filepath.Join(t.TempDir(), "echo.sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		all, _ := io.ReadAll(conn) // ends only when our half has been closed
		_, _ = conn.Write([]byte(strings.ToUpper(string(all))))
		_ = conn.Close()
	}()

	conn, err := l.link.Dial(deadline(t), wire.Address{Network: "unix", Address: path})
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.SetDeadline(time.Now().Add(testTimeout))
	if _, err := conn.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	if err := conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if reply, err := io.ReadAll(conn); err != nil || string(reply) != "HELLO" {
		t.Fatalf("read %q, %v", reply, err)
	}
}

func TestClosingARawStreamEndsItsRead(t *testing.T) {
	listener, err := net.Listen("unix", filepath.Join(t.TempDir(), "silent.sock"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	conn, err := connect(t).link.Dial(deadline(t), wire.Address{Network: "unix", Address: listener.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := conn.Read(make([]byte, 1))
		ended <- err
	}()
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err == nil {
			t.Fatal("a read of what was never sent succeeded")
		}
	case <-time.After(testTimeout):
		t.Fatal("the read goes on after Close")
	}
}

func TestADialThatFailsSaysWhy(t *testing.T) {
	l := connect(t)
	_, err := l.link.Dial(deadline(t), wire.Address{Network: "unix", Address: "/nowhere/at.sock"})
	if err == nil || !strings.Contains(err.Error(), "dial unix:/nowhere/at.sock") || !strings.Contains(err.Error(), "no such file") {
		t.Fatalf("dial: %v", err)
	}
}

func TestTheServerRefusesGarbage(t *testing.T) {
	client, server := net.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- wire.Server{}.Serve(context.Background(), server) }()
	go func() { _, _ = io.Copy(io.Discard, client) }()
	_, _ = client.Write([]byte("GET / HTTP/1.1\r\nHost: somebody\r\n\r\n"))
	select {
	case err := <-ended:
		if err == nil {
			t.Fatal("garbage was taken for a link")
		}
	case <-time.After(testTimeout):
		t.Fatal("the server hangs on garbage")
	}
}
