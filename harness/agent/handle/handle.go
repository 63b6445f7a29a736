// Package handle holds on to processes, so that a signal reaches the one that was meant and no other.
package handle

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/procfs"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// Handle is a hold on one incarnation of a process: a pidfd, or its start time if the kernel or a seccomp profile refuses pidfds.
type Handle struct {
	incarnation record.Incarnation
	fd          int // -1: there is no pidfd
}

// Open takes hold of a process. The error says so if it has ended, if its pid is another's by now, or if it is not the container's.
func Open(incarnation record.Incarnation) (*Handle, error) {
	return open(incarnation, arePidfdsAllowed())
}

// arePidfdsAllowed tries a pidfd on the agent itself.
var arePidfdsAllowed = sync.OnceValue(func() bool {
	fd, err := unix.PidfdOpen(os.Getpid(), 0)
	if err != nil {
		return !errors.Is(err, unix.ENOSYS) && !errors.Is(err, unix.EPERM)
	}
	defer func() { _ = unix.Close(fd) }()
	return unix.PidfdSendSignal(fd, 0, nil, 0) == nil
})

func open(incarnation record.Incarnation, byPidfd bool) (*Handle, error) {
	h := &Handle{incarnation, -1}
	if byPidfd {
		fd, err := unix.PidfdOpen(incarnation.PID, 0)
		if err != nil {
			return nil, fmt.Errorf("open a pidfd of process %d: %w", incarnation.PID, err)
		}
		h.fd = fd
	}
	// The incarnation is compared after the pidfd was opened, so that the pidfd is of the right process.
	if !procfs.IsSameProcess(incarnation) {
		h.Close()
		return nil, fmt.Errorf("process %d is no longer the one that was identified", incarnation.PID)
	}
	if !procfs.IsOurs(incarnation.PID) {
		h.Close()
		return nil, fmt.Errorf("process %d is outside of the container", incarnation.PID)
	}
	return h, nil
}

// Close lets go of the process.
func (h *Handle) Close() {
	if h.fd >= 0 {
		_ = unix.Close(h.fd)
	}
}

// FD returns the pidfd, which is readable once the process has ended; -1 if there is none.
func (h *Handle) FD() int { return h.fd }

// IsGuarded reports whether a signal cannot reach another process that got the same pid meanwhile.
func (h *Handle) IsGuarded() bool { return h.fd >= 0 }

// Incarnation returns which process is held.
func (h *Handle) Incarnation() record.Incarnation { return h.incarnation }

// Signal sends a signal to the process. Signal 0 asks whether it is there, which a zombie is. The error is ESRCH if it is gone.
func (h *Handle) Signal(signal unix.Signal) error {
	if h.fd >= 0 {
		return unix.PidfdSendSignal(h.fd, signal, nil, 0)
	}
	if !procfs.IsSameProcess(h.incarnation) {
		return unix.ESRCH
	}
	return unix.Kill(h.incarnation.PID, signal)
}

// HasEnded reports whether the process has ended, by /proc. It is for a handle without a pidfd.
func (h *Handle) HasEnded() bool { return !procfs.IsAlive(h.incarnation) }
