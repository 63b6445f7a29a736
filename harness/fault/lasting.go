package fault

import (
	"errors"
	"fmt"
	"slices"
)

// Scope names the thing that a lasting fault acts on.
type Scope string

// The scopes.
const (
	// OnSupervisor is the supervisor's own process.
	OnSupervisor Scope = "supervisor"
	// OnProcess is the process of one service.
	OnProcess Scope = "process"
	// OnFilesystem is a file system of the container.
	OnFilesystem Scope = "filesystem"
	// OnCgroup is the limits of the whole container.
	OnCgroup Scope = "cgroup"
	// OnNetwork is the ports and names by which programs reach each other.
	OnNetwork Scope = "network"
)

// Way names the way by which a lasting fault gets into the container.
type Way string

// The ways.
const (
	// ByAgent is the agent inside the container, with Docker's default capabilities.
	ByAgent Way = "agent"
	// ByDocker is Docker's API. It is for containers of our own: the reaper removes those if the harness dies.
	ByDocker Way = "docker"
)

// Undo names the mechanism that reverts a lasting fault if its holder dies.
type Undo string

// The undos.
const (
	// EndsWithHolder says that the kernel ends the fault with the process that holds it.
	EndsWithHolder Undo = "holder"
	// EndsByJournal says that the agent's undo journal reverts the fault, also if the link ends.
	EndsByJournal Undo = "journal"
	// EndsWithContainer says that the session's owner reverts the fault, or else removes the container.
	EndsWithContainer Undo = "container"
)

// Lasting is a fault that holds on until it is reverted: it takes from the supervisor or its container something that they need.
type Lasting struct {
	// Name is part of the record: it never changes.
	Name  string `json:"name"`
	Scope Scope  `json:"scope"`
	Way   Way    `json:"way"`
	Undo  Undo   `json:"undo"`
	// Amount is the quantity that is left or taken, in Unit. It lies between Least and Most. A fault without a unit has none.
	Amount int64  `json:"amount,omitempty"`
	Unit   string `json:"unit,omitempty"`
	Least  int64  `json:"least,omitempty"`
	Most   int64  `json:"most,omitempty"`
	// Landing says in words what proves that it took effect.
	Landing string `json:"landing"`
	// Needs says what a machine must offer for it.
	Needs string `json:"needs"`
}

// AllLasting returns the catalogue of lasting faults. Each has a file of its own.
func AllLasting() []Lasting {
	return []Lasting{SupervisorStopped, DiskFull, InodesGone, DescriptorsGone, CPUStarved, ProcessesGone, OOMKill, PortTaken, DNSGone, BacklogFull, SocketBlocked, FilesCut, EndWithheld}
}

// FindLasting returns the lasting fault of that name.
func FindLasting(name string) (Lasting, bool) {
	all := AllLasting()
	i := slices.IndexFunc(all, func(f Lasting) bool { return f.Name == name })
	if i < 0 {
		return Lasting{}, false
	}
	return all[i], true
}

// String returns the fault's name.
func (f Lasting) String() string { return f.Name }

// Validate returns an error if a fault could not be carried out, proved or reverted.
func (f Lasting) Validate() error {
	var wrong error
	switch {
	case f.Name == "":
		wrong = errors.New("it has no name")
	case !slices.Contains([]Scope{OnSupervisor, OnProcess, OnFilesystem, OnCgroup, OnNetwork}, f.Scope):
		wrong = fmt.Errorf("unknown scope %q", f.Scope)
	case f.Way != ByAgent && f.Way != ByDocker:
		wrong = fmt.Errorf("unknown way %q", f.Way)
	case f.Way == ByAgent && f.Undo != EndsWithHolder && f.Undo != EndsByJournal, f.Way == ByDocker && f.Undo != EndsWithContainer:
		wrong = fmt.Errorf("what the way %q does is not undone by %q", f.Way, f.Undo)
	case f.Landing == "" || f.Needs == "":
		wrong = errors.New("it must say what proves it and what it needs")
	case f.Unit == "" && (f.Amount != 0 || f.Least != 0 || f.Most != 0):
		wrong = errors.New("an amount needs a unit")
	case f.Amount < f.Least || f.Amount > f.Most:
		wrong = fmt.Errorf("%d %s is not between %d and %d", f.Amount, f.Unit, f.Least, f.Most)
	default:
		return nil
	}
	return fmt.Errorf("fault %q: %w", f.Name, wrong)
}
