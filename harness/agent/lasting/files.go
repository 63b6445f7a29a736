package lasting

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/guard"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// sqliteMark begins each database of SQLite (file format, 1.3.1).
const sqliteMark = "SQLite format 3\x00"

// filesCut is a supervisor whose files may not grow far beyond its state.
type filesCut struct {
	softLimit
	folder  string
	surplus int64 // bytes by which the state may grow
	state   string
	lacking error // why there is no state to cut
	limit   unix.Rlimit
}

func holdFiles(params protocol.LastingParams) held {
	return &filesCut{softLimit: softLimit{pid: params.SupervisorPID, resource: unix.RLIMIT_FSIZE}, folder: params.Path, surplus: params.Fault.Amount}
}

// prepare takes hold of the supervisor and reads its limit, which it is to have again.
func (f *filesCut) prepare() (step guard.Step, err error) {
	if err := f.hold(); err != nil {
		return step, err
	}
	return guard.Step{Process: f.handle.Incarnation(), FileSize: &f.before}, nil
}

func (f *filesCut) begin(context.Context) (err error) {
	if f.state, f.lacking = findDatabase(f.pid, f.folder); f.lacking != nil {
		return nil // it does not land
	}
	size, err := measureState(f.state)
	if err != nil {
		return err
	}
	f.limit, err = f.lower(uint64(size + f.surplus)) //nolint:gosec // a size is positive
	return err
}

func (f *filesCut) prove(context.Context) (proof, missing string) {
	if f.lacking != nil {
		return "", f.lacking.Error()
	}
	if f.handle.HasEnded() {
		return "", "the supervisor has ended before it had anything to write"
	}
	limit, err := f.read()
	if err != nil {
		return "", err.Error()
	}
	size, err := measureState(f.state)
	switch {
	case err != nil:
		return "", err.Error()
	case limit != f.limit:
		return "", fmt.Sprintf("the limit of file sizes is %d bytes, and not %d", limit.Cur, f.limit.Cur)
	case uint64(size) > limit.Cur: //nolint:gosec // a size is positive
		return "", fmt.Sprintf("%s has grown beyond the limit of %d bytes", f.state, limit.Cur)
	}
	return fmt.Sprintf(record.FilesCut, limit.Cur, f.state, size), ""
}

func (f *filesCut) revert() { f.restore() }

func (f *filesCut) released(context.Context) string {
	limit, err := f.read()
	if err != nil || f.handle.HasEnded() {
		return record.LimitsGone
	}
	if limit != f.before {
		return ""
	}
	return record.FilesRestored
}

// findDatabase returns the database of SQLite below a folder that a process has open.
func findDatabase(pid int, folder string) (string, error) {
	if folder == "" {
		return "", errors.New("it is not known which folder is meant")
	}
	links, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil {
		return "", err
	}
	for _, link := range links {
		path, err := os.Readlink(link)
		if err != nil || !strings.HasPrefix(path, filepath.Clean(folder)+"/") || !isDatabase(path) {
			continue
		}
		return path, nil
	}
	return "", fmt.Errorf("process %d has no database of SQLite open in %s", pid, folder)
}

// isDatabase reports whether a regular file begins as a database of SQLite does.
func isDatabase(path string) bool {
	if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
		return false
	}
	file, err := os.Open(path) //nolint:gosec // a file that the supervisor has open
	if err != nil {
		return false
	}
	defer func() { _ = file.Close() }()
	head := make([]byte, len(sqliteMark))
	_, err = file.ReadAt(head, 0)
	return err == nil && string(head) == sqliteMark
}

// measureState returns the size of a database, or of a file that SQLite keeps beside it if that is larger.
func measureState(path string) (size int64, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, fmt.Errorf("measure the state: %w", err)
	}
	size = info.Size()
	for _, ending := range []string{"-wal", "-journal"} {
		if info, err := os.Stat(path + ending); err == nil {
			size = max(size, info.Size())
		}
	}
	return size, nil
}
