package wire

import (
	"context"
	"net"
	"os"
	"path/filepath"
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
