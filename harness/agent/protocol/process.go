package protocol

import (
	"context"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// The methods about processes, and what they hold and were started with.
const (
	MethodProcesses   = "process.list"
	MethodUsage       = "process.usage"
	MethodEnvironment = "process.environment"
	MethodPrograms    = "program.find"
)

// Process is a line of the process table.
type Process struct {
	record.Incarnation
	Parent  int    `json:"parent"`
	Group   int    `json:"group"`
	Session int    `json:"session"`
	State   string `json:"state"` // a letter, as in /proc/PID/stat
}

// Processes returns the container's process table.
func (c Client) Processes(ctx context.Context) ([]Process, error) {
	return call[[]Process](ctx, c, MethodProcesses, nil)
}

// UsageParams names a process.
type UsageParams struct {
	PID int `json:"pid"`
}

// Usage holds what a process has in use.
type Usage struct {
	Descriptors int `json:"descriptors"`
	Threads     int `json:"threads"`
	// Resident is its memory, in bytes: VmRSS of /proc/PID/status.
	Resident int64 `json:"resident"`
	// Files are the regular files that it has open, in order, each once.
	Files []string `json:"files,omitempty"`
}

// Usage returns what a process holds.
func (c Client) Usage(ctx context.Context, pid int) (Usage, error) {
	return call[Usage](ctx, c, MethodUsage, UsageParams{PID: pid})
}

// EnvironmentParams asks for the names in a process's environment, and for one value.
type EnvironmentParams struct {
	PID int `json:"pid"`
	// Variable is the one whose value is returned. Never name a secret.
	Variable string `json:"variable,omitempty"`
}

// Environment is the environment that a process was started with.
type Environment struct {
	Names []string `json:"names"`
	Value string   `json:"value,omitempty"` // of EnvironmentParams.Variable
}

// Environment returns the names of a process's environment, and the value of one variable.
func (c Client) Environment(ctx context.Context, params EnvironmentParams) (Environment, error) {
	return call[Environment](ctx, c, MethodEnvironment, params)
}

// ProgramsParams are words that a shell would look up, with the PATH of a process; a word with a slash is a path.
type ProgramsParams struct {
	Names []string `json:"names"`
	PID   int      `json:"pid"`
	// Path replaces the process's PATH if it is not empty.
	Path string `json:"path,omitempty"`
}

// MissingPrograms returns the words without a program, with what is wrong.
func (c Client) MissingPrograms(ctx context.Context, params ProgramsParams) (map[string]string, error) {
	return call[map[string]string](ctx, c, MethodPrograms, params)
}
