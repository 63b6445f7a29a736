package identify

import (
	"context"
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
	bound, err := listBound()
	if err != nil {
		return nil, err
	}
	var found []protocol.Socket
	for _, path := range pathsOf(bound) {
		info, err := os.Lstat(path)
		if err != nil || info.Mode().Type() != fs.ModeSocket {
			continue // it was removed meanwhile
		}
		found = append(found, protocol.Socket{Path: path, Mode: info.Mode(), Open: info.Mode()&0o002 != 0 && isEnterable(filepath.Dir(path))})
	}
	return found, nil
}

// pathsOf returns the paths of sockets, each once.
func pathsOf(bound []boundSocket) (paths []string) {
	for _, socket := range bound {
		paths = append(paths, socket.path)
	}
	slices.Sort(paths)
	return slices.Compact(paths)
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
	bound, err := listBound()
	if err != nil {
		return nil, err
	}
	for _, socket := range bound {
		if socket.accepts {
			places[formatLink(socket.inode)] = protocol.Listener{Socket: socket.path}
		}
	}
	for _, table := range []struct {
		path string
		add  func(places map[string]protocol.Listener, line []string)
	}{{"/proc/net/tcp", addTCP}, {"/proc/net/tcp6", addTCP}} {
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
		links, _ := procfs.ReadLinks(process.PID) // none of one that nobody may look into
		for _, link := range links {
			if place, ok := places[link]; ok {
				place.PID = process.PID
				found = append(found, place)
			}
		}
	}
	return found, nil
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
