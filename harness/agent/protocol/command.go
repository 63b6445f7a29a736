package protocol

import (
	"context"
	"time"
)

// MethodRun runs a program.
const MethodRun = "command.run"

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

// Run runs a program in the container and waits for its end. An exit code other than 0 is no error. A program that cannot be
// executed is one.
func (c Client) Run(ctx context.Context, limit time.Duration, argv ...string) (CommandResult, error) {
	return call[CommandResult](ctx, c, MethodRun, RunParams{Argv: argv, Limit: limit})
}

// RunAs runs a program as Run does, with the environment of a process.
func (c Client) RunAs(ctx context.Context, pid int, limit time.Duration, argv ...string) (CommandResult, error) {
	return call[CommandResult](ctx, c, MethodRun, RunParams{Argv: argv, Limit: limit, EnvironmentOf: pid})
}
