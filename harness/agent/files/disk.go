package files

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

// MeasureDisk counts the files and folders that changed since process 1 started, and what the kernel holds besides.
func MeasureDisk(ctx context.Context, params protocol.DiskParams) (protocol.Disk, error) {
	found := protocol.Disk{Folders: map[string]protocol.Amount{}, Kernel: countKernel()}
	err := walkChanged(ctx, params.Skip, func(path string, info fs.FileInfo) {
		if info.Mode()&(fs.ModeDevice|fs.ModeCharDevice) != 0 {
			return
		}
		folder := filepath.Dir(path)
		amount := found.Folders[folder]
		amount.Files++
		if info.Mode().IsRegular() {
			amount.Bytes += readSpace(info)
		}
		found.Folders[folder] = amount
	})
	if err != nil {
		return protocol.Disk{}, fmt.Errorf("measure the disk: %w", err)
	}
	return found, nil
}

// countKernel counts objects of the kernel by their kind. A kind that cannot be read is left out.
func countKernel() map[string]int {
	counts := map[string]int{}
	for kind, table := range map[string]string{
		"unix sockets": "/proc/net/unix", "UDP sockets": "/proc/net/udp", "mounts": "/proc/self/mountinfo",
		"segments of shared memory": "/proc/sysvipc/shm", "message queues": "/proc/sysvipc/msg", "semaphores": "/proc/sysvipc/sem",
	} {
		if data, err := os.ReadFile(table); err == nil { //nolint:gosec // a table of the kernel
			counts[kind] = strings.Count(string(data), "\n")
		}
	}
	cgroups := 0
	_ = filepath.WalkDir("/sys/fs/cgroup", func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			cgroups++
		}
		return nil
	})
	counts["cgroups"] = cgroups
	return counts
}
