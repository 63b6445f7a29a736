package sandbox

import (
	"context"
	"fmt"
	"math"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// LimitCPU gives the container a quota of processor time, in thousandths of a processor. 0 takes it away. It must be the harness's own.
func (s *Sandbox) LimitCPU(ctx context.Context, thousandths int64) error {
	const period, thousand = 100_000, 1000
	resources := container.Resources{CPUPeriod: period, CPUQuota: thousandths * period / thousand}
	if thousandths == 0 {
		resources.CPUQuota = -1
	}
	return s.update(ctx, resources)
}

// LimitProcesses bounds the processes and threads of the container. 0 takes the limit away. It must be the harness's own.
func (s *Sandbox) LimitProcesses(ctx context.Context, count int64) error {
	if count == 0 {
		count = -1
	}
	return s.update(ctx, container.Resources{PidsLimit: &count})
}

// LimitMemory leaves the container that many bytes of memory above what it needs, and no swap. 0 takes the limit away: the container may
// have all that the host has. It must be the harness's own.
func (s *Sandbox) LimitMemory(ctx context.Context, above int64) error {
	limit := s.daemon.info.MemTotal // Docker does not take "no limit" here
	if above > 0 {
		stats, err := s.stats(ctx)
		if err != nil {
			return err
		}
		limit = neededMemory(stats.MemoryStats) + above
	}
	return s.update(ctx, container.Resources{Memory: limit, MemorySwap: limit})
}

// neededMemory returns how many bytes a control group of version 2 or 1 holds, the kernel's own included, without files that are not in use.
func neededMemory(stats container.MemoryStats) int64 {
	idle, v1 := stats.Stats["total_inactive_file"]
	if !v1 {
		idle = stats.Stats["inactive_file"]
	}
	return int64(min(stats.Usage-min(idle, stats.Usage), math.MaxInt64)) //nolint:gosec // bounded
}

// update changes the limits of a container of the harness's own.
func (s *Sandbox) update(ctx context.Context, resources container.Resources) error {
	if s.foreign {
		return fmt.Errorf("limit container %s: somebody else started it", s.name)
	}
	_, err := s.daemon.api.ContainerUpdate(ctx, s.id, client.ContainerUpdateOptions{Resources: &resources})
	return s.wrap("limit", err)
}
