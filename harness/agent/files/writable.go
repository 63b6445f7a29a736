package files

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

// FindWritable returns the files that match a pattern, and the folders above them, that every user may change.
func FindWritable(_ context.Context, params protocol.WritableParams) ([]protocol.Writable, error) {
	seen := map[string]bool{}
	found := []protocol.Writable{}
	for _, pattern := range params.Patterns {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			return nil, fmt.Errorf("look for %s: %w", pattern, err)
		}
		for _, path := range paths {
			for _, name := range withFolders(path) {
				if seen[name] {
					continue
				}
				seen[name] = true
				if info, err := os.Lstat(name); err == nil && isWritable(info.Mode()) {
					found = append(found, protocol.Writable{Path: name, Mode: info.Mode()})
				}
			}
		}
	}
	slices.SortFunc(found, func(a, b protocol.Writable) int { return strings.Compare(a.Path, b.Path) })
	return found, nil
}

// withFolders returns a path, what it is a link to, and all folders above both.
func withFolders(path string) (all []string) {
	names := []string{path}
	if real, err := filepath.EvalSymlinks(path); err == nil && real != path {
		names = append(names, real)
	}
	for _, name := range names {
		for ; ; name = filepath.Dir(name) {
			all = append(all, name)
			if name == filepath.Dir(name) {
				break
			}
		}
	}
	return all
}

// isWritable reports whether every user may change a file, or replace what is in a folder.
func isWritable(mode fs.FileMode) bool {
	const others = 0o002
	regular := mode.IsRegular()
	return (regular || mode.IsDir()) && mode&others != 0 && (regular || mode&fs.ModeSticky == 0)
}
