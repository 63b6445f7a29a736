package identify

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

// ListSockets lists the unix sockets that are bound to a path, and says whether everybody may connect.
func ListSockets(context.Context) ([]protocol.Socket, error) {
	table, err := os.ReadFile("/proc/net/unix")
	if err != nil {
		return nil, fmt.Errorf("list the unix sockets: %w", err)
	}
	var found []protocol.Socket
	for _, path := range boundPaths(string(table)) {
		info, err := os.Lstat(path)
		if err != nil || info.Mode().Type() != fs.ModeSocket {
			continue // it was removed, or lies in somebody's other root
		}
		found = append(found, protocol.Socket{Path: path, Mode: info.Mode(), Open: info.Mode()&0o002 != 0 && isEnterable(filepath.Dir(path))})
	}
	return found, nil
}

// boundPaths reads /proc/net/unix (proc(5)): seven columns, then the path if there is one.
func boundPaths(table string) []string {
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
