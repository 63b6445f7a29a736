package inject

import (
	"fmt"
	"sync"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/guard"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/handle"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// journal is the list of what reverts the open faults. It is written before a fault is injected.
type journal struct {
	guard *guard.Guard
	mu    sync.Mutex
	open  map[string][]undoStep
	count int // of the steps so far
}

type undoStep struct {
	process *handle.Handle
	signal  unix.Signal
	name    string // for the guard
}

// add writes down how to undo a fault on a process.
func (j *journal) add(lease string, incarnation record.Incarnation, signal unix.Signal) error {
	process, err := handle.Open(incarnation)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.count++
	name := fmt.Sprintf("signal %d", j.count)
	if err := j.guard.Add(name, guard.Step{Process: incarnation, Continues: signal == unix.SIGCONT}); err != nil {
		process.Close()
		return err
	}
	if j.open == nil {
		j.open = map[string][]undoStep{}
	}
	j.open[lease] = append(j.open[lease], undoStep{process: process, signal: signal, name: name})
	return nil
}

// revert undoes a lease's faults, the last first. A process that is gone needs no undo.
func (j *journal) revert(lease string) {
	j.mu.Lock()
	steps := j.open[lease]
	delete(j.open, lease)
	j.mu.Unlock()
	for i := len(steps) - 1; i >= 0; i-- {
		_ = steps[i].process.Signal(steps[i].signal)
		steps[i].process.Close()
		j.guard.Drop(steps[i].name)
	}
}

// revertAll undoes every open fault.
func (j *journal) revertAll() {
	j.mu.Lock()
	leases := make([]string, 0, len(j.open))
	for lease := range j.open {
		leases = append(leases, lease)
	}
	j.mu.Unlock()
	for _, lease := range leases {
		j.revert(lease)
	}
}
