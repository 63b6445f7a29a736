package protocol

import (
	"context"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// The methods about the number of processes, and about what one of them holds.
const (
	MethodCrowd     = "crowd.watch"
	MethodCrowdEnd  = "crowd.end"
	MethodUsage     = "process.usage"
	MethodWriteFile = "file.write"
)

// CrowdParams starts a count of the processes of some services.
type CrowdParams struct {
	// ID names the count until it is ended.
	ID string `json:"id"`
	// Services are the command lines of services by name.
	Services map[string][]string `json:"services,omitempty"`
}

// Crowd is the result of a count.
type Crowd struct {
	// Most holds, for each service that had a process, the most that lived at the same time.
	Most map[string]Gathering `json:"most"`
	// Looks is how often the processes were counted, over Took.
	Looks int           `json:"looks"`
	Took  time.Duration `json:"took_ns"`
}

// Rate returns how often the processes were counted in a second.
func (c Crowd) Rate() float64 {
	if c.Took <= 0 {
		return 0
	}
	return float64(c.Looks) / c.Took.Seconds()
}

// Gathering is a number of processes with one command line that lived at the same time. A process that another of them forked is not
// counted.
type Gathering struct {
	PIDs []int           `json:"pids"`
	At   record.Interval `json:"at"`
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

// WriteParams is a file and its new content.
type WriteParams struct {
	Path string `json:"path"`
	Data []byte `json:"data"`
}

// WatchCrowd counts the processes of services a hundred times a second, until EndCrowd.
func (c Client) WatchCrowd(ctx context.Context, id string, services map[string][]string) error {
	return c.Call(ctx, MethodCrowd, CrowdParams{ID: id, Services: services}, nil)
}

// EndCrowd ends a count and returns its result.
func (c Client) EndCrowd(ctx context.Context, id string) (Crowd, error) {
	var seen Crowd
	err := c.Call(ctx, MethodCrowdEnd, CrowdParams{ID: id}, &seen)
	return seen, err
}

// Usage returns what a process holds.
func (c Client) Usage(ctx context.Context, pid int) (Usage, error) {
	var usage Usage
	err := c.Call(ctx, MethodUsage, UsageParams{PID: pid}, &usage)
	return usage, err
}

// WriteFile replaces the content of a file that exists. Nothing undoes it.
func (c Client) WriteFile(ctx context.Context, path string, data []byte) error {
	return c.Call(ctx, MethodWriteFile, WriteParams{Path: path, Data: data}, nil)
}
