// Package fault is the catalogue of what the harness does to a service. A fault is data: the agent carries it out inside the container,
// and its landing is the proof that it took effect.
package fault

import (
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// Landing is the observation that proves that a fault took effect.
type Landing string

// The landings.
const (
	// LandsByExit is proved by the end of the process.
	LandsByExit Landing = "exit"
	// LandsByStop is proved by state T in every task that was aimed at, and a probe that gets no reply.
	LandsByStop Landing = "stop"
	// LandsBeside is proved by state T in every task that was aimed at, whatever the service does meanwhile.
	LandsBeside Landing = "beside"
)

// Fault is one thing that can be done to a service's process.
type Fault struct {
	// Name is part of a spec's name.
	Name string `json:"name"`
	// Signal is sent to the processes that Aim says.
	Signal string `json:"signal,omitempty"`
	Aim    Aim    `json:"aim,omitempty"`
	// Command is run inside the container instead of a signal, as users of the image would run it. Its first word is a path, or is
	// looked up in the image's PATH.
	Command []string `json:"command,omitempty"`
	// Landing is the proof that it took effect.
	Landing Landing `json:"landing"`
	// Undo is the signal that reverts it as long as the process is the same, or empty.
	Undo string `json:"undo,omitempty"`
}

// The faults that end a process.
var (
	SIGTERM = Fault{Name: "SIGTERM", Signal: "SIGTERM", Landing: LandsByExit}
	SIGKILL = Fault{Name: "SIGKILL", Signal: "SIGKILL", Landing: LandsByExit}
	SIGSEGV = Fault{Name: "SIGSEGV", Signal: "SIGSEGV", Landing: LandsByExit}
	SIGINT  = Fault{Name: "SIGINT", Signal: "SIGINT", Landing: LandsByExit}
	SIGHUP  = Fault{Name: "SIGHUP", Signal: "SIGHUP", Landing: LandsByExit}
)

// SIGSTOP is the fault that hangs a process: it holds its sockets, and the kernel accepts for it, but it does not answer.
var SIGSTOP = Fault{Name: "SIGSTOP", Signal: "SIGSTOP", Landing: LandsByStop, Undo: "SIGCONT"}

// String returns the fault's name.
func (f Fault) String() string { return f.Name }

// Validate returns an error if a fault cannot be carried out or its landing cannot be proved.
func (f Fault) Validate() error {
	switch {
	case (f.Signal == "") == (len(f.Command) == 0):
		return fmt.Errorf("fault %q needs either a signal or a command", f.Name)
	case f.Signal != "" && unix.SignalNum(f.Signal) == 0:
		return fmt.Errorf("fault %q: unknown signal %q", f.Name, f.Signal)
	case f.Landing != LandsByExit && !f.Landing.stops():
		return fmt.Errorf("fault %q has landing %q: a fault without a landing proves nothing", f.Name, f.Landing)
	case f.Landing.stops() && f.Undo == "":
		return fmt.Errorf("fault %q stops a process and names no undo", f.Name)
	case f.Undo != "" && unix.SignalNum(f.Undo) == 0:
		return fmt.Errorf("fault %q is undone by %q: unknown signal", f.Name, f.Undo)
	}
	return nil
}

// stops reports whether the landing is that of a stopped process.
func (l Landing) stops() bool { return l == LandsByStop || l == LandsBeside }

// Gentle reports whether a fault may be done to a service that somebody else runs: it asks the service to end, which can save its
// state before. What a signal that it cannot handle, a stop or a command leaves behind is unknown, such as half a file.
func (f Fault) Gentle() bool {
	return f.Undo == "" && slices.Contains([]string{"SIGTERM", "SIGINT", "SIGHUP"}, f.Signal)
}
