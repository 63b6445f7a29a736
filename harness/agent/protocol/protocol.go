// Package protocol holds the messages between the session and the agent in the container. A file holds the methods of one package of
// the agent.
package protocol

import (
	"context"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/probe"
)

// The methods that greet the agent and measure its precision.
const (
	MethodHello     = "agent.hello"
	MethodCalibrate = "clock.calibrate"
)

// Client calls an agent. It is safe for concurrent use.
type Client struct {
	// Call carries a method to the agent and decodes its result, unless result is nil.
	Call func(ctx context.Context, method string, params, result any) error
}

// call calls a method and returns its result.
func call[T any](ctx context.Context, c Client, method string, params any) (result T, err error) {
	err = c.Call(ctx, method, params, &result)
	return result, err
}

// Endpoint is where a service answers: a unix socket, or a TCP port on the loopback address.
type Endpoint struct {
	Socket string `json:"socket,omitempty"`
	Port   int    `json:"port,omitempty"`
	// Path is asked by HTTP GET. If it is empty, Method is called by JSON-RPC; an empty method is `server.health`.
	Path   string `json:"path,omitempty"`
	Method string `json:"method,omitempty"`
}

// Question returns what the harness asks an endpoint.
func (e Endpoint) Question() probe.Question {
	if e.Path != "" {
		return probe.HTTP{Path: e.Path}
	}
	return &probe.JSONRPC{Method: e.Method}
}

// Hello is the agent's greeting.
type Hello struct {
	// SHA256 is the hash of the program that runs, in hexadecimal.
	SHA256      string `json:"sha256"`
	PID         int    `json:"pid"`
	MonotonicNs int64  `json:"monotonic_ns"`
	Kernel      string `json:"kernel"`
}

// Hello greets the agent and returns its pid, clock and kernel.
func (c Client) Hello(ctx context.Context) (Hello, error) {
	return call[Hello](ctx, c, MethodHello, nil)
}

// CalibrateParams says for how long to watch the observer's own scheduling gaps.
type CalibrateParams struct {
	Period time.Duration `json:"for_ns"`
	// PID is a process whose own waiting for a processor is of interest; 0 is none.
	PID int `json:"pid,omitempty"`
}

// Calibration says how precise an observation on this host is at its best.
type Calibration struct {
	// From and To are when it was watched, in nanoseconds of the agent's monotonic clock.
	From int64 `json:"from_ns"`
	To   int64 `json:"to_ns"`
	// WorstGap is the longest time that the observer was not scheduled, in nanoseconds.
	WorstGap int64 `json:"worst_gap"`
	// Pressure is for how long of that some task of the host waited for a processor (pressure stall information).
	Pressure time.Duration `json:"pressure_ns"`
	// PriorPressurePeriod is the sum of it from the host's boot until From.
	PriorPressurePeriod time.Duration `json:"prior_pressure_ns"`
	// RunDelay is for how long the threads of the process in question waited for a processor, together. PriorRunDelay is the sum of it
	// until From.
	RunDelay      time.Duration `json:"run_delay_ns"`
	PriorRunDelay time.Duration `json:"prior_run_delay_ns"`
}

// Calibrate measures for a while the observer's own scheduling gaps, and how long a process waited for a processor; 0 is none.
func (c Client) Calibrate(ctx context.Context, duration time.Duration, pid int) (Calibration, error) {
	return call[Calibration](ctx, c, MethodCalibrate, CalibrateParams{Period: duration, PID: pid})
}
