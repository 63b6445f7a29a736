// Package protocol is what the session and the agent in the container say to each other.
package protocol

import (
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/probe"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// The methods of the control stream.
const (
	MethodHello       = "agent.hello"
	MethodIdentify    = "endpoint.identify"
	MethodInject      = "fault.inject"
	MethodUndo        = "fault.undo"
	MethodWatch       = "census.watch"
	MethodUnwatch     = "census.unwatch"
	MethodDeaths      = "census.deaths"
	MethodProcesses   = "process.list"
	MethodCalibrate   = "clock.calibrate"
	MethodVictim      = "victim.install"
	MethodPlanCleanup = "cleanup.plan"
	MethodReadFile    = "file.read"
	MethodGlob        = "file.glob"
	MethodRun         = "command.run"
)

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
	PID         int    `json:"pid"`
	MonotonicNs int64  `json:"monotonic_ns"`
	Kernel      string `json:"kernel"`
}

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

// InjectParams is a fault to be carried out and observed.
type InjectParams struct {
	// Lease is the key under which the fault is undone.
	Lease    string      `json:"lease"`
	Fault    fault.Fault `json:"fault"`
	Endpoint Endpoint    `json:"endpoint"`
	// Victim must still serve the endpoint. Another incarnation is an error, and nothing is sent.
	Victim Identity `json:"victim"`
	// SupervisorPID bounds the walk to the root of the new process tree.
	SupervisorPID int `json:"supervisor_pid,omitempty"`
	// ObservationLimit bounds the observation, in nanoseconds. The observation ends early once a new
	// incarnation serves.
	ObservationLimit time.Duration `json:"window_ns"`
	// DueDelay is the time from the exit until the new process is due, in nanoseconds.
	DueDelay time.Duration `json:"due_ns,omitempty"`
}

// Observation holds what the agent saw of a fault. A nil phase was not reached within the limit.
type Observation struct {
	Injected  record.Interval  `json:"injected"`
	Landing   *record.Landing  `json:"landing,omitempty"`
	Exited    *record.Interval `json:"exited,omitempty"`
	Noticed   *record.Interval `json:"noticed,omitempty"`
	Respawned *record.Interval `json:"respawned,omitempty"`
	Accepting *record.Interval `json:"accepting,omitempty"`
	Serving   *record.Interval `json:"serving,omitempty"`
	After     *Identity        `json:"after,omitempty"`
	// Ends are the ends of the processes between the supervisor and the victim, its own child first.
	Ends  []record.Interval `json:"ends,omitempty"`
	Ended int64             `json:"ended"`
	// LastRefusal says why the last reply of the new process was no good one.
	LastRefusal string `json:"last_refusal,omitempty"`
	// WorstGap is the longest time that the observer was not scheduled meanwhile, in nanoseconds.
	WorstGap int64 `json:"worst_gap"`
	// Pressure is for how long some task of the host waited for a processor, from when the new process was due until the end of the
	// observation.
	Pressure time.Duration `json:"pressure_ns"`
}

// UndoParams names the faults to undo.
type UndoParams struct {
	Lease string `json:"lease"`
}

// WatchParams asks for a service's process to be watched until its end.
type WatchParams struct {
	Service     string             `json:"service"`
	Incarnation record.Incarnation `json:"incarnation"`
}

// Death is the end of a watched process.
type Death struct {
	Service     string             `json:"service"`
	Incarnation record.Incarnation `json:"incarnation"`
	At          record.Interval    `json:"at"`
}

// Process is a line of the process table.
type Process struct {
	record.Incarnation
	Parent  int    `json:"parent"`
	Group   int    `json:"group"`
	Session int    `json:"session"`
	State   string `json:"state"` // a letter, as in /proc/PID/stat
}

// CalibrateParams says for how long to watch the observer's own scheduling gaps.
type CalibrateParams struct {
	Period time.Duration `json:"for_ns"`
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
}

// VictimParams asks for the victim's binary to be put into the container.
type VictimParams struct {
	Path string `json:"path"`
	// Keep leaves it there when the link ends: for a container that is ours, and may be started again.
	Keep bool `json:"keep,omitempty"`
}

// CleanupParams says what to take back when the link ends, however it ends: for a container that is not ours.
type CleanupParams struct {
	// Zinit is the path of the supervisor's socket. Its services whose names begin with Prefix are deleted.
	Zinit  string `json:"zinit"`
	Prefix string `json:"prefix"`
	// Home is the folder of our files. It is removed, unless it was there before.
	Home string `json:"home"`
}

// FileParams names a file, or a pattern as filepath.Glob takes it.
type FileParams struct {
	Path string `json:"path"`
	// Limit bounds what is read, in bytes from the end; 0 is 1 MiB.
	Limit int64 `json:"limit,omitempty"`
}

// FileContents is the content of a file.
type FileContents struct {
	Data []byte `json:"data"`
}

// Paths are the names that a pattern matched.
type Paths struct {
	Paths []string `json:"paths"`
}

// RunParams is a program to run in the container, as root, in a session of its own.
type RunParams struct {
	Argv []string `json:"argv"`
	// Limit is how long it may run, in nanoseconds; its whole process group is killed then.
	Limit time.Duration `json:"limit_ns"`
	// EnvironmentOf is the process whose environment it gets; 0 is the agent's, which is the container's.
	EnvironmentOf int `json:"environment_of,omitempty"`
	// Env is added to that, NAME=VALUE. Dir is its folder; empty is the agent's.
	Env []string `json:"env,omitempty"`
	Dir string   `json:"dir,omitempty"`
}

// CommandResult is the result of a program.
type CommandResult struct {
	// ExitCode is -1 if it was killed, by a signal or by us at the limit.
	ExitCode int           `json:"exit_code"`
	TimedOut bool          `json:"timed_out,omitempty"`
	Output   string        `json:"output"` // both outputs, the last 64 KiB
	Took     time.Duration `json:"took_ns"`
}
