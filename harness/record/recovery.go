package record

import "time"

// Interval is a point in time that lies within [Lo, Hi], in nanoseconds of the agent's CLOCK_MONOTONIC. All containers of a host have one
// clock, and every part of a merged record has another: compare recoveries of the same Shard only. Budgets are judged on Hi.
type Interval struct {
	Lo int64 `json:"lo"`
	Hi int64 `json:"hi"`
}

// Since returns the shortest and the longest time that can have passed since the earlier point.
func (i Interval) Since(earlier Interval) (shortest, longest time.Duration) {
	return time.Duration(max(0, i.Lo-earlier.Hi)), time.Duration(i.Hi - earlier.Lo)
}

// Width returns how uncertain the point is.
func (i Interval) Width() time.Duration { return time.Duration(i.Hi - i.Lo) }

// Incarnation is one life of a process. A pid may be used again, the pair with the start time may not.
type Incarnation struct {
	PID int `json:"pid"`
	// StartTime is field 22 of /proc/PID/stat: clock ticks since boot.
	StartTime uint64   `json:"start_time"`
	Argv      []string `json:"argv,omitempty" seal:"describes"`
}

// Landing is the proof that a fault took effect. A fault without one never counts as survived.
type Landing struct {
	At Interval `json:"at"`
	// Proof says in words what was seen: "exited", "state T in 5 of 5 tasks and no reply for 250ms".
	Proof string `json:"proof" seal:"describes"`
}

// Recovery is everything that was seen of one fault and of what followed. A nil phase was not reached before Observed ended.
type Recovery struct {
	ID      string `json:"id"`
	Promise string `json:"promise"`
	Service string `json:"service"`
	Sandbox string `json:"sandbox"`
	// Shard is the part of a merged record that it was seen in. Each part has its own clock and sandboxes.
	Shard string `json:"shard,omitempty"`
	// Fault is the fault's name: SIGTERM, SIGKILL, SIGSTOP.
	Fault string `json:"fault"`

	Before Incarnation `json:"before"`
	// Steady says how the service answered the harness's own request before the fault: "healthy".
	Steady    string    `json:"steady,omitempty"`
	Identity  string    `json:"identity" seal:"describes"` // how the victim was identified: "peer of SOCKET", "inode of port N"
	Injected  Interval  `json:"injected"`
	Landing   *Landing  `json:"landing,omitempty"`
	Exited    *Interval `json:"exited,omitempty"`
	Noticed   *Interval `json:"noticed,omitempty"`   // the supervisor reaped it
	Respawned *Interval `json:"respawned,omitempty"` // a new process exists
	Accepting *Interval `json:"accepting,omitempty"` // the new process accepts a connection
	Serving   *Interval `json:"serving,omitempty"`   // its first correct reply
	Observed  Interval  `json:"observed"`            // Lo is the injection, Hi the end of the observation
	// Ends are the ends of the processes between the supervisor and the one that served, such as a shell, its own child first. A
	// supervisor may take any of them for the end of the run (suites/contract/zinit-0.4.md#restart).
	Ends  []Interval  `json:"ends,omitempty"`
	After Incarnation `json:"after,omitzero"`

	// WorstGap is the longest time that the agent's observer was not scheduled while it watched, in nanoseconds.
	WorstGap int64 `json:"worst_gap"`
	// Pressure is the time for which some task of the host waited for a processor (pressure stall information), from when the new process was due
	// until the end of the observation, in nanoseconds. The host may have caused as much of a delay. The observer's own gaps do not show
	// it, because the kernel prefers a thread that sleeps a lot.
	Pressure int64 `json:"pressure,omitempty"`
	// Disturbed lists changes of services that had no fault, while this fault was observed.
	Disturbed []Disturbance `json:"disturbed,omitempty"`
	// Status is the supervisor's own word at the end of the observation.
	Status string `json:"status,omitempty" seal:"describes"`
	// Policy says in words which retry was due, and when.
	Policy string `json:"policy,omitempty" seal:"describes"`
	// Terms say the same as data. Records of older programs have none.
	Terms *Terms `json:"terms,omitempty"`
	// Seed repeats the run; 0 if nothing was drawn by lot.
	Seed int64 `json:"seed,omitempty"`
}

// Disturbance is a change of an incarnation that no fault explains.
type Disturbance struct {
	Service string      `json:"service"`
	Before  Incarnation `json:"before"`
	At      Interval    `json:"at"`
	What    string      `json:"what" seal:"describes"`
}
