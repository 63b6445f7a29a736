package sandbox

import (
	"testing"

	"github.com/moby/moby/api/types/container"
)

// TestFilesThatAreNotInUseAreNotNeeded reads the memory of a control group of each version.
func TestFilesThatAreNotInUseAreNotNeeded(t *testing.T) {
	for _, c := range []struct {
		usage uint64
		stats map[string]uint64
		want  int64
	}{
		{100, map[string]uint64{"inactive_file": 30}, 70},
		{100, map[string]uint64{"total_inactive_file": 40, "inactive_file": 1}, 60},
		{100, map[string]uint64{"inactive_file": 130}, 0},
		{100, nil, 100},
	} {
		if got := neededMemory(container.MemoryStats{Usage: c.usage, Stats: c.stats}); got != c.want {
			t.Errorf("%d with %v: %d, not %d", c.usage, c.stats, got, c.want)
		}
	}
}
