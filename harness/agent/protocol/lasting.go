package protocol

import (
	"context"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// The methods about faults that last.
const (
	MethodBeginLasting = "lasting.begin"
	MethodProveLasting = "lasting.prove"
	MethodEndLasting   = "lasting.end"
	MethodCPU          = "process.cpu"
)

// LastingParams is a lasting fault to begin.
type LastingParams struct {
	// Lease is the key under which the fault is reverted.
	Lease         string        `json:"lease"`
	Fault         fault.Lasting `json:"fault"`
	SupervisorPID int           `json:"supervisor_pid"`
	// RPC is where the supervisor answers, if that is known.
	RPC Endpoint `json:"rpc,omitzero"`
	// Path names what the fault is about: a file, a folder, or the control socket of a service of ours.
	Path string `json:"path,omitempty"`
}

// Landed says whether a lasting fault took effect.
type Landed struct {
	// Landing is nil if it did not.
	Landing *record.Landing `json:"landing,omitempty"`
	// Missing says in one line why it did not land.
	Missing string `json:"missing,omitempty"`
}

// Released says whether what a lasting fault took is there again.
type Released struct {
	Reverted record.Interval `json:"reverted"`
	// Proof says what shows that it is as before; it is empty if nothing shows it. At is when that was seen.
	Proof string          `json:"proof,omitempty"`
	At    record.Interval `json:"at,omitzero"`
}

// BeginLasting begins a lasting fault and returns when. The agent writes down its undo before. If the fault goes through Docker, the
// agent only looks at what it is going to change.
func (c Client) BeginLasting(ctx context.Context, params LastingParams) (record.Interval, error) {
	return call[record.Interval](ctx, c, MethodBeginLasting, params)
}

// ProveLasting looks for the proof that a lasting fault has landed.
func (c Client) ProveLasting(ctx context.Context, lease string) (Landed, error) {
	return call[Landed](ctx, c, MethodProveLasting, UndoParams{Lease: lease})
}

// EndLasting reverts a lasting fault and waits for the proof that all is as before.
func (c Client) EndLasting(ctx context.Context, lease string) (Released, error) {
	return call[Released](ctx, c, MethodEndLasting, UndoParams{Lease: lease})
}

// CPUTime returns the processor time that a process has used so far, without its children.
func (c Client) CPUTime(ctx context.Context, pid int) (time.Duration, error) {
	return call[time.Duration](ctx, c, MethodCPU, UsageParams{PID: pid})
}
