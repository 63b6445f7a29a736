// Package fault is the catalogue of what the harness does to a service. A fault is data: the agent carries
// it out inside the container, and its landing says how anybody can tell that it took effect.
package fault

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Landing says which observation proves that a fault took effect.
type Landing string

// The landings.
const (
	// LandsByExit is proved by the end of the process.
	LandsByExit Landing = "exit"
	// LandsByStop is proved by state T in every task of the process and a probe that gets no reply.
	LandsByStop Landing = "stop"
)

// Fault is one thing that can be done to a service's process.
type Fault struct {
	// Name is what people call it: it is part of a test's name.
	Name string `json:"name"`
	// Signal is sent through a pidfd, to the processes that Aim says.
	Signal string `json:"signal,omitempty"`
	Aim    Aim    `json:"aim,omitempty"`
	// Command is run inside the container instead, where the fault is to go the way that its users go:
	// its first word is a path or is looked up in the image's PATH.
	Command []string `json:"command,omitempty"`
	// Landing is the proof that it took effect.
	Landing Landing `json:"landing"`
	// Undo is the signal that reverts it as long as the process is the same one, or empty.
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

// SIGSTOP hangs a process: it holds its sockets, and the kernel accepts for it, but nobody answers.
var SIGSTOP = Fault{Name: "SIGSTOP", Signal: "SIGSTOP", Landing: LandsByStop, Undo: "SIGCONT"}

// String is the fault's name.
func (f Fault) String() string { return f.Name }

// Validate refuses a fault that could not be carried out or whose landing nobody could prove.
func (f Fault) Validate() error {
	switch {
	case (f.Signal == "") == (len(f.Command) == 0):
		return fmt.Errorf("fault %q needs either a signal or a command", f.Name)
	case f.Signal != "" && unix.SignalNum(f.Signal) == 0:
		return fmt.Errorf("fault %q: there is no signal %q", f.Name, f.Signal)
	case f.Landing != LandsByExit && !f.Landing.stops():
		return fmt.Errorf("fault %q has landing %q: a fault without a landing proves nothing", f.Name, f.Landing)
	case f.Landing.stops() && f.Undo == "":
		return fmt.Errorf("fault %q stops a process and names no undo", f.Name)
	case f.Undo != "" && unix.SignalNum(f.Undo) == 0:
		return fmt.Errorf("fault %q is to be undone by %q: there is no such signal", f.Name, f.Undo)
	}
	return nil
}
