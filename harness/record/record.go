// Package record holds all evidence of a run as data: what was run, what was promised and found, and every fault with what followed. It
// is written while the run goes on, so that a killed run leaves a readable record.
package record

import (
	"fmt"
	"slices"
	"time"
)

// Schema names the form of a record. It changes when an older program could misread a newer record.
const Schema = "hero_chaos.record/1"

// Record is everything that is known of one run.
type Record struct {
	Schema     string     `json:"schema"`
	Run        Run        `json:"run"`
	Results    []Result   `json:"results" seal:"unordered"`
	Recoveries []Recovery `json:"recoveries" seal:"unordered"`
	Evidence   []Evidence `json:"evidence" seal:"unordered"`
	// Containers are all that the run started, or the one that it attached to.
	Containers []Container `json:"containers,omitempty" seal:"unordered"`
	// End is nil if the run was killed or goes on. Such a record proves nothing by what it lacks.
	End *End `json:"end,omitempty"`
	// Notes say what was odd about the file that the record was read from.
	Notes []string `json:"notes,omitempty"`
	// MeasuredAgain is how many results were measured again, because the host had stalled.
	MeasuredAgain int `json:"measured_again,omitempty"`
	// Planned are the results that were due. It is empty if nobody has listed the specs.
	Planned []Key `json:"planned,omitempty" seal:"unordered"`
}

// Complete reports whether the run came to its end.
func (r *Record) Complete() bool { return r.End != nil }

// Recovery returns the recovery with that id.
func (r *Record) Recovery(id string) (Recovery, bool) {
	for _, recovery := range r.Recoveries {
		if recovery.ID == id {
			return recovery, true
		}
	}
	return Recovery{}, false
}

// Run says what was run, on what, and how.
type Run struct {
	ID      string    `json:"id"`
	Started time.Time `json:"started"`
	Target  string    `json:"target"`
	// TargetSHA256 and PolicySHA256 are the hashes of the target's file and of the policy's that the run was started with, in hexadecimal.
	TargetSHA256 string `json:"target_sha256,omitempty"`
	PolicySHA256 string `json:"policy_sha256,omitempty"`
	Image        string `json:"image" seal:"describes"` // the reference that was asked for
	Digest       string `json:"digest"`                 // what it was
	Daemon       Daemon `json:"daemon" seal:"describes"`
	Mutant       string `json:"mutant,omitempty"`  // how the image was broken on purpose; such a record promotes nothing
	Choices      string `json:"choices,omitempty"` // what the image was told to do where the contract leaves a choice; likewise
	Profile      string `json:"profile"`           // quick or faithful
	Seed         int64  `json:"seed"`
	Focus        string `json:"focus,omitempty"`   // what was selected; empty is everything
	Service      string `json:"service,omitempty"` // the one service that was selected; empty is every one
	// Request names what else was asked for. Records of older programs have none.
	Request *Request `json:"request,omitempty"`
	Version string   `json:"version" seal:"describes"` // of the harness
	// Tools are the versions of what the harness is built with and runs on, by name: "go", "docker".
	Tools map[string]string `json:"tools,omitempty" seal:"describes"`
	// Shard is the part of a run that this is, "2/4"; empty is all of it.
	Shard string `json:"shard,omitempty"`
	// Plan names the shard's plan (harness/shard), and Specs is the number of specs that it gave to this shard. Shards of two plans are no
	// whole run.
	Plan  string `json:"plan,omitempty"`
	Specs int    `json:"specs,omitempty"`
	// Parts are the shards that a record was merged from, in their order; a record of one run has none.
	Parts []Part `json:"parts,omitempty"`
	Procs int    `json:"procs" seal:"describes"` // how many specs ran at once
	Host  Host   `json:"host" seal:"describes"`

	// Supervisor says how zinit was reached and, if not by its RPC, why.
	Supervisor string `json:"supervisor,omitempty" seal:"describes"`
	// Promises are all that the program knew. A promise without a result was not run.
	Promises []Promise `json:"promises"`
	// Confirmed are the assumptions that the target's file confirms.
	Confirmed []string `json:"confirmed,omitempty"`
	// Services are the target's, in the order of its file.
	Services []Service `json:"services"`

	// Scale is the divisor of the shipped numbers for our victims; 0 if they were not scaled.
	Scale float64 `json:"scale,omitempty"`
	// Limits are the target's outer limits for its own services.
	Limits *Limits `json:"limits,omitempty"`
	// Tolerance is by how much every latest bound may be exceeded, in nanoseconds.
	Tolerance int64    `json:"tolerance_ns,omitempty"`
	Budgets   []Budget `json:"budgets,omitempty" seal:"describes"`
	// Turns divide the target's services: those of one turn can be faulted at once, since none of them depends on another.
	Turns [][]string `json:"turns,omitempty" seal:"describes"`
	// Sandboxes plans the containers beside the first; nil if the run needed one alone.
	Sandboxes *Sandboxes `json:"sandboxes,omitempty" seal:"describes"`
	// Floor is the longest chain of policy waits of a faithful run, in nanoseconds; 0 in any other.
	Floor int64 `json:"floor_ns,omitempty" seal:"describes"`
}

