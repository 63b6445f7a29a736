// Package wire carries everything between the harness and its agent over one pair of pipes: a control stream that speaks JSON-RPC, and
// raw streams that end at a socket on the server's side. Ginkgo's parallel processes use the same protocol towards the one that owns
// the session.
package wire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/hashicorp/yamux"
)

// A link is given up when no heartbeat is answered for this long in all.
const (
	heartbeatInterval = 500 * time.Millisecond
	heartbeatTimeout  = 14500 * time.Millisecond
)

// headerLimit bounds the line that opens a stream, in bytes: an address is a path and a name.
const headerLimit = 64 << 10

// Address names a socket on the server's side.
type Address struct {
	// Sandbox is the name of a sandbox of the session. An agent, which is inside one, ignores it.
	Sandbox string `json:"sandbox,omitempty"`
	// Network is "unix" or "tcp".
	Network string `json:"network"`
	// Address is a path, or host:port.
	Address string `json:"address"`
}

// String returns the address for an error text.
func (a Address) String() string { return a.Network + ":" + a.Address }

// header is the first line of a stream. Dial is nil for the control stream.
type header struct {
	Dial *Address `json:"dial,omitempty"`
}

// answer is the server's first line on a raw stream.
type answer struct {
	Error string `json:"error,omitempty"`
}

// configuration returns the settings of both ends of a link.
func configuration() *yamux.Config {
	configuration := yamux.DefaultConfig()
	configuration.KeepAliveInterval = heartbeatInterval
	configuration.ConnectionWriteTimeout = heartbeatTimeout
	configuration.StreamOpenTimeout = 0
	configuration.LogOutput = io.Discard
	return configuration
}

// writeLine writes one JSON document and a line feed.
func writeLine(w io.Writer, document any) error {
	line, err := json.Marshal(document)
	if err != nil {
		return err
	}
	_, err = w.Write(append(line, '\n'))
	return err
}

// readLine reads one line byte by byte, so that it does not read beyond it.
func readLine(r io.Reader, document any) error {
	var line []byte
	var one [1]byte
	for len(line) < headerLimit {
		if _, err := io.ReadFull(r, one[:]); err != nil {
			return err
		}
		if one[0] == '\n' {
			return json.Unmarshal(line, document)
		}
		line = append(line, one[0])
	}
	return fmt.Errorf("the line that opens a stream is longer than %d bytes: the other side speaks another protocol", headerLimit)
}

// closeWriter is a connection that can be half closed.
type closeWriter interface{ CloseWrite() error }

// join copies both ways until both directions have ended. It passes on each end of file.
func join(ctx context.Context, left, right net.Conn) {
	stop := context.AfterFunc(ctx, func() { _ = left.Close(); _ = right.Close() })
	defer stop()
	done := make(chan struct{}, 2)
	forward := func(to, from net.Conn) {
		_, err := io.Copy(to, from)
		if half, ok := to.(closeWriter); ok && err == nil {
			_ = half.CloseWrite()
		} else {
			_ = to.Close()
		}
		done <- struct{}{}
	}
	go forward(left, right)
	go forward(right, left)
	<-done
	<-done
	_ = left.Close()
	_ = right.Close()
}

// stream is a yamux stream with a half-close. yamux's own Close is one: it ends our direction and leaves the other open.
type stream struct{ *yamux.Stream }

// CloseWrite ends our direction.
func (s stream) CloseWrite() error { return s.Stream.Close() }

// Close ends our direction and a read that waits. The other side may never end its direction.
func (s stream) Close() error {
	_ = s.SetReadDeadline(time.Unix(1, 0))
	return s.Stream.Close()
}

// setDeadline sets ctx's deadline on a connection for an exchange. restore removes it again.
func setDeadline(ctx context.Context, conn net.Conn) (restore func()) {
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	return func() {
		if stop() {
			_ = conn.SetDeadline(time.Time{})
		}
	}
}

// ErrLinkEnded is the error of a link whose other side has ended: the container, the agent or the owner of the session.
var ErrLinkEnded = errors.New("the link has ended")
