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
	began, err := readFirstStart()
	if err != nil {
		return protocol.Leaks{}, fmt.Errorf("search the files: %w", err)
	}
	s := &leakHunt{params: params, since: began, left: params.Limit, seen: map[inode]bool{}}
	err = filepath.WalkDir("/", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return nil //nolint:nilerr // it was removed meanwhile
		case entry.IsDir() && slices.Contains([]string{"/proc", "/sys", "/dev"}, path):
			return filepath.SkipDir
		case entry.Type().IsRegular():
			s.look(path)
		}
		return nil
	})
	if err != nil {
		return protocol.Leaks{}, fmt.Errorf("search the files: %w", err)
	}
	return s.result, nil
}

type leakHunt struct {
	params protocol.LeaksParams
	since  int64 // seconds of Unix time
	left   int64 // bytes
	seen   map[inode]bool
	result protocol.Leaks
}

// look reads one file if it is new.
func (s *leakHunt) look(path string) {
	info, err := os.Lstat(path)
	if err != nil || info.Size() == 0 || readChangeTime(info) < s.since || s.seen[readInode(info)] {
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
