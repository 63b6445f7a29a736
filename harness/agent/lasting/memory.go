package lasting

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// surplus is by how much a victim takes more memory than is left, in bytes: the kernel gives up its copies of files before it kills.
const surplus = 512 << 20

// oomKill is a container with a limit of memory that one victim exceeds. Docker sets the limit; the agent has the victim take memory.
type oomKill struct {
	amount  int64  // bytes that the limit leaves
	control string // socket by which the victim takes orders
	service *subject
	decoys  *decoys
	ordered bool
	before  memory
	spared  bool // nothing of the container's own was killed besides
}

// memory holds what the kernel says of the container's memory.
type memory struct {
	limit int64 // bytes, math.MaxInt64 for none
	kills int64 // processes that were killed for lack of memory
}

func holdOOMKill(params protocol.LastingParams) held {
	return &oomKill{amount: params.Fault.Amount, control: params.Path}
}

func (o *oomKill) begin(ctx context.Context) (err error) {
	if o.service, err = openSubject(ctx, o.control); err != nil {
		return err
	}
	if o.decoys, err = startDecoys(); err != nil {
		return err
	}
	o.before, err = readMemory(cgroupMount)
	return err
}

func (o *oomKill) prove(ctx context.Context) (proof, missing string) {
	now, err := readMemory(cgroupMount)
	switch {
	case err != nil:
		return "", err.Error()
	case now.limit >= o.before.limit:
		return "", "the limit of memory is as before, so that nothing takes memory"
	case !o.ordered:
		o.ordered = true
		go func() { _ = o.service.order.TakeMemory(context.WithoutCancel(ctx), o.amount+surplus) }() // it does not answer that is killed
		return "", "the service has only begun to take memory"
	case now.kills == o.before.kills:
		return "", "the kernel has killed nothing for lack of memory"
	case !o.service.handle.HasEnded() || !o.isSpared(now):
		return "", "the kernel has killed another process for lack of memory than the service that took it"
	}
	return fmt.Sprintf(record.KilledForMemory, now.limit), ""
}

// isSpared reports whether the kernel has killed the service and decoys alone.
func (o *oomKill) isSpared(now memory) bool {
	return now.kills-o.before.kills == 1+o.decoys.countEnded()
}

func (o *oomKill) revert() { // who has set the limit takes it away
	if now, err := readMemory(cgroupMount); err == nil && o.decoys != nil {
		o.spared = o.isSpared(now)
	}
	o.decoys.stop()
	o.service.close()
}

func (o *oomKill) released(context.Context) string {
	now, err := readMemory(cgroupMount)
	if err != nil || now.limit < min(o.before.limit, readTotalMemory()) || !o.spared {
		return ""
	}
	return record.MemoryRestored
}

// readMemory reads the limit and the kills of the container from a mount of its cgroup, of version 2 or 1.
func readMemory(mount string) (now memory, err error) {
	for _, files := range [][2]string{{"memory.max", "memory.events"}, {"memory/memory.limit_in_bytes", "memory/memory.oom_control"}} {
		text, err := os.ReadFile(filepath.Join(mount, files[0])) //nolint:gosec // a file of the kernel's
		if err != nil {
			continue
		}
		now.limit = math.MaxInt64
		if word := strings.TrimSpace(string(text)); word != "max" {
			if now.limit, err = strconv.ParseInt(word, 10, 64); err != nil {
				return now, fmt.Errorf("read the limit of memory: %w", err)
			}
		}
		now.kills, err = readMember(filepath.Join(mount, files[1]), "oom_kill")
		return now, err
	}
	return now, errors.New("the container does not see its cgroup: neither memory.max nor memory.limit_in_bytes is there")
}

// readTotalMemory returns the memory of the host in bytes, 0 if it is not known.
func readTotalMemory() int64 {
	var host unix.Sysinfo_t
	if unix.Sysinfo(&host) != nil {
		return 0
	}
	return int64(host.Totalram) * int64(host.Unit) //nolint:gosec // a size in bytes fits
}
