package cleanup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim/elf"
)

// Victims are the copies of this binary that were installed for services of ours.
type Victims struct {
	mu        sync.Mutex
	installed []string // without those that are to be kept
	// opened are the modes that folders had before services of any user could make files there.
	opened map[string]os.FileMode
}

// Install copies this binary, or a tiny program, to a path, so that services can be registered with it.
func (v *Victims) Install(_ context.Context, params protocol.VictimParams) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := errors.Join(v.open(filepath.Dir(params.Path)), install(params)); err != nil {
		return fmt.Errorf("install the victim: %w", err)
	}
	if !params.Keep && !slices.Contains(v.installed, params.Path) {
		v.installed = append(v.installed, params.Path)
	}
	return nil
}

// open makes a folder in which services of any user can make their sockets, as in /tmp. One that holds something stays as it is.
func (v *Victims) open(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // services of any user run what is in it
		return err
	}
	about, err := os.Stat(folder)
	if err != nil {
		return err
	}
	if held, err := os.ReadDir(folder); err != nil || len(held) > 0 {
		return err
	}
	if v.opened == nil {
		v.opened = map[string]os.FileMode{}
	}
	v.opened[folder] = about.Mode()
	return os.Chmod(folder, 0o777|os.ModeSticky) //nolint:gosec // as above
}

// install puts the program that is asked for to its path.
func install(params protocol.VictimParams) error {
	if params.Program != "" {
		program, err := elf.Program(params.Program)
		if err != nil {
			return err
		}
		return put(bytes.NewReader(program), params.Path)
	}
	self, err := os.Open("/proc/self/exe") // the file itself is unlinked already
	if err != nil {
		return err
	}
	defer func() { _ = self.Close() }()
	return put(self, params.Path)
}

// put replaces the file at a path by a program in one step.
func put(program io.Reader, path string) error {
	staged := path + ".new"
	file, err := os.OpenFile(staged, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755) //nolint:gosec // services of any user run it
	if err != nil {
		return err
	}
	_, err = io.Copy(file, program)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	return os.Rename(staged, path)
}

// RemoveAll removes the binaries that are not to be kept, and ends what still runs of them: a supervisor may leave a child of a service or
// of a health check alone.
func (v *Victims) RemoveAll() {
	v.mu.Lock()
	defer v.mu.Unlock()
	killThoseOf(v.installed)
	for _, path := range v.installed {
		_ = os.Remove(path)
	}
	for folder, mode := range v.opened {
		_ = os.Chmod(folder, mode) // of a folder that is a mount: others are removed
	}
}

// killThoseOf kills the processes whose program is one of some files. It compares the files and not their names: another container that
// shares the table of processes may have a file of the same name.
func killThoseOf(programs []string) {
	var files []os.FileInfo
	for _, program := range programs {
		if file, err := os.Stat(program); err == nil {
			files = append(files, file)
		}
	}
	links, _ := filepath.Glob("/proc/[0-9]*/exe") // the pattern is well-formed
	for _, link := range links {
		running, err := os.Stat(link)
		if err != nil || !slices.ContainsFunc(files, func(file os.FileInfo) bool { return os.SameFile(file, running) }) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(link))); err == nil {
			_ = unix.Kill(pid, unix.SIGKILL) // one that is gone needs no signal
		}
	}
}

// Uninstall removes a binary that Install installed, and no other file.
func (v *Victims) Uninstall(_ context.Context, params protocol.VictimParams) error {
	v.mu.Lock()
	ours := slices.Contains(v.installed, params.Path)
	v.mu.Unlock()
	if !ours {
		return fmt.Errorf("uninstall %s: it was not installed by us, or is to be kept", params.Path)
	}
	if err := os.Remove(params.Path); err != nil {
		return fmt.Errorf("uninstall the victim: %w", err)
	}
	return nil
}
