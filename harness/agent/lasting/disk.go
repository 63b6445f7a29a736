package lasting

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// diskFull is a file system without a free block.
type diskFull struct {
	folder  string
	most    int64
	ballast int // a descriptor, -1 for none
	taken   int64
	stop    func()
}

func holdDiskFull(params protocol.LastingParams) held {
	return &diskFull{folder: params.Path, most: params.Fault.Amount, ballast: -1, stop: func() {}}
}

func (d *diskFull) begin(context.Context) error {
	system, err := inspectMemory(d.folder)
	if err != nil {
		return err
	}
	if size := int64(system.Blocks) * system.Bsize; size > d.most { //nolint:gosec // a size in bytes fits
		return fmt.Errorf("the file system of %s has %d bytes, and no more than %d are filled", d.folder, size, d.most)
	}
	if d.ballast, err = openNameless(d.folder); err != nil {
		return fmt.Errorf("make a file in %s: %w", d.folder, err)
	}
	d.fill()
	d.stop = repeat(d.fill) // what others free is taken as well
	return nil
}

// fill takes what is free: as much at once as there is, and less if somebody else was faster.
func (d *diskFull) fill() {
	var system unix.Statfs_t
	if unix.Fstatfs(d.ballast, &system) != nil {
		return
	}
	for step := int64(system.Bavail) * system.Bsize; step >= system.Bsize && d.taken < d.most; { //nolint:gosec // a size in bytes fits
		if unix.Fallocate(d.ballast, 0, d.taken, step) == nil {
			d.taken += step
		} else {
			step /= 2
		}
	}
}

func (d *diskFull) prove(context.Context) (proof, missing string) {
	system, err := inspectMemory(d.folder)
	switch {
	case err != nil:
		return "", err.Error()
	case system.Bavail > 0:
		return "", fmt.Sprintf("%d blocks of %s are free", system.Bavail, d.folder)
	case !errors.Is(tryWrite(d.folder), unix.ENOSPC):
		return "", "no block of " + d.folder + " is free, and a write succeeds all the same"
	}
	return fmt.Sprintf(record.DiskFull, system.Blocks, d.folder), ""
}

func (d *diskFull) revert() {
	d.stop()
	if d.ballast >= 0 {
		_ = unix.Close(d.ballast) // the kernel frees what has no name
		d.ballast = -1
	}
}

func (d *diskFull) released(context.Context) string {
	if tryWrite(d.folder) != nil {
		return ""
	}
	return fmt.Sprintf(record.DiskRestored, d.folder)
}

// inodesGone is a file system on which no file can be made.
type inodesGone struct {
	folder string
	most   int64
	mu     sync.Mutex
	files  []int
	stop   func()
}

func holdInodesGone(params protocol.LastingParams) held {
	return &inodesGone{folder: params.Path, most: params.Fault.Amount, stop: func() {}}
}

func (g *inodesGone) begin(context.Context) error {
	system, err := inspectMemory(g.folder)
	if err != nil {
		return err
	}
	if system.Files == 0 || system.Files > uint64(g.most) { //nolint:gosec // most is positive
		return fmt.Errorf("the file system of %s has room for %d files, and no more than %d are made", g.folder, system.Files, g.most)
	}
	g.fill()
	g.stop = repeat(g.fill)
	return nil
}

func (g *inodesGone) fill() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for int64(len(g.files)) < g.most {
		file, err := openNameless(g.folder)
		if err != nil {
			return
		}
		g.files = append(g.files, file)
	}
}

func (g *inodesGone) prove(context.Context) (proof, missing string) {
	system, err := inspectMemory(g.folder)
	if err != nil {
		return "", err.Error()
	}
	file, err := openNameless(g.folder)
	if err == nil {
		_ = unix.Close(file)
	}
	switch {
	case system.Ffree > 0:
		return "", fmt.Sprintf("%d files of %s are free", system.Ffree, g.folder)
	case !errors.Is(err, unix.ENOSPC):
		return "", "no file of " + g.folder + " is free, and one can be made all the same"
	case system.Bavail == 0:
		return "", "blocks of " + g.folder + " are gone as well"
	}
	return fmt.Sprintf(record.InodesGone, system.Files, g.folder, system.Bavail), ""
}

func (g *inodesGone) revert() {
	g.stop()
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, file := range g.files {
		_ = unix.Close(file)
	}
	g.files = nil
}

func (g *inodesGone) released(context.Context) string {
	file, err := openNameless(g.folder)
	if err != nil {
		return ""
	}
	_ = unix.Close(file)
	return fmt.Sprintf(record.InodesRestored, g.folder)
}

// inspectMemory describes the file system of a folder, which must be in memory: another one may be the host's own disk.
func inspectMemory(folder string) (system unix.Statfs_t, err error) {
	if folder == "" {
		return system, errors.New("it is not known which folder is meant")
	}
	if err := unix.Statfs(folder, &system); err != nil {
		return system, fmt.Errorf("ask for the file system of %s: %w", folder, err)
	}
	if system.Type != unix.TMPFS_MAGIC {
		return system, fmt.Errorf("%s is not on a file system in memory: filling it could fill the host's disk", folder)
	}
	return system, nil
}

// openNameless makes a file without a name in a folder. It ends with its descriptor.
func openNameless(folder string) (int, error) {
	return unix.Open(folder, unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
}

// tryWrite writes a page to a new file without a name.
func tryWrite(folder string) error {
	file, err := openNameless(folder)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(file) }()
	_, err = unix.Pwrite(file, make([]byte, 4096), 0)
	return err
}
