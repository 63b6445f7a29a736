package protocol

import (
	"context"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// Client calls an agent. It is safe for concurrent use.
type Client struct {
	// Call carries a method to the agent and decodes its result, unless result is nil.
	Call func(ctx context.Context, method string, params, result any) error
}

// Hello greets the agent and returns its pid, clock and kernel.
func (c Client) Hello(ctx context.Context) (Hello, error) {
	var hello Hello
	err := c.Call(ctx, MethodHello, nil, &hello)
	return hello, err
}

// Identify finds the process that serves an endpoint.
func (c Client) Identify(ctx context.Context, params IdentifyParams) (Identity, error) {
	var identity Identity
	err := c.Call(ctx, MethodIdentify, params, &identity)
	return identity, err
}

// Inject injects a fault and returns what followed, once a new incarnation serves or the window ends.
func (c Client) Inject(ctx context.Context, params InjectParams) (Observation, error) {
	var observation Observation
	err := c.Call(ctx, MethodInject, params, &observation)
	return observation, err
}

// Undo reverts a lease's faults, the last first.
func (c Client) Undo(ctx context.Context, lease string) error {
	return c.Call(ctx, MethodUndo, UndoParams{Lease: lease}, nil)
}

// Watch watches a service's process until its end, instead of the one watched before.
func (c Client) Watch(ctx context.Context, service string, incarnation record.Incarnation) error {
	return c.Call(ctx, MethodWatch, WatchParams{Service: service, Incarnation: incarnation}, nil)
}

// Unwatch ends the watch of a service.
func (c Client) Unwatch(ctx context.Context, service string) error {
	return c.Call(ctx, MethodUnwatch, WatchParams{Service: service}, nil)
}

// Deaths returns the ends of watched processes so far, in the order in which they were seen.
func (c Client) Deaths(ctx context.Context) ([]Death, error) {
	var deaths []Death
	err := c.Call(ctx, MethodDeaths, nil, &deaths)
	return deaths, err
}

// Processes returns the container's process table.
func (c Client) Processes(ctx context.Context) ([]Process, error) {
	var table []Process
	err := c.Call(ctx, MethodProcesses, nil, &table)
	return table, err
}

// Calibrate measures the observer's own scheduling gaps for a while.
func (c Client) Calibrate(ctx context.Context, duration time.Duration) (Calibration, error) {
	var calibration Calibration
	err := c.Call(ctx, MethodCalibrate, CalibrateParams{Period: duration}, &calibration)
	return calibration, err
}

// InstallVictim copies the victim's binary to a path of the container: until the link ends, or for good if keep is true.
func (c Client) InstallVictim(ctx context.Context, path string, keep bool) error {
	return c.Call(ctx, MethodVictim, VictimParams{Path: path, Keep: keep}, nil)
}

// PlanCleanup tells the agent what to take back when the link ends.
func (c Client) PlanCleanup(ctx context.Context, params CleanupParams) error {
	return c.Call(ctx, MethodPlanCleanup, params, nil)
}

// ReadFile returns the last limit bytes of a file; a limit of 0 is 1 MiB.
func (c Client) ReadFile(ctx context.Context, path string, limit int64) ([]byte, error) {
	var contents FileContents
	err := c.Call(ctx, MethodReadFile, FileParams{Path: path, Limit: limit}, &contents)
	return contents.Data, err
}

// Glob returns the names that a pattern matches.
func (c Client) Glob(ctx context.Context, pattern string) ([]string, error) {
	var paths Paths
	err := c.Call(ctx, MethodGlob, FileParams{Path: pattern}, &paths)
	return paths.Paths, err
}

// Run runs a program in the container and waits for its end. An exit code other than 0 is no error. A program that cannot be
// executed is one.
func (c Client) Run(ctx context.Context, limit time.Duration, argv ...string) (CommandResult, error) {
	var ran CommandResult
	err := c.Call(ctx, MethodRun, RunParams{Argv: argv, Limit: limit}, &ran)
	return ran, err
}
