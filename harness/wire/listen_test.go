package wire

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestListenInATemporaryFolderOfAnyLength checks that a socket's path fits whatever TMPDIR is, and that only this user can enter.
func TestListenInATemporaryFolderOfAnyLength(t *testing.T) {
	for _, length := range []int{10, 60, 80, 90, 100, 150} {
		folder := filepath.Join(t.TempDir(), strings.Repeat("x", length))
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		t.Setenv("TMPDIR", folder)
		listener, err := Listen(t.Context(), "hero_chaos-*/session.sock")
		if err != nil {
			t.Errorf("%d: %v", length, err)
			continue
		}
		made := filepath.Dir(listener.Addr().String())
		if about, err := os.Stat(made); err != nil || about.Mode().Perm() != 0o700 {
			t.Errorf("%d: %s: %v, %v", length, made, about.Mode(), err)
		}
		_ = listener.Close()
		if err := os.RemoveAll(made); err != nil {
			t.Error(err)
		}
	}
}

// TestListenForOwnNeedsNoFolder checks that the session's socket needs no TMPDIR, and that it serves this user alone.
func TestListenForOwnNeedsNoFolder(t *testing.T) {
	t.Setenv("TMPDIR", "/nothing")
	listener, err := ListenForOwn(t.Context(), "hero_chaos")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	accepted := make(chan net.Conn, 1)
	go func() {
		conn, _ := listener.Accept()
		accepted <- conn
	}()
	conn, err := new(net.Dialer).DialContext(t.Context(), "unix", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if got := <-accepted; got == nil {
		t.Fatal("a process of this user was turned away")
	}
}

// TestListenForOwnTurnsOthersAway checks that a client of another user gets no word in.
func TestListenForOwnTurnsOthersAway(t *testing.T) {
	listener, err := ListenForOwn(t.Context(), "hero_chaos")
	if err != nil {
		t.Fatal(err)
	}
	own := listener.(ownListener)
	own.user++ // as if the socket were another user's
	defer func() { _ = own.Close() }()
	go func() { _, _ = own.Accept() }()
	conn, err := new(net.Dialer).DialContext(t.Context(), "unix", own.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if n, err := conn.Read(make([]byte, 1)); err == nil {
		t.Fatalf("%d bytes were read, and the connection is open", n)
	}
}
