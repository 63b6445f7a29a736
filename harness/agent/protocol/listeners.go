package protocol

import "context"

// MethodListeners asks who listens where.
const MethodListeners = "endpoint.listeners"

// Listener is a process that listens: on a unix socket with a path, or on a TCP port.
type Listener struct {
	PID    int    `json:"pid"`
	Socket string `json:"socket,omitempty"`
	Port   int    `json:"port,omitempty"`
}

// Listeners returns who listens where, of the processes that we may look into.
func (c Client) Listeners(ctx context.Context) ([]Listener, error) {
	var listeners []Listener
	err := c.Call(ctx, MethodListeners, nil, &listeners)
	return listeners, err
}