// Promise is one sentence that the target is held to (harness/promise), as it was when the run began. A record is judged without the
// program that wrote it.
type Promise struct {
	ID       string `json:"id"`
	Sentence string `json:"sentence" seal:"describes"`
	Source   string `json:"source" seal:"describes"`
	// Advisory promises never hold an image back by themselves.
	Advisory bool `json:"advisory,omitempty"`
	// Assumptions are the marks of the contract that it rests on.
	Assumptions []string `json:"assumptions,omitempty"`
	// Throughout promises are about a whole run: every shard is asked.
	Throughout bool `json:"throughout,omitempty"`
	// OnlyUpgrade promises are asked if the run names an image to upgrade from.
	OnlyUpgrade bool `json:"only_upgrade,omitempty"`
	// Proof is the evidence that a held result must have.
	Proof *Proof `json:"proof,omitempty"`
	// Advice says what to do if it fails.
	Advice Advice `json:"advice,omitzero"`
}

// Service is a service that the target ships, and the policy that zinit gave back for it.
type Service struct {
	Name string `json:"name"`
	// Policy is its restart policy in words, as zinit told it: "20 attempts, 5s exponential up to 5m, stable after 1m".
	// It is empty if zinit could not be asked.
	Policy string `json:"policy,omitempty" seal:"describes"`
	// Retry is the same as data.
	Retry *RetryPolicy `json:"retry,omitempty"`
	// Check is its registered health check; nil if there is none, or nobody could ask for it.
	Check *Check `json:"check,omitempty"`
	// Socket or Port is where it serves, by the target file.
	Socket string `json:"socket,omitempty"`
	Port   int    `json:"port,omitempty"`
}

// Budget is when something was due, in nanoseconds from the event that its name tells.
type Budget struct {
	Name     string `json:"name"`
	Earliest int64  `json:"earliest_ns"`
	Latest   int64  `json:"latest_ns"`
	Why      string `json:"why"`
}

// Sandboxes is the plan of the containers that a run starts beside the first, by what that took. Sizes are in bytes, durations in
// nanoseconds; what is not known is 0.
type Sandboxes struct {
	Wanted   int    `json:"wanted"`
	AtOnce   int    `json:"at_once"`
	Reason   string `json:"reason"` // what AtOnce follows from: demand, memory, cores, disk or order
	Expected int64  `json:"expected_ns"`
	// Memory, Disk and CPU are what the first container took, and Boot how long it took until all of its services served.
	Memory int64 `json:"memory"`
	Disk   int64 `json:"disk"`
	CPU    int64 `json:"cpu_ns"`
	Boot   int64 `json:"boot_ns"`
	// MemoryLeft and DiskLeft are what the host had left then.
	MemoryLeft int64 `json:"memory_left"`
	DiskLeft   int64 `json:"disk_left"`
	// Text says the plan in one sentence.
	Text string `json:"text"`
}

// Daemon is the container engine that ran the target.
type Daemon struct {
	ID  string `json:"id"`
	API string `json:"api"` // the version of its API that was spoken
}

// Host is the machine that the target ran on.
type Host struct {
	Cores  int    `json:"cores"`
	Kernel string `json:"kernel"`
	// WorstGap is the longest time that the observer was not scheduled while the host was calibrated, in nanoseconds.
	WorstGap int64 `json:"worst_gap"`
}

// Outcome is the outcome of a promise on one service.
type Outcome string

// The outcomes. A result has exactly one.
const (
	Held         Outcome = "held"
	Failed       Outcome = "failed"
	Inconclusive Outcome = "inconclusive" // there is no positive evidence either way
	NotRun       Outcome = "not-run"
)

