package files

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/procfs"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

// FindLeaks looks for the needles in every file that changed since process 1 started.
func FindLeaks(ctx context.Context, params protocol.LeaksParams) (protocol.Leaks, error) {
	s := &leakHunt{params: params, left: params.Limit, seen: map[inode]bool{}}
	if err := walkChanged(ctx, []string{"/dev"}, s.look); err != nil {
		return protocol.Leaks{}, fmt.Errorf("search the files: %w", err)
	}
	return s.result, nil
}

type leakHunt struct {
	params protocol.LeaksParams
	left   int64 // bytes
	seen   map[inode]bool
	result protocol.Leaks
}

// look reads one file that changed, once.
func (s *leakHunt) look(path string, info fs.FileInfo) {
	if !info.Mode().IsRegular() || info.Size() == 0 || s.seen[readInode(info)] {
		return
	}
	s.seen[readInode(info)] = true
	if s.left -= info.Size(); s.left < 0 {
		s.result.Truncated = true
		return
	}
	data, err := read(path, info.Size()+1)
	if err != nil {
		return
	}
	s.result.Files++
	for name, needle := range s.params.Needles {
		if needle != "" && bytes.Contains(data, []byte(needle)) {
			s.result.Found = append(s.result.Found, protocol.Leak{Needle: name, Path: path})
		}
	}
}

// walkChanged visits the files and folders that changed since process 1 started. It leaves out what the kernel makes up, and more folders.
func walkChanged(ctx context.Context, skip []string, visit func(path string, info fs.FileInfo)) error {
	since, err := readFirstStart()
	if err != nil {
		return err
	}
	return walkSince(ctx, "/", since, append([]string{"/proc", "/sys"}, skip...), visit)
}

// walkSince visits what is under a root and changed since a point, in seconds of Unix time.
func walkSince(ctx context.Context, root string, since int64, skip []string, visit func(path string, info fs.FileInfo)) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return nil //nolint:nilerr // it was removed meanwhile
		case entry.IsDir() && slices.Contains(skip, path):
			return filepath.SkipDir
		}
		if info, err := entry.Info(); err == nil && readChangeTime(info) >= since { // else it was removed meanwhile
			visit(path, info)
		}
		return nil
	})
}

// ticks is the kernel's USER_HZ: proc(5) counts start times in it.
const ticks = 100

// readFirstStart returns when process 1 started, in seconds of Unix time, rounded down.
func readFirstStart() (int64, error) {
	first, err := procfs.ReadProcess(1)
	if err != nil {
		return 0, err
	}
	data, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	var booted int64
	for line := range strings.Lines(string(data)) {
		if _, err := fmt.Sscanf(line, "btime %d", &booted); err == nil {
			break
		}
	}
	return booted + int64(first.StartTime/ticks) - 2, nil //nolint:gosec // seconds fit
}
