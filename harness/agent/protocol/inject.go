package protocol

import (
	"context"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// The methods about faults.
const (
	MethodInject = "fault.inject"
	MethodUndo   = "fault.undo"
)

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

// Inject injects a fault and returns what followed, once a new incarnation serves or the window ends.
func (c Client) Inject(ctx context.Context, params InjectParams) (Observation, error) {
	return call[Observation](ctx, c, MethodInject, params)
}

// UndoParams names the faults to undo.
type UndoParams struct {
	Lease string `json:"lease"`
}

// Undo reverts a lease's faults, the last first.
func (c Client) Undo(ctx context.Context, lease string) error {
	return c.Call(ctx, MethodUndo, UndoParams{Lease: lease}, nil)
}
