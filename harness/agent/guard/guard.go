// Package guard undoes the faults of an agent that was killed, in a container that is not ours. It is a second process: the kernel tells it
// of the agent's end, whatever ended that.
package guard

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/handle"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// Step is the reversal of one fault. Members that are not set do nothing.
type Step struct {
	// Process goes on if it is stopped, and has its limits of descriptors and of file sizes again.
	Process     record.Incarnation `json:"process,omitzero"`
	Continues   bool               `json:"continues,omitempty"`
	Descriptors *unix.Rlimit       `json:"descriptors,omitempty"`
	FileSize    *unix.Rlimit       `json:"file_size,omitempty"`
	// File has its content again. It is written in place: it may be a mount.
	File    string `json:"file,omitempty"`
	Content []byte `json:"content,omitempty"`
}

// order is a line that the agent sends: a step to remember, or the name of one to forget.
type order struct {
	Name string `json:"name"`
	Step *Step  `json:"step,omitempty"`
}

// Guard is the agent's side. A nil guard remembers nothing: a container of our own is removed as a whole.
type Guard struct {
	mu      sync.Mutex
	orders  *json.Encoder
	input   io.Closer
	process *exec.Cmd
}

// Start starts the guard's process, which is this program with an argument.
func Start(argument string) (*Guard, error) {
	command := exec.Command("/proc/self/exe", argument) //nolint:gosec,noctx // this program, which outlives its context on purpose
	command.Args[0] = os.Args[0]                        // who lists processes sees whose it is
	input, err := command.StdinPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("start the guard of the faults: %w", err)
	}
	return &Guard{orders: json.NewEncoder(input), input: input, process: command}, nil
}

// Add has a step remembered under a name, before the fault that it undoes.
func (g *Guard) Add(name string, step Step) error { return g.send(order{name, &step}) }

// Drop has a step forgotten: its fault is undone, or never was.
func (g *Guard) Drop(name string) { _ = g.send(order{Name: name}) } // what is undone twice is undone

// send sends an order.
func (g *Guard) send(o order) error {
	if g == nil {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.orders.Encode(o); err != nil {
		return fmt.Errorf("tell the guard of the faults: %w", err)
	}
	return nil
}

// Close ends the guard, and waits until it has.
func (g *Guard) Close() error {
	if g == nil {
		return nil
	}
	return errors.Join(g.input.Close(), g.process.Wait())
}

// Run remembers the steps that it reads, and carries out those that are left when the input ends.
func Run(input io.Reader) error {
	left := map[string]Step{}
	orders := json.NewDecoder(input)
	for {
		var o order
		if orders.Decode(&o) != nil { // the end, also in the middle of a line: that fault has not begun
			break
		}
		if o.Step == nil {
			delete(left, o.Name)
		} else {
			left[o.Name] = *o.Step
		}
	}
	var err error
	for _, name := range slices.Sorted(maps.Keys(left)) {
		err = errors.Join(err, left[name].undo())
	}
	return err
}

// undo carries out a step. A process that is gone needs none.
func (s Step) undo() (err error) {
	if s.File != "" {
		const mode = 0o644 // of a file that somebody has removed meanwhile
		err = os.WriteFile(s.File, s.Content, mode)
	}
	if s.Process.PID == 0 {
		return err
	}
	process, gone := handle.Open(s.Process)
	if gone != nil {
		return err
	}
	defer process.Close()
	if s.Descriptors != nil {
		err = errors.Join(err, unix.Prlimit(s.Process.PID, unix.RLIMIT_NOFILE, s.Descriptors, nil))
	}
	if s.FileSize != nil {
		err = errors.Join(err, unix.Prlimit(s.Process.PID, unix.RLIMIT_FSIZE, s.FileSize, nil))
	}
	if s.Continues {
		if failure := process.Signal(unix.SIGCONT); !errors.Is(failure, unix.ESRCH) {
			err = errors.Join(err, failure)
		}
	}
	return err
}
