package agent

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

// environ returns the environment that a process was started with, NAME=VALUE each.
func environ(pid int) ([]string, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		return nil, fmt.Errorf("read the environment of process %d: %w", pid, err)
	}
	return slices.DeleteFunc(strings.Split(string(data), "\x00"), func(entry string) bool { return entry == "" }), nil
}

// environment returns the names of a process's environment, and the one value that is asked for.
func environment(_ context.Context, params protocol.EnvironmentParams) (protocol.Environment, error) {
	entries, err := environ(params.PID)
	if err != nil {
		return protocol.Environment{}, err
	}
	var found protocol.Environment
	for _, entry := range entries {
		name, value, _ := strings.Cut(entry, "=")
		found.Names = append(found.Names, name)
		if name == params.Variable {
			found.Value = value
		}
	}
	return found, nil
}

// sockets lists the unix sockets that are bound to a path, and says whether everybody may connect.
func sockets(context.Context) ([]protocol.Socket, error) {
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

// defaultPath is the PATH of a shell that was given none.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// findPrograms looks words up as a child of a process would do.
func findPrograms(_ context.Context, params protocol.ProgramsParams) (protocol.Programs, error) {
	path := params.Path
	if path == "" {
		entries, err := environ(params.PID)
		if err != nil {
			return protocol.Programs{}, err
		}
		path = defaultPath
		for _, entry := range entries {
			if value, ok := strings.CutPrefix(entry, "PATH="); ok {
				path = value
			}
		}
	}
	missing := map[string]string{}
	for _, name := range params.Names {
		if wrong := findProgram(name, path); wrong != "" {
			missing[name] = wrong
		}
	}
	return protocol.Programs{Missing: missing}, nil
}

// findProgram returns why a word cannot be executed, or "" if it can.
func findProgram(name, path string) string {
	if strings.ContainsRune(name, '/') {
		return notExecutable(name)
	}
	wrong := "it is nowhere in PATH"
	for _, folder := range filepath.SplitList(path) {
		candidate := filepath.Join(folder, name)
		if _, err := os.Stat(candidate); err != nil {
			continue
		}
		if wrong = notExecutable(candidate); wrong == "" {
			return ""
		}
	}
	return wrong
}

func notExecutable(path string) string {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "there is no such file"
	case !info.Mode().IsRegular() || info.Mode()&0o111 == 0:
		return path + " is not executable"
	}
	return ""
}

// hash returns the SHA-256 sums of the files that a pattern matches. It reads a file with several names once.
func hash(ctx context.Context, params protocol.HashParams) (protocol.Hashes, error) {
	paths, err := filepath.Glob(params.Pattern)
	if err != nil {
		return protocol.Hashes{}, fmt.Errorf("hash %s: %w", params.Pattern, err)
	}
	sums := map[string]string{}
	known := map[inode]string{}
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		identity := inodeOf(info)
		if known[identity] == "" {
			data, err := os.ReadFile(path) //nolint:gosec // the caller names what is to be read
			if err != nil {
				return protocol.Hashes{}, fmt.Errorf("hash %s: %w", path, err)
			}
			sum := sha256.Sum256(data)
			known[identity] = hex.EncodeToString(sum[:])
		}
		sums[path] = known[identity]
		if err := ctx.Err(); err != nil {
			return protocol.Hashes{}, fmt.Errorf("hash %s: %w", params.Pattern, err)
		}
	}
	return protocol.Hashes{Sums: sums}, nil
}

// leaks looks for the needles in every file that changed since process 1 started.
func leaks(ctx context.Context, params protocol.LeaksParams) (protocol.Leaks, error) {
	began, err := firstProcessStart()
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
	if err != nil || info.Size() == 0 || changeTime(info) < s.since || s.seen[inodeOf(info)] {
		return
	}
	s.seen[inodeOf(info)] = true
	if s.left -= info.Size(); s.left < 0 {
		s.result.Truncated = true
		return
	}
	data, err := os.ReadFile(path) //nolint:gosec // to read every file is the purpose
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

// firstProcessStart returns when process 1 started, in seconds of Unix time, rounded down.
func firstProcessStart() (int64, error) {
	first, err := readProcess(1)
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
