package identify

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/procfs"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

// findPortOwner finds the process that listens on a TCP port by the inode of the listening socket. If several hold it, it is the one
// that started first. If nobody may look into the one that holds it, it is found by exclusion.
func findPortOwner(port, supervisor int) (pid int, exclusion bool, err error) {
	found, err := findListeningSocket(port)
	if err != nil {
		return 0, false, err
	}
	table, err := procfs.ListProcesses()
	if err != nil {
		return 0, false, err
	}
	link := formatLink(found.inode)
	var owner protocol.Process
	var hidden, others []protocol.Process // which nobody may look into: of the socket's user, and of others
	for _, process := range table {
		links, err := procfs.ReadLinks(process.PID)
		if slices.Contains(links, link) && (owner.PID == 0 || process.StartTime < owner.StartTime) {
			owner = process
		}
		user, known := procfs.ReadUser(process.PID)
		switch {
		case !known || !errors.Is(err, os.ErrPermission):
		case user == found.user:
			hidden = append(hidden, process)
		default:
			others = append(others, process)
		}
	}
	if owner.PID != 0 {
		return owner.PID, false, nil
	}
	if len(hidden) == 0 {
		hidden = others // a service that has changed its user after it had bound the port
	}
	pid, err = exclude(hidden, supervisor)
	return pid, true, err
}

// exclude returns the one process that can hold a socket, among those that nobody may look into. Of a process and what descends from it,
// it is the first.
func exclude(hidden []protocol.Process, supervisor int) (int, error) {
	var tops []int
	for _, process := range hidden {
		isAbove := func(other protocol.Process) bool { return other.PID == process.Parent && other.PID != supervisor }
		if process.PID != supervisor && process.State != "Z" && !slices.ContainsFunc(hidden, isAbove) {
			tops = append(tops, process.PID)
		}
	}
	switch len(tops) {
	case 0:
		return 0, errors.New("no process that we may look into holds it")
	case 1:
		return tops[0], nil
	}
	return 0, fmt.Errorf("any of %d processes can hold it, and nobody may look into them: give the container SYS_PTRACE (capabilities in "+
		"the target file), or name a unix socket of the service there", len(tops))
}

// listening is a socket that listens on a port.
type listening struct {
	inode string
	user  int
}

// findListeningSocket reads the kernel's tables of TCP sockets.
func findListeningSocket(port int) (listening, error) {
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		data, err := os.ReadFile(table) //nolint:gosec // one of the two names above
		if err != nil {
			continue
		}
		if found, ok := findListener(data, port); ok {
			return found, nil
		}
	}
	return listening{}, errors.New("nobody listens on it")
}

// findListener looks for a line in state 0A (LISTEN) whose local address ends with the port in hexadecimal.
func findListener(table []byte, port int) (found listening, ok bool) {
	const local, state, user, inode = 1, 3, 7, 9
	suffix := fmt.Sprintf(":%04X", port)
	lines := bufio.NewScanner(bytes.NewReader(table))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) <= inode || fields[state] != "0A" || !strings.HasSuffix(fields[local], suffix) {
			continue
		}
		number, err := strconv.Atoi(fields[user])
		if _, failure := strconv.Atoi(fields[inode]); err == nil && failure == nil {
			return listening{fields[inode], number}, true
		}
	}
	return listening{}, false
}
