package lasting

import (
	"fmt"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/handle"
)

// softLimit is a soft limit of the supervisor's process that is lowered for a while.
type softLimit struct {
	pid, resource int
	handle        *handle.Handle
	before        unix.Rlimit
	lowered       bool
}

// hold takes hold of the supervisor and reads its limit, which it is to have again.
func (l *softLimit) hold() (err error) {
	if l.handle, err = openSupervisor(l.pid); err != nil {
		return err
	}
	l.before, err = l.read()
	return err
}

func (l *softLimit) read() (limit unix.Rlimit, err error) {
	if err := unix.Prlimit(l.pid, l.resource, nil, &limit); err != nil {
		return limit, fmt.Errorf("read the limits of process %d: %w", l.pid, err)
	}
	return limit, nil
}

// lower lowers the limit to an amount at most, and returns what it is then.
func (l *softLimit) lower(amount uint64) (unix.Rlimit, error) {
	limit := unix.Rlimit{Cur: min(amount, l.before.Cur), Max: l.before.Max}
	l.lowered = true
	if err := unix.Prlimit(l.pid, l.resource, &limit, nil); err != nil {
		return limit, fmt.Errorf("lower the limit of process %d: %w", l.pid, err)
	}
	return limit, nil
}

// restore gives the supervisor the limit that it had, and lets go of it.
func (l *softLimit) restore() {
	if l.handle == nil {
		return
	}
	// The process that is held is the one that was lowered; another with its number has the limits that it was given.
	if l.lowered && l.handle.Signal(0) == nil {
		_ = unix.Prlimit(l.pid, l.resource, &l.before, nil)
	}
	l.handle.Close()
}
