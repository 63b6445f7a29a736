package owner

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/budget"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/progress"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/admission"
)

const (
	// usageTimeout bounds measuring what the main sandbox takes.
	usageTimeout = 10 * time.Second
	// quickPeriod is the usual length of the experiments in the main sandbox in the quick profile.
	quickPeriod = 55 * time.Second
)

// planAdmission measures the main sandbox and its host, and plans how many sandboxes exist at once beside it. The error says that not
// even one has room. What cannot be measured limits nothing.
func (o *Owner) planAdmission(ctx context.Context, main *liveSandbox) error {
	demands := o.configuration.Sandboxes
	if main.attached || len(demands) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, usageTimeout)
	defer cancel()
	cost, host := o.measureHost(ctx, main)
	period := quickPeriod
	if o.configuration.Profile == config.Faithful {
		period = max(period, budget.Floor(o.target))
	}
	var err error
	o.admission, err = admission.New(host, cost, demands, o.configuration.SandboxOrder, o.target.Budgets.Boot.Duration(), period)
	if err != nil {
		return err
	}
	o.sandboxes.gate.setLimit(o.admission.AtOnce)
	if path := o.configuration.Progress; path != "" {
		announcer := progress.Announce(path, "")
		announcer.Note(o.admission.String())
		announcer.Close()
	}
	return nil
}

// measureHost returns what a sandbox takes, and what the host of the Docker daemon has left beside the main one.
func (o *Owner) measureHost(ctx context.Context, main *liveSandbox) (admission.Cost, admission.Host) {
	cost, host := admission.Cost{BootPeriod: main.opened.BootPeriod}, admission.Host{Cores: o.daemon.Cores()}
	if text, err := main.agent.ReadFile(ctx, "/proc/meminfo", 0); err == nil {
		host.Memory = parseAvailable(string(text))
	}
	usage, err := main.container.Usage(ctx)
	if err != nil {
		return cost, host
	}
	cost.Memory, cost.CPUPeriod, cost.Disk, host.Disk = usage.Memory, usage.CPUPeriod, usage.Disk, usage.DiskLeft
	if usage.MemoryLeft < math.MaxInt64 && (host.Memory == 0 || usage.MemoryLeft < host.Memory) {
		host.Memory = max(1, usage.MemoryLeft) // 0 would be unknown
	}
	return cost, host
}

// parseAvailable returns how many bytes a host can give out, by its /proc/meminfo; 0 if that does not say so.
func parseAvailable(meminfo string) int64 {
	for line := range strings.Lines(meminfo) {
		var kibibytes int64
		if _, err := fmt.Sscanf(line, "MemAvailable: %d kB", &kibibytes); err == nil {
			return kibibytes << 10
		}
	}
	return 0
}

// recordAdmission returns the plan of the sandboxes for the record, nil if there is none.
func recordAdmission(p admission.Plan) *record.Sandboxes {
	if p.Sandboxes == 0 {
		return nil
	}
	return &record.Sandboxes{
		Wanted: p.Sandboxes, AtOnce: p.AtOnce, Reason: string(p.Reason), Expected: int64(p.RunPeriod),
		Memory: p.Cost.Memory, Disk: p.Cost.Disk, CPU: int64(p.Cost.CPUPeriod), Boot: int64(p.Cost.BootPeriod),
		MemoryLeft: p.Host.Memory, DiskLeft: p.Host.Disk, Text: p.String(),
	}
}
