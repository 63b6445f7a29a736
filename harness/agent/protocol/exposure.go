package protocol

import (
	"context"
	"io/fs"
)

// The methods about what the container shows to others.
const (
	MethodExposed  = "endpoint.exposed"
	MethodWritable = "file.writable"
)

// The networks of an exposed endpoint.
const (
	NetworkTCP      = "tcp"
	NetworkUDP      = "udp"
	NetworkAbstract = "abstract"
)

// Exposed is an endpoint that no file permission guards: a TCP port that listens, a UDP port without a peer, or an abstract unix socket.
type Exposed struct {
	Network string `json:"network"`
	// Address is the local address, or the name of an abstract socket.
	Address string `json:"address"`
	Port    int    `json:"port,omitempty"`
	// Loopback says that only the container itself reaches it.
	Loopback bool `json:"loopback,omitempty"`
	// Ephemeral says that it is a UDP port of those that the kernel gives to clients.
	Ephemeral bool `json:"ephemeral,omitempty"`
	// PIDs are the processes that hold it, as far as the agent may look into them.
	PIDs []int `json:"pids,omitempty"`
}

// Exposed lists the endpoints that no file permission guards.
func (c Client) Exposed(ctx context.Context) ([]Exposed, error) {
	return call[[]Exposed](ctx, c, MethodExposed, nil)
}

// WritableParams are patterns of paths, as filepath.Glob takes them.
type WritableParams struct {
	Patterns []string `json:"patterns"`
}

// Writable is a file or folder that every user may change.
type Writable struct {
	Path string      `json:"path"`
	Mode fs.FileMode `json:"mode"`
}

// Writable returns which of some files, and of the folders above them, every user may change. A folder in which nobody may replace what
// another owns (the sticky bit) is none of them.
func (c Client) Writable(ctx context.Context, patterns ...string) ([]Writable, error) {
	return call[[]Writable](ctx, c, MethodWritable, WritableParams{Patterns: patterns})
}
