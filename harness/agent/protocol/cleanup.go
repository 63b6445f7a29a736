package protocol

import (
	"context"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim/elf"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// The methods that bring a victim, and take back what was brought.
const (
	MethodVictim      = "victim.install"
	MethodUninstall   = "victim.uninstall"
	MethodPlanCleanup = "cleanup.plan"
)

// VictimParams asks for the victim's binary to be put into the container.
type VictimParams struct {
	Path string `json:"path"`
	// Keep leaves it there when the link ends: for a container that is ours, and may be started again.
	Keep bool `json:"keep,omitempty"`
	// Program is put there instead, if it is not empty.
	Program elf.Kind `json:"program,omitempty"`
}

// InstallVictim copies the victim's binary to a path of the container: until the link ends, or for good if keep is true.
func (c Client) InstallVictim(ctx context.Context, path string, keep bool) error {
	return c.Call(ctx, MethodVictim, VictimParams{Path: path, Keep: keep}, nil)
}

// InstallProgram puts a tiny program to a path of the container until the link ends. It replaces what was installed there before.
func (c Client) InstallProgram(ctx context.Context, path string, program elf.Kind) error {
	return c.Call(ctx, MethodVictim, VictimParams{Path: path, Program: program}, nil)
}

// UninstallVictim removes a binary that InstallVictim installed, so that a service's program is missing until it is installed again.
// Another path is an error.
func (c Client) UninstallVictim(ctx context.Context, path string) error {
	return c.Call(ctx, MethodUninstall, VictimParams{Path: path}, nil)
}

// CleanupParams says what to take back when the link ends, however it ends: for a container that is not ours.
type CleanupParams struct {
	// Zinit is the path of the supervisor's socket. Its services whose names begin with Prefix are deleted.
	Zinit string `json:"zinit"`
	// Spelling is the supervisor's, if it does not speak as the contract has it.
	Spelling *zinit.Spelling `json:"spelling,omitempty"`
	Prefix   string          `json:"prefix"`
	// Home is the folder of our files. It is removed, unless it held something before; of a mount, the contents are. Made says that an
	// earlier agent of the session has found it empty, or missing.
	Home string `json:"home"`
	Made bool   `json:"made,omitempty"`
	// Files of ours are removed: agents that could not be executed.
	Files []string `json:"files,omitempty"`
	// Sockets of services are put back that an earlier agent has moved aside, and Stopped processes go on that it has stopped.
	Sockets []string             `json:"sockets,omitempty"`
	Stopped []record.Incarnation `json:"stopped,omitempty"`
}

// CleanupPlan is the answer to CleanupParams.
type CleanupPlan struct {
	// Made reports whether Home held nothing before.
	Made bool `json:"made"`
}

// AsideSuffix ends the name of a service's own socket while an impostor is in its place.
const AsideSuffix = ".hero_chaos_aside"

// PlanCleanup tells the agent what to take back when the link ends.
func (c Client) PlanCleanup(ctx context.Context, params CleanupParams) (CleanupPlan, error) {
	return call[CleanupPlan](ctx, c, MethodPlanCleanup, params)
}
