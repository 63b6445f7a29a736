package procfs

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// ReadLinks returns what a process's descriptors refer to. The error is one of permission if nobody whom the agent may be can look.
//
// Root without CAP_SYS_PTRACE, as in most containers, may not look into the processes of other users. Their own user may, and root can
// act as that user.
func ReadLinks(pid int) (links []string, err error) {
	err = asOwner(pid, func() (err error) {
		links, err = readLinks(pid)
		return err
	})
	return links, err
}

func readLinks(pid int) ([]string, error) {
	directory := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(directory)
	if err != nil {
		return nil, err
	}
	found := make([]string, 0, len(entries))
	for _, entry := range entries {
		target, err := os.Readlink(directory + "/" + entry.Name())
		if errors.Is(err, os.ErrPermission) {
			return nil, err
		}
		if err == nil { // else it was closed meanwhile
			found = append(found, target)
		}
	}
	return found, nil
}

// asOwner looks at a process, and once more as its user if permission is denied.
func asOwner(pid int, look func() error) error {
	err := look()
	if !errors.Is(err, os.ErrPermission) {
		return err
	}
	user, group, known := readOwner(pid)
	if !known {
		return err
	}
	again := make(chan error)
	go func() {
		runtime.LockOSThread() // for good: the thread ends with this goroutine, and nobody else becomes that user
		if err := errors.Join(unix.Setfsgid(group), unix.Setfsuid(user)); err != nil {
			again <- err
			return
		}
		again <- look()
	}()
	return <-again
}

// readOwner returns the effective user and group of a process.
func readOwner(pid int) (user, group int, known bool) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, false
	}
	return parseOwner(string(data))
}

// parseOwner reads the second numbers of the lines Uid and Gid (proc(5)).
func parseOwner(status string) (user, group int, known bool) {
	var users, groups bool
	for line := range strings.Lines(status) {
		var real int
		if n, _ := fmt.Sscanf(line, "Uid: %d %d", &real, &user); n == 2 {
			users = true
		}
		if n, _ := fmt.Sscanf(line, "Gid: %d %d", &real, &group); n == 2 {
			groups = true
		}
	}
	return user, group, users && groups
}

// ReadUser returns the effective user of a process.
func ReadUser(pid int) (user int, known bool) {
	user, _, known = readOwner(pid)
	return user, known
}
