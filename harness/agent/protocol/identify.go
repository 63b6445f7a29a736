package protocol

import (
	"context"
	"io/fs"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// The methods that find the processes behind sockets and ports.
const (
	MethodIdentify  = "endpoint.identify"
	MethodListeners = "endpoint.listeners"
	MethodSockets   = "socket.list"
)

// IdentifyParams names an endpoint whose process is to be identified.
type IdentifyParams struct {
	Endpoint Endpoint `json:"endpoint"`
	// SupervisorPID bounds the walk to the root of the service's process tree.
	SupervisorPID int `json:"supervisor_pid,omitempty"`
}

// Identity is the process that serves an endpoint. It is found by its socket, not by the supervisor's word.
type Identity struct {
	// Serving is the process that holds the socket.
	Serving record.Incarnation `json:"serving"`
	// Root is the process that the supervisor started: Serving itself, or the wrapper around it.
	Root record.Incarnation `json:"root"`
	// How says how it was found: "peer of SOCKET", "inode of port N".
	How string `json:"how"`
}

// Identify finds the process that serves an endpoint.
func (c Client) Identify(ctx context.Context, params IdentifyParams) (Identity, error) {
	return call[Identity](ctx, c, MethodIdentify, params)
}

// Listener is a process that listens: on a unix socket with a path, or on a TCP port.
type Listener struct {
	PID    int    `json:"pid"`
	Socket string `json:"socket,omitempty"`
	Port   int    `json:"port,omitempty"`
}

// Listeners lists the processes that listen, as far as the agent may look into them.
func (c Client) Listeners(ctx context.Context) ([]Listener, error) {
	return call[[]Listener](ctx, c, MethodListeners, nil)
}

// Socket is a bound unix socket that has a path.
type Socket struct {
	Path string      `json:"path"`
	Mode fs.FileMode `json:"mode"`
	// Open says that every user of the container may connect: all may write to the socket and enter every folder above it.
	Open bool `json:"open"`
}

// Sockets lists the unix sockets that are bound to a path.
func (c Client) Sockets(ctx context.Context) ([]Socket, error) {
	return call[[]Socket](ctx, c, MethodSockets, nil)
}
