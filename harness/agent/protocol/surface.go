package protocol

import (
	"context"
	"io/fs"
	"time"
)

// The methods that look at an image beside its services. They change nothing.
const (
	MethodEnvironment = "process.environment"
	MethodSockets     = "socket.list"
	MethodPrograms    = "program.find"
	MethodHash        = "file.hash"
	MethodLeaks       = "file.leaks"
)

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

// Socket is a bound unix socket that has a path.
type Socket struct {
	Path string      `json:"path"`
	Mode fs.FileMode `json:"mode"`
	// Open says that every user of the container may connect: all may write to the socket and enter every folder above it.
	Open bool `json:"open"`
}

// ProgramsParams are words that a shell would look up, with the PATH of a process; a word with a slash is a path.
type ProgramsParams struct {
	Names []string `json:"names"`
	PID   int      `json:"pid"`
	// Path replaces the process's PATH if it is not empty.
	Path string `json:"path,omitempty"`
}

// Programs are the words without an executable file, with what is wrong.
type Programs struct {
	Missing map[string]string `json:"missing,omitempty"`
}

// HashParams names files by a pattern, as filepath.Glob takes it.
type HashParams struct {
	Pattern string `json:"pattern"`
}

// Hashes are SHA-256 sums in hexadecimal, by path. What is no regular file is left out.
type Hashes struct {
	Sums map[string]string `json:"sums"`
}

// LeaksParams says what to look for in the container's files. Search only for canaries: a needle travels to the agent.
type LeaksParams struct {
	Needles map[string]string `json:"needles"` // by name
	// Limit is how much is read at most, in bytes.
	Limit int64 `json:"limit"`
}

// Leak is a file that holds a needle.
type Leak struct {
	Needle string `json:"needle"` // its name
	Path   string `json:"path"`
}

// Leaks is the result of a search. It reads only files that changed since the container's first process started: no older file can hold
// a canary.
type Leaks struct {
	Found []Leak `json:"found,omitempty"`
	Files int    `json:"files"` // that were read
	// Truncated says that the limit was reached before the last file.
	Truncated bool `json:"truncated,omitempty"`
}

// Environment returns the names of a process's environment, and the value of one variable.
func (c Client) Environment(ctx context.Context, params EnvironmentParams) (Environment, error) {
	var environment Environment
	err := c.Call(ctx, MethodEnvironment, params, &environment)
	return environment, err
}

// Sockets lists the unix sockets that are bound to a path.
func (c Client) Sockets(ctx context.Context) ([]Socket, error) {
	var sockets []Socket
	err := c.Call(ctx, MethodSockets, nil, &sockets)
	return sockets, err
}

// MissingPrograms returns the words without a program, with what is wrong.
func (c Client) MissingPrograms(ctx context.Context, params ProgramsParams) (map[string]string, error) {
	var programs Programs
	err := c.Call(ctx, MethodPrograms, params, &programs)
	return programs.Missing, err
}

// Hashes returns the SHA-256 sums of the files that a pattern matches.
func (c Client) Hashes(ctx context.Context, pattern string) (map[string]string, error) {
	var hashes Hashes
	err := c.Call(ctx, MethodHash, HashParams{Pattern: pattern}, &hashes)
	return hashes.Sums, err
}

// Leaks looks for canaries in the container's files.
func (c Client) Leaks(ctx context.Context, params LeaksParams) (Leaks, error) {
	var leaks Leaks
	err := c.Call(ctx, MethodLeaks, params, &leaks)
	return leaks, err
}

// RunAs runs a program as Run does, with the environment of a process.
func (c Client) RunAs(ctx context.Context, pid int, limit time.Duration, argv ...string) (CommandResult, error) {
	var ran CommandResult
	err := c.Call(ctx, MethodRun, RunParams{Argv: argv, Limit: limit, EnvironmentOf: pid}, &ran)
	return ran, err
}
