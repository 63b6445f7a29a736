// Package wire carries everything between the harness and its agent over one pair of pipes: a control
// stream that speaks JSON-RPC, and raw streams that end at a socket on the far side. The same protocol
// runs between Ginkgo's parallel processes and the one that owns the session.
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

// A link is given up when no heartbeat is answered for this long in all (design, "One exec, many streams": 5 s).
const (
	heartbeatInterval = 500 * time.Millisecond
	heartbeatTimeout  = 4500 * time.Millisecond
)

// headerLimit bounds the line that opens a stream, in bytes: an address is a path and a name.
const headerLimit = 64 << 10

// Address names a socket on the far side.
type Address struct {
	// Sandbox is the container's name within the session; an agent, which is inside one, ignores it.
	Sandbox string `json:"sandbox,omitempty"`
	// Network is "unix" or "tcp".
	Network string `json:"network"`
	// Address is a path, or host:port.
	Address string `json:"address"`
}

// String writes the address for an error text.
func (a Address) String() string { return a.Network + ":" + a.Address }

// header is the first line of a stream: an address to dial, or none for the control stream.
type header struct {
	Dial *Address `json:"dial,omitempty"`
}

// answer is the far side's first line on a raw stream.
type answer struct {
	Error string `json:"error,omitempty"`
}

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

// readLine reads one line byte by byte, so that nothing of what follows is swallowed.
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
	return fmt.Errorf("a stream was opened with more than %d bytes: the far side speaks another protocol", headerLimit)
}

// closeWriter is what a half-closing connection offers.
type closeWriter interface{ CloseWrite() error }

// join copies both ways until both directions have ended, passing each end of file on.
func join(ctx context.Context, left, right net.Conn) {
	stop := context.AfterFunc(ctx, func() { _ = left.Close(); _ = right.Close() })
	defer stop()
	done := make(chan struct{}, 2)
	pass := func(to, from net.Conn) {
		_, err := io.Copy(to, from)
		if half, ok := to.(closeWriter); ok && err == nil {
			_ = half.CloseWrite()
		} else {
			_ = to.Close()
		}
		done <- struct{}{}
	}
	go pass(left, right)
	go pass(right, left)
	<-done
	<-done
	_ = left.Close()
	_ = right.Close()
}

// stream gives a yamux stream the half-close that yamux's own Close in fact is: it ends our direction and
// leaves the other open for what is still under way.
type stream struct{ *yamux.Stream }

func (s stream) CloseWrite() error { return s.Stream.Close() }

// Close also ends a read that waits, as a connection's has to: the far side may never end its direction.
func (s stream) Close() error {
	_ = s.SetReadDeadline(time.Unix(1, 0))
	return s.Stream.Close()
}

// deadlineOf sets ctx's deadline on a connection for an exchange, and returns how to take it off again.
func deadlineOf(ctx context.Context, conn net.Conn) (restore func()) {
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

// ErrLinkEnded says that the far side is gone: the container, the agent or the owner of the session ended.
var ErrLinkEnded = errors.New("the link has ended")
