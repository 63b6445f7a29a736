package protocol

import "context"

// MethodListeners lists the processes that listen.
const MethodListeners = "endpoint.listeners"

// Listener is a process that listens: on a unix socket with a path, or on a TCP port.
type Listener struct {
	PID    int    `json:"pid"`
	Socket string `json:"socket,omitempty"`
	Port   int    `json:"port,omitempty"`
}

// Listeners lists the processes that listen, as far as the agent may look into them.
func (c Client) Listeners(ctx context.Context) ([]Listener, error) {
	var listeners []Listener
	err := c.Call(ctx, MethodListeners, nil, &listeners)
	return listeners, err
}
