package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"golang.org/x/sys/unix"
)

// Usage holds the resources that a container takes of its host. A member that Docker does not tell is 0.
type Usage struct {
	Memory    int64         // bytes that the kernel cannot take back
	CPUPeriod time.Duration // time of processors since its start
	Disk      int64         // bytes in its own layer
	// MemoryLeft is the number of bytes that the control groups above the container leave to others; math.MaxInt64 if they have no limit.
	MemoryLeft int64
	// DiskLeft is the number of bytes that the disk of the daemon has left.
	DiskLeft int64
}

// diskTimeout bounds counting the bytes in a container's own layer.
const diskTimeout = 5 * time.Second

// Usage measures what the container takes.
func (s *Sandbox) Usage(ctx context.Context) (Usage, error) {
	stats, err := s.stats(ctx)
	if err != nil {
		return Usage{}, err
	}
	usage := Usage{
		Memory: pinnedMemory(stats.MemoryStats.Stats), CPUPeriod: time.Duration(min(stats.CPUStats.CPUUsage.TotalUsage, math.MaxInt64)), //nolint:gosec // bounded
		MemoryLeft: math.MaxInt64,
	}
	if limit := stats.MemoryStats.Stats["hierarchical_memory_limit"]; limit > 0 && limit < unlimited { // cgroup v1 alone
		usage.MemoryLeft = max(0, int64(limit)-usage.Memory)
	}
	sized, cancel := context.WithTimeout(ctx, diskTimeout)
	defer cancel()
	reply, err := s.daemon.api.ContainerInspect(sized, s.id, client.ContainerInspectOptions{Size: true})
	if err != nil {
		return usage, nil //nolint:nilerr // what is known counts
	}
	if size := reply.Container.SizeRw; size != nil {
		usage.Disk = *size
	}
	if state := reply.Container.State; state != nil {
		if left, known := memoryLeft("/proc", "/sys/fs/cgroup", state.Pid, s.id); known {
			usage.MemoryLeft, usage.DiskLeft = left, diskLeft(s.daemon.info.DockerRootDir)
		}
	}
	return usage, nil
}

// diskLeft returns how many bytes the disk of a folder has left, 0 if it cannot be read.
func diskLeft(folder string) int64 {
	var disk unix.Statfs_t
	if err := unix.Statfs(folder, &disk); err != nil {
		return 0
	}
	return int64(min(disk.Bavail*uint64(disk.Bsize), math.MaxInt64)) //nolint:gosec // bounded
}

// stats returns one sample of the container's control groups.
func (s *Sandbox) stats(ctx context.Context) (container.StatsResponse, error) {
	reply, err := s.daemon.api.ContainerStats(ctx, s.id, client.ContainerStatsOptions{})
	if err != nil {
		return container.StatsResponse{}, s.wrap("measure", err)
	}
	defer func() { _ = reply.Body.Close() }()
	var stats container.StatsResponse
	if err := json.NewDecoder(reply.Body).Decode(&stats); err != nil {
		return stats, s.wrap("measure", err)
	}
	return stats, nil
}

// pinnedMemory returns how many bytes a control group holds that the kernel cannot take back: not its files, which can be read again.
// The names are those of memory.stat in cgroup v2, or v1.
func pinnedMemory(stats map[string]uint64) int64 {
	var sum uint64
	names := []string{"anon", "shmem", "kernel_stack", "pagetables", "slab_unreclaimable", "sock"}
	if _, v1 := stats["total_rss"]; v1 {
		names = []string{"total_rss", "total_shmem"}
	}
	for _, name := range names {
		sum += stats[name]
	}
	return int64(min(sum, math.MaxInt64)) //nolint:gosec // bounded
}

// unlimited is about the limit of a control group of cgroup v1 that has none.
const unlimited = 1 << 60

// memoryLeft returns how many bytes the control groups above a container's own leave. It is known only if the container runs on this
// machine, and its control groups are seen from here. Files do not count as used.
func memoryLeft(proc, root string, pid int, id string) (left int64, known bool) {
	text, err := os.ReadFile(filepath.Join(proc, strconv.Itoa(pid), "cgroup"))
	if err != nil || pid <= 0 || !strings.Contains(string(text), id) {
		return 0, false // that is another machine's process
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) != 3 {
			continue
		}
		files := memoryFiles{root, "memory.max", "memory.current", []string{"inactive_file", "active_file"}}
		switch {
		case fields[1] == "memory":
			files = memoryFiles{
				filepath.Join(root, "memory"), "memory.limit_in_bytes", "memory.usage_in_bytes", []string{"total_inactive_file", "total_active_file"},
			}
		case fields[0] != "0":
			continue
		}
		if found, ok := files.left(filepath.Dir(filepath.Clean(fields[2]))); ok {
			return found, true
		}
	}
	return 0, false
}

// memoryFiles are the files of a version of control groups that tell of memory.
type memoryFiles struct {
	root, limit, usage string
	caches             []string // members of memory.stat that can be taken back
}

// left returns the least that a control group or one above it leaves.
func (f memoryFiles) left(group string) (least int64, known bool) {
	least = math.MaxInt64
	for ; ; group = filepath.Dir(group) {
		usage, err := readNumber(filepath.Join(f.root, group, f.usage))
		if err == nil {
			known = true
			if limit, err := readNumber(filepath.Join(f.root, group, f.limit)); err == nil && limit < unlimited {
				least = min(least, max(0, limit-usage+f.cached(group)))
			}
		}
		if group == "/" || group == "." {
			return least, known
		}
	}
}

// cached returns how many bytes of a control group can be taken back.
func (f memoryFiles) cached(group string) (sum int64) {
	text, _ := os.ReadFile(filepath.Join(f.root, group, "memory.stat")) // 0 if it cannot be read
	for line := range strings.Lines(string(text)) {
		for _, name := range f.caches {
			var value int64
			if _, err := fmt.Sscanf(line, name+" %d", &value); err == nil {
				sum += value
			}
		}
	}
	return sum
}

// readNumber reads a file that holds a number; "max" is an error.
func readNumber(path string) (int64, error) {
	text, err := os.ReadFile(path) //nolint:gosec // of the kernel's
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
}
