package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// markerName is the file by which hero_chaos knows an output folder that it made.
const markerName = ".hero_chaos"

// The marker's text: what the folder is for, and which process writes there.
const (
	markerText = "hero_chaos writes its reports here, and removes those of the run before.\n"
	holderText = "The last to write was process "
)

// PrepareOutput makes the output folder. It removes what an earlier run left there, so that nobody takes it for this run's, and
// keeps what is named. It refuses a folder with files of somebody else's.
func (c Config) PrepareOutput(kept ...string) error {
	if err := c.makeOutput(); err != nil {
		return err
	}
	if err := c.removeOld(kept); err != nil {
		return err
	}
	return c.checkRoom()
}

// leastRoom is the room in bytes that a record needs. A run for which there is less would lose what it measures.
const leastRoom = 1 << 20

// checkRoom returns an error if no record fits into the output folder: its disk is full, or files may not be so large (ulimit -f).
func (c Config) checkRoom() error {
	probe, err := os.CreateTemp(c.Output, ".room-*")
	if err != nil {
		return fmt.Errorf("write to the folder for the reports: %w", err)
	}
	_, err = probe.Write(make([]byte, leastRoom))
	if err = errors.Join(err, probe.Close(), os.Remove(probe.Name())); err != nil {
		return fmt.Errorf("write to the folder for the reports, which need %d MB: %w", leastRoom>>20, err)
	}
	return nil
}

// makeOutput makes the output folder if it does not exist, and marks it.
func (c Config) makeOutput() error {
	if err := os.MkdirAll(c.Output, 0o750); err != nil {
		return fmt.Errorf("make the folder for the reports: %w", err)
	}
	return c.claimOutput()
}

// claimOutput leaves a marker in the output folder, if that is empty, has one, or is the default of the checkout.
func (c Config) claimOutput() error {
	marker := filepath.Join(c.Output, markerName)
	about, err := os.Lstat(marker)
	if err == nil && about.Mode().IsRegular() {
		return nil
	}
	files, err := os.ReadDir(c.Output)
	if err != nil {
		return fmt.Errorf("look into the folder for the reports: %w", err)
	}
	if len(files) > 0 && !c.isDefaultOutput() {
		return fmt.Errorf("write to %s: it is not empty, and hero_chaos did not make it: choose another --output, or remove it yourself", c.Output)
	}
	if err := os.WriteFile(marker, []byte(markerText), 0o600); err != nil {
		return fmt.Errorf("mark the folder for the reports: %w", err)
	}
	return nil
}

// isDefaultOutput reports whether the output folder is, or lies in, the one that a checkout sets aside for reports.
func (c Config) isDefaultOutput() bool {
	root, err := ProgramRoot()
	if err != nil {
		return false
	}
	inside, err := filepath.Rel(filepath.Join(root, "reports", "out"), c.Output)
	return err == nil && filepath.IsLocal(inside)
}

// removeOld removes what an earlier run left in the output folder, except what is named.
func (c Config) removeOld(kept []string) error {
	for _, name := range []string{
		startErrorName, "record.json", "record.jsonl", "junit.xml", "report.html", "attestation.intoto.jsonl", "verdict.json", "again",
		EvidenceFolder, ShardsFolder, BaselineFolder, filepath.Base(c.ProgressPath()),
	} {
		if slices.Contains(kept, name) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(c.Output, name)); err != nil {
			return fmt.Errorf("remove what the last run left: %w", err)
		}
	}
	return nil
}

// LockOutput claims the output folder for this process, and returns a function that gives it back. Two runs in one folder would write one
// record. The lock ends with its process, however that ends. A file system without locks locks nothing.
func (c Config) LockOutput() (release func(), err error) {
	if err := c.makeOutput(); err != nil {
		return nil, err
	}
	marker, err := os.OpenFile(filepath.Join(c.Output, markerName), os.O_RDWR|unix.O_NOFOLLOW, 0) //nolint:gosec // named by whoever runs us
	if err != nil {
		return nil, fmt.Errorf("lock the folder for the reports: %w", err)
	}
	err = unix.Flock(int(marker.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		defer func() { _ = marker.Close() }()
		return nil, fmt.Errorf("write to %s: another run%s writes there: wait for its end, or give another --output", c.Output, readHolder(marker))
	}
	_ = marker.Truncate(0)
	_, _ = marker.WriteAt([]byte(fmt.Sprintf("%s%s%d\n", markerText, holderText, os.Getpid())), 0)
	return func() { _ = marker.Close() }, nil
}

// readHolder returns which process wrote to the marker when it took the lock, "" if that cannot be read.
func readHolder(marker *os.File) string {
	text := make([]byte, 1<<10)
	n, _ := marker.ReadAt(text, 0)
	_, pid, found := strings.Cut(string(text[:n]), holderText)
	if !found {
		return ""
	}
	return fmt.Sprintf(" (process %s)", strings.TrimSpace(pid))
}
