package sandbox

import (
	"math"
	"os"
	"path/filepath"
	"testing"
)

func TestFilesAreNoPinnedMemory(t *testing.T) {
	for name, c := range map[string]struct {
		stats map[string]uint64
		want  int64
	}{
		"cgroup v1": {map[string]uint64{"total_rss": 70, "total_shmem": 5, "total_cache": 900, "rss": 1, "anon": 3}, 75},
		"cgroup v2": {map[string]uint64{"anon": 70, "shmem": 5, "kernel_stack": 2, "pagetables": 3, "slab_unreclaimable": 4, "sock": 1, "file": 900}, 85},
		"unknown":   {nil, 0},
	} {
		if got := pinnedMemory(c.stats); got != c.want {
			t.Errorf("%s: %d, not %d", name, got, c.want)
		}
	}
}

// TestTheNarrowestControlGroupCounts lays out the files of both versions of control groups.
func TestTheNarrowestControlGroupCounts(t *testing.T) {
	v1 := map[string]string{
		"proc/7/cgroup":                                      "4:memory:/limited/docker/abc\n1:cpu:/limited/docker/abc\n0::/\n",
		"cgroup/memory/memory.limit_in_bytes":                "9223372036854771712\n",
		"cgroup/memory/memory.usage_in_bytes":                "5000\n",
		"cgroup/memory/limited/memory.limit_in_bytes":        "6000\n",
		"cgroup/memory/limited/memory.usage_in_bytes":        "4500\n",
		"cgroup/memory/limited/memory.stat":                  "cache 1\ntotal_inactive_file 300\ntotal_active_file 200\n",
		"cgroup/memory/limited/docker/memory.limit_in_bytes": "9223372036854771712\n",
		"cgroup/memory/limited/docker/memory.usage_in_bytes": "4000\n",
	}
	v2 := map[string]string{
		"proc/7/cgroup":                 "0::/limited/docker-abc.scope\n",
		"cgroup/limited/memory.max":     "6000\n",
		"cgroup/limited/memory.current": "4500\n",
		"cgroup/limited/memory.stat":    "anon 4000\ninactive_file 300\nactive_file 200\n",
	}
	free := map[string]string{
		"proc/7/cgroup":                 "0::/limited/docker-abc.scope\n",
		"cgroup/limited/memory.max":     "max\n",
		"cgroup/limited/memory.current": "4500\n",
	}
	for name, c := range map[string]struct {
		files map[string]string
		pid   int
		left  int64
		known bool
	}{
		"v1":                 {v1, 7, 2000, true},
		"v2":                 {v2, 7, 2000, true},
		"no limit":           {free, 7, math.MaxInt64, true},
		"no such process":    {v2, 8, 0, false},
		"another's process":  {map[string]string{"proc/7/cgroup": "0::/user.slice\n"}, 7, 0, false},
		"no control groups":  {map[string]string{"proc/7/cgroup": "0::/limited/docker-abc.scope\n"}, 7, 0, false},
		"a file that is odd": {map[string]string{"proc/7/cgroup": "abc\n"}, 7, 0, false},
	} {
		folder := t.TempDir()
		for path, text := range c.files {
			path = filepath.Join(folder, path)
			if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		left, known := memoryLeft(filepath.Join(folder, "proc"), filepath.Join(folder, "cgroup"), c.pid, "abc")
		if left != c.left || known != c.known {
			t.Errorf("%s: %d, %v; not %d, %v", name, left, known, c.left, c.known)
		}
	}
}
