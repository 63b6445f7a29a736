package lasting

import (
	"math"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// mountFiles makes a folder that looks like the mount of a cgroup.
func mountFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	mount := t.TempDir()
	for name, text := range files {
		path := filepath.Join(mount, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return mount
}

func TestLimitsAreReadInBothVersions(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		limit int64
	}{
		"2":            {map[string]string{"pids.max": "7\n"}, 7},
		"2, unlimited": {map[string]string{"pids.max": "max\n"}, 0},
		"1":            {map[string]string{"pids/pids.max": "9\n"}, 9},
	} {
		if limit, err := readProcessLimit(mountFiles(t, c.files)); err != nil || limit != c.limit {
			t.Errorf("version %s: %d, %v", name, limit, err)
		}
	}
	for name, c := range map[string]struct {
		files map[string]string
		want  memory
	}{
		"2":            {map[string]string{"memory.max": "4096\n", "memory.events": "low 0\noom 3\noom_kill 2\noom_group_kill 0\n"}, memory{4096, 2}},
		"2, unlimited": {map[string]string{"memory.max": "max\n", "memory.events": "oom_kill 0\n"}, memory{math.MaxInt64, 0}},
		"1": {
			map[string]string{"memory/memory.limit_in_bytes": "8192\n", "memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 5\n"},
			memory{8192, 5},
		},
	} {
		if now, err := readMemory(mountFiles(t, c.files)); err != nil || now != c.want {
			t.Errorf("version %s: %+v, %v", name, now, err)
		}
	}
}

func TestACgroupThatIsNotSeenIsAnError(t *testing.T) {
	if _, err := readProcessLimit(t.TempDir()); err == nil {
		t.Error("a limit of processes was read")
	}
	if _, err := readMemory(t.TempDir()); err == nil {
		t.Error("a limit of memory was read")
	}
	if _, err := readMemory(mountFiles(t, map[string]string{"memory.max": "max\n", "memory.events": "low 0\n"})); err == nil {
		t.Error("kills were read of a kernel that does not count them")
	}
}

// TestDecoysThatAreKilledAreCounted kills one decoy, and ends the others.
func TestDecoysThatAreKilledAreCounted(t *testing.T) {
	d, err := startDecoys()
	defer d.stop()
	if err != nil {
		t.Fatal(err)
	}
	if ended := d.countEnded(); ended != 0 || len(d.living) != decoyCount {
		t.Fatalf("%d of %d have ended", ended, len(d.living))
	}
	if err := syscall.Kill(d.living[0], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for d.countEnded() == 0 { //nolint:revive // it ends by itself
	}
	if ended := d.countEnded(); ended != 1 || len(d.living) != decoyCount-1 {
		t.Errorf("%d have ended, %d live", ended, len(d.living))
	}
	living := d.living
	d.stop()
	for _, pid := range living {
		if syscall.Kill(pid, 0) == nil {
			t.Errorf("decoy %d lives", pid)
		}
	}
}
