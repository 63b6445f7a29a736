// Package claim keeps two runs from working in one container: each would take the other's faults for the image's failures.
package claim

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/procfs"
)

// takeTimeout is the time that another agent has to end, which may still be taking back what it brought.
const takeTimeout = 5 * time.Second

// Take locks a folder of the container for this process until it ends. The lock leaves no file. The error names the run that has the
// folder.
func Take(folder string) error { return take(folder, takeTimeout) }

func take(folder string, timeout time.Duration) error {
	descriptor, err := unix.Open(folder, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("claim the container: open %s: %w", folder, err)
	}
	taken := make(chan error, 1)
	go func() {
		err := unix.Flock(descriptor, unix.LOCK_EX)
		for errors.Is(err, unix.EINTR) {
			err = unix.Flock(descriptor, unix.LOCK_EX)
		}
		taken <- err
	}()
	select {
	case err := <-taken:
		if err != nil {
			return fmt.Errorf("claim the container: lock %s: %w", folder, err)
		}
		return nil
	case <-time.After(timeout):
		return fmt.Errorf("another run is at work in this container%s: wait for its end", findHolder())
	}
}

// findHolder returns who runs another agent, from its arguments; empty if none is seen.
func findHolder() string {
	table, err := procfs.ListProcesses()
	if err != nil {
		return ""
	}
	for _, process := range table {
		argv := process.Argv
		if process.PID != os.Getpid() && len(argv) == 3 && argv[1] == "link" && strings.HasPrefix(filepath.Base(argv[0]), "hero_chaos_agent") {
			return " (" + argv[2] + ")"
		}
	}
	return ""
}
