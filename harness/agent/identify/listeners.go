package identify

import (
	"context"
	"os"
	"strconv"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/procfs"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

// ListListeners lists every process that holds a listening socket.
func ListListeners(context.Context) ([]protocol.Listener, error) {
	places := map[string]protocol.Listener{}
	for _, table := range []struct {
		path string
		add  func(places map[string]protocol.Listener, line []string)
	}{{"/proc/net/unix", addUnix}, {"/proc/net/tcp", addTCP}, {"/proc/net/tcp6", addTCP}} {
		data, err := os.ReadFile(table.path)
		if err != nil {
			continue // no IPv6, say
		}
		for line := range strings.Lines(string(data)) {
			table.add(places, strings.Fields(line))
		}
	}
	all, err := procfs.ListProcesses()
	if err != nil {
		return nil, err
	}
	var found []protocol.Listener
	for _, process := range all {
		for _, link := range procfs.ReadLinks(process.PID) {
			if place, ok := places[link]; ok {
				place.PID = process.PID
				found = append(found, place)
			}
		}
	}
	return found, nil
}

// addUnix reads a line of /proc/net/unix: the fourth field holds the flag of a socket that accepts.
func addUnix(places map[string]protocol.Listener, line []string) {
	const inode, path, flags = 6, 7, 3
	if len(line) > path && line[flags] == "00010000" && strings.HasPrefix(line[path], "/") {
		places[socketLink(line[inode])] = protocol.Listener{Socket: line[path]}
	}
}

// addTCP reads a line of /proc/net/tcp: state 0A is LISTEN, and the port is hexadecimal.
func addTCP(places map[string]protocol.Listener, line []string) {
	const inode, local, state = 9, 1, 3
	if len(line) <= inode || line[state] != "0A" {
		return
	}
	_, port, _ := strings.Cut(line[local], ":")
	if number, err := strconv.ParseUint(port, 16, 16); err == nil {
		places[socketLink(line[inode])] = protocol.Listener{Port: int(number)} //nolint:gosec // a port fits
	}
}

func socketLink(inode string) string { return "socket:[" + inode + "]" }
