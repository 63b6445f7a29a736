package wire

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// longestSocketPath is the longest path of a unix socket in bytes (unix(7), sun_path without its end).
const longestSocketPath = 107

// Listen listens on a unix socket in a new folder that only this user can enter. pattern is the folder's name with a star for a random
// part, and the socket's (x-*/y.sock). The folder is in $TMPDIR, or in /tmp if the path would be too long for a socket. The caller
// removes the folder.
func Listen(ctx context.Context, pattern string) (net.Listener, error) {
	folder, err := os.MkdirTemp(shortTemp(pattern), filepath.Dir(pattern))
	if err != nil {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "unix", filepath.Join(folder, filepath.Base(pattern)))
	if err != nil {
		_ = os.RemoveAll(folder)
		return nil, err
	}
	return listener, nil
}

// shortTemp returns the folder for temporary files, or /tmp if that is too long for sockets of the pattern.
func shortTemp(pattern string) string {
	const random = 10 // digits, at most, that take the place of the star
	if len(os.TempDir())+1+len(pattern)+random > longestSocketPath {
		return "/tmp"
	}
	return os.TempDir()
}

// ListenForOwn listens on a unix socket without a file, for processes of this user alone. The socket ends with this process, however that
// ends, and needs no folder (unix(7), abstract sockets). name begins its address.
func ListenForOwn(ctx context.Context, name string) (net.Listener, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "unix", fmt.Sprintf("@%s-%s", name, rand.Text()))
	if err != nil {
		return nil, err
	}
	return ownListener{listener, os.Geteuid()}, nil
}

// ownListener is a listener that turns clients of other users away: an abstract socket has no permissions.
type ownListener struct {
	net.Listener
	user int
}

// Accept returns the next connection of the user.
func (l ownListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if peer, err := FindPeer(conn); err == nil && int(peer.Uid) == l.user {
			return conn, nil
		}
		_ = conn.Close()
	}
}

// FindPeer returns the process at the other end of a unix socket, with its user: the listener's for who has connected (SO_PEERCRED).
func FindPeer(conn net.Conn) (*unix.Ucred, error) {
	local, ok := conn.(*net.UnixConn)
	if !ok {
		return nil, fmt.Errorf("%T is no unix socket", conn)
	}
	raw, err := local.SyscallConn()
	if err != nil {
		return nil, err
	}
	var peer *unix.Ucred
	var failure error
	err = raw.Control(func(fd uintptr) {
		peer, failure = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) //nolint:gosec // a descriptor fits
	})
	return peer, errors.Join(err, failure)
}
