// Package identify finds the processes behind sockets and ports.
package identify

import (
	"context"
	"errors"
	"fmt"
	"net"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/procfs"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/wire"
)

// Find finds the process that serves an endpoint: the peer of its unix socket, or the holder of its port's inode.
// How it was found says how sure that is.
func Find(ctx context.Context, params protocol.IdentifyParams) (protocol.Identity, error) {
	var pid int
	var how string
	var err error
	at := record.Endpoint{Socket: params.Endpoint.Socket, Port: params.Endpoint.Port}
	if at.Socket != "" {
		how = at.ByPeer()
		pid, err = findSocketOwner(ctx, at.Socket)
	} else {
		var exclusion bool
		how = at.ByInode()
		if pid, exclusion, err = findPortOwner(params.Endpoint.Port, params.SupervisorPID); exclusion {
			how = at.ByExclusion()
		}
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
	identity := protocol.Identity{Serving: serving.Incarnation, Root: serving.Incarnation, Around: FindAround(serving, supervisor), How: how}
	if len(identity.Around) > 0 { // a process that does not descend from the supervisor is its own root
		identity.Root = identity.Around[0]
	}
	return identity, nil
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

// FindPeer returns the pid of the listener of a unix connection.
func FindPeer(conn net.Conn) (int, error) {
	credentials, err := wire.FindPeer(conn)
	if err != nil {
		return 0, err
	}
	if credentials.Pid == 0 {
		return 0, errors.New("the listener is outside this container")
	}
	return int(credentials.Pid), nil
}
