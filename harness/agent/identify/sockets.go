package identify

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/procfs"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

// ListSockets lists the unix sockets that are bound to a path, and says whether everybody may connect.
func ListSockets(context.Context) ([]protocol.Socket, error) {
	table, err := os.ReadFile("/proc/net/unix")
	if err != nil {
		return nil, fmt.Errorf("list the unix sockets: %w", err)
	}
	var found []protocol.Socket
	for _, path := range parseBoundPaths(string(table)) {
		info, err := os.Lstat(path)
		if err != nil || info.Mode().Type() != fs.ModeSocket {
			continue // it was removed, or lies in somebody's other root
		}
		found = append(found, protocol.Socket{Path: path, Mode: info.Mode(), Open: info.Mode()&0o002 != 0 && isEnterable(filepath.Dir(path))})
	}
	return found, nil
}

// parseBoundPaths reads /proc/net/unix (proc(5)): seven columns, then the path if there is one.
func parseBoundPaths(table string) []string {
	const columns = 7
	var paths []string
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		if len(fields) > columns && strings.HasPrefix(fields[columns], "/") && !slices.Contains(paths, fields[columns]) {
			paths = append(paths, fields[columns])
		}
	}
	slices.Sort(paths)
	return paths
}

// isEnterable reports whether every user may pass through a folder and all those above it.
func isEnterable(folder string) bool {
	for ; ; folder = filepath.Dir(folder) {
		info, err := os.Stat(folder)
		if err != nil || info.Mode()&0o001 == 0 {
			return false
		}
		if folder == "/" {
			return true
		}
	}
}

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
		places[formatLink(line[inode])] = protocol.Listener{Socket: line[path]}
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
		places[formatLink(line[inode])] = protocol.Listener{Port: int(number)} //nolint:gosec // a port fits
	}
}

func formatLink(inode string) string { return "socket:[" + inode + "]" }
