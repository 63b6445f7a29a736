package protocol

import (
	"context"
	"io/fs"
	"path"
	"slices"

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
	// Around are the processes between the supervisor and Serving, Root first: a shell, a process of the supervisor's own. It is empty if
	// Serving is Root.
	Around []record.Incarnation `json:"around,omitempty"`
	// How says how it was found: "peer of SOCKET", "inode of port N".
	How string `json:"how"`
}

// Has reports whether a process is the one that serves, or one around it: a supervisor may name any of them as its own.
func (i Identity) Has(pid int) bool {
	return pid == i.Serving.PID || slices.ContainsFunc(i.Around, func(p record.Incarnation) bool { return p.PID == pid })
}

// InShell reports whether a shell is around the process that serves: it ends at a signal that the program handles.
func (i Identity) InShell() bool {
	return slices.ContainsFunc(i.Around, func(p record.Incarnation) bool {
		return len(p.Argv) > 0 && IsShell(p.Argv[0]) && slices.Contains(p.Argv, "-c")
	})
}

// IsShell reports whether a program is a shell, by its name.
func IsShell(program string) bool {
	return slices.Contains([]string{"sh", "bash", "dash", "ash", "ksh", "zsh", "busybox"}, path.Base(program))
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