// Result is one promise, held against one service.
type Result struct {
	Promise string  `json:"promise"`
	Theme   string  `json:"theme"`
	Service string  `json:"service,omitempty"` // empty: the target as a whole
	Fault   string  `json:"fault,omitempty"`
	Name    string  `json:"name"` // the text of the spec
	Outcome Outcome `json:"outcome"`
	// Cause is why a result is inconclusive or did not run.
	Cause *Cause `json:"cause,omitempty"`
	// Reason is the same in the words of records that were written before there were causes.
	Reason string `json:"reason,omitempty"`
	// Stalled says that the host has spoiled the result (Cause.Spoiled), so that measuring again may prove something.
	Stalled bool `json:"stalled,omitempty"`
	// Failure is the complete text of a failure.
	Failure string `json:"failure,omitempty"`
	// Remedy holds a corrected command or line of a definition, if the spec has tried it on the image.
	Remedy     string    `json:"remedy,omitempty"`
	Attempts   int       `json:"attempts"` // how often the spec ran; a retried spec is no evidence
	Started    time.Time `json:"started"`
	Duration   int64     `json:"duration_ns"`
	Recoveries []string  `json:"recoveries,omitempty"` // ids
	// Windows are the windows that its recoveries were held to, in the order in which they were judged.
	Windows []Window `json:"windows,omitempty"`
	// Lasting is the fault of the host that it rests on; nil if it rests on none. Results of one experiment have the same.
	Lasting *Lasting `json:"lasting,omitempty"`
	// Sandboxes are those in which it was found, by name.
	Sandboxes []string `json:"sandboxes,omitempty"`
	// Shard is the part of a merged record that it was found in.
	Shard string `json:"shard,omitempty"`
}

// ListRecoveries returns the ids of the recoveries that a result stands on: its own, and those that it was held to besides.
func (r Result) ListRecoveries() []string {
	ids := slices.Clone(r.Recoveries)
	for _, window := range r.Windows {
		if !slices.Contains(ids, window.Recovery) {
			ids = append(ids, window.Recovery)
		}
	}
	return ids
}

// Key identifies a result within a run.
type Key struct {
	Promise string `json:"promise"`
	Service string `json:"service,omitempty"`
	Fault   string `json:"fault,omitempty"`
	Name    string `json:"name"`
}

// Key returns the result's key.
func (r Result) Key() Key { return Key{r.Promise, r.Service, r.Fault, r.Name} }

// Window is when a phase of a recovery was due.
type Window struct {
	Recovery string `json:"recovery"` // its id
	Phase    string `json:"phase"`    // exited, noticed, respawned, accepting or serving
	From     string `json:"from"`     // what it is counted from: injected, or a phase
	// Earliest and Latest are in nanoseconds, without the run's tolerance. A Latest of 0 is no bound.
	Earliest int64 `json:"earliest_ns"`
	Latest   int64 `json:"latest_ns"`
}

// Evidence points to a collected file that is too large for the record.
type Evidence struct {
	What string `json:"what" seal:"describes"` // "the supervisor's log"
	Path string `json:"path"`                  // relative to the record
	// Shard is the part of a merged record that it was collected in.
	Shard string `json:"shard,omitempty"`
	// Bytes and SHA256 (in hexadecimal) are the file's; a folder has none.
	Bytes  int64  `json:"bytes,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
}

// Container is a container of the target in which a run injected faults: a sandbox. A sandbox that made room for others was started again,
// in another container.
type Container struct {
	Sandbox    string `json:"sandbox"`    // its name
	Generation int    `json:"generation"` // from 1
	ID         string `json:"id"`         // the daemon's
	Digest     string `json:"digest"`     // of the image that it ran
	// From and Until are the time in which its agent could inject a fault, on the clock of an Interval.
	From  int64 `json:"from_ns"`
	Until int64 `json:"until_ns"`
	// Shard is the part of a merged record that started it.
	Shard string `json:"shard,omitempty"`
}

// Instance returns the name of the sandbox, which differs for each generation. Its evidence lies in a folder of that name.
func (c Container) Instance() string {
	if c.Generation > 1 {
		return fmt.Sprintf("%s-%d", c.Sandbox, c.Generation)
	}
	return c.Sandbox
}

// IsLater reports whether the container is of a repetition (ReplaceSpoiled), whose files the record does not list.
func (c Container) IsLater() bool { return IsLater(c.Sandbox) }

// End is written last: nothing that the run found is missing before it.
type End struct {
	Finished time.Time `json:"finished"`
	// WorstGap is the longest time that the observer was not scheduled during the run, in nanoseconds.
	WorstGap int64 `json:"worst_gap"`
	// Trouble is the harness's own error, empty if there was none.
	Trouble string `json:"trouble,omitempty"`
	// Totals count what the record holds.
	Totals *Totals `json:"totals,omitempty"`
	// Seal is the hash of all evidence in the record, as it was saved (Record.Seal).
	Seal string `json:"seal,omitempty"`
}

// check refuses an outcome that no program of ours writes: a guess at its meaning could promote an image.
func (r Result) check() error {
	switch r.Outcome {
	case Held, Failed, Inconclusive, NotRun:
		return nil
	}
	return fmt.Errorf("the result of %q for %q has the outcome %q: an outcome is held, failed, inconclusive or not-run", r.Promise, r.Service, r.Outcome)
}

func (r *Record) check() error {
	if r.Schema != Schema {
		return fmt.Errorf("the record has the schema %q: this program reads %q", r.Schema, Schema)
	}
	for _, result := range r.Results {
		if err := result.check(); err != nil {
			return err
		}
	}
	return nil
}
