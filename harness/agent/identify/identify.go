// Package identify finds the processes behind sockets and ports.
package identify

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/procfs"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// Find finds the process that serves an endpoint: the peer of its unix socket, or the holder of its port's inode.
func Find(ctx context.Context, params protocol.IdentifyParams) (protocol.Identity, error) {
	var pid int
	var how string
	var err error
	if socket := params.Endpoint.Socket; socket != "" {
		how = "peer of " + socket
		pid, err = findSocketOwner(ctx, socket)
	} else {
		how = fmt.Sprintf("inode of port %d", params.Endpoint.Port)
		pid, err = findPortOwner(params.Endpoint.Port)
	}
	if err != nil {
		return protocol.Identity{}, fmt.Errorf("identify the %s: %w", how, err)
	}
	return Resolve(pid, params.SupervisorPID, how)
}

// Resolve returns the identity of a serving process, with the root of its process tree.
func Resolve(pid, supervisor int, how string) (protocol.Identity, error) {
	serving, err := procfs.ReadProcess(pid)
	if err != nil {
		return protocol.Identity{}, fmt.Errorf("identify the %s: process %d: %w", how, pid, err)
	}
	return protocol.Identity{Serving: serving.Incarnation, Root: findRoot(serving, supervisor), How: how}, nil
}

// findRoot returns the supervisor's child that a process descends from. A process that does not descend from the supervisor is its own
// root.
func findRoot(process protocol.Process, supervisor int) record.Incarnation {
	if around := FindAround(process, supervisor); len(around) > 0 {
		return around[0]
	}
	return process.Incarnation
}

// FindAround returns the processes between the supervisor and a process, such as a shell, the supervisor's own child first.
func FindAround(process protocol.Process, supervisor int) (around []record.Incarnation) {
	for supervisor != 0 && process.Parent != supervisor {
		parent, err := procfs.ReadProcess(process.Parent)
		if err != nil || parent.PID <= 1 {
			return nil
		}
		around = append([]record.Incarnation{parent.Incarnation}, around...)
		process = parent
	}
	return around
}

// findSocketOwner connects to a unix socket and asks the kernel which process listens.
func findSocketOwner(ctx context.Context, path string) (int, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", path)
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close() }()
	return FindPeer(conn)
}

// FindPeer returns the pid of the listener of a unix connection (SO_PEERCRED).
func FindPeer(conn net.Conn) (int, error) {
	unixConn, ok := conn.(*net.UnixConn)
	if !ok {
		return 0, errors.New("not a unix connection")
	}
	raw, err := unixConn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var credentials *unix.Ucred
	var failure error
	err = raw.Control(func(fd uintptr) {
		credentials, failure = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) //nolint:gosec // a descriptor fits
	})
	if err := errors.Join(err, failure); err != nil {
		return 0, err
	}
	if credentials.Pid == 0 {
		return 0, errors.New("the listener is outside this container")
	}
	return int(credentials.Pid), nil
}

// findPortOwner finds the process that listens on a TCP port by the inode of the listening socket. If several hold it, it is the one
// that started first.
func findPortOwner(port int) (int, error) {
	inode, err := findListeningInode(port)
	if err != nil {
		return 0, err
	}
	table, err := procfs.ListProcesses()
	if err != nil {
		return 0, err
	}
	link := formatLink(inode)
	var owner protocol.Process
	for _, process := range table {
		if slices.Contains(procfs.ReadLinks(process.PID), link) && (owner.PID == 0 || process.StartTime < owner.StartTime) {
			owner = process
		}
	}
	if owner.PID == 0 {
		return 0, errors.New("no process that we may look into holds it")
	}
	return owner.PID, nil
}

// findListeningInode reads the kernel's tables of TCP sockets.
func findListeningInode(port int) (string, error) {
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		data, err := os.ReadFile(table) //nolint:gosec // one of the two names above
		if err != nil {
			continue
		}
		if inode := findListener(data, port); inode != "" {
			return inode, nil
		}
	}
	return "", errors.New("nobody listens on it")
}

// findListener looks for a line in state 0A (LISTEN) whose local address ends with the port in hexadecimal.
func findListener(table []byte, port int) string {
	suffix := fmt.Sprintf(":%04X", port)
	lines := bufio.NewScanner(bytes.NewReader(table))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) > 9 && fields[3] == "0A" && strings.HasSuffix(fields[1], suffix) {
			if _, err := strconv.Atoi(fields[9]); err == nil {
				return fields[9]
			}
		}
	}
	return ""
}
