package sandbox

import (
	"context"
	"fmt"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// LimitCPU gives the container a quota of processor time, in thousandths of a processor. 0 takes it away. It must be the harness's own.
func (s *Sandbox) LimitCPU(ctx context.Context, thousandths int64) error {
	if s.foreign {
		return fmt.Errorf("limit container %s: somebody else started it", s.name)
	}
	const period, thousand = 100_000, 1000
	resources := container.Resources{CPUPeriod: period, CPUQuota: thousandths * period / thousand}
	if thousandths == 0 {
		resources.CPUQuota = -1
	}
	_, err := s.daemon.api.ContainerUpdate(ctx, s.id, client.ContainerUpdateOptions{Resources: &resources})
	return s.wrap("limit", err)
}
