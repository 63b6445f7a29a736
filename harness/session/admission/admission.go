// Package admission plans how many sandboxes of a run exist at once: as many as the Docker host bears. It is pure.
package admission

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/plain"
)

// Demand describes the use of one sandbox beside the main one.
type Demand struct {
	Sandbox string `json:"sandbox"`
	// Specs is the number of specs that need the sandbox.
	Specs int `json:"specs"`
	// Period is for how long the experiments in it take about, once it has started.
	Period time.Duration `json:"period_ns"`
	// Ordered sandboxes hold the state of one experiment for several specs.
	Ordered bool `json:"ordered,omitempty"`
}

// Cost holds the resources of one sandbox, measured on the first. A member that could not be measured is 0.
type Cost struct {
	Memory     int64         // bytes that cannot be taken back
	Disk       int64         // bytes written to the container's own layer
	CPUPeriod  time.Duration // time of processors until all services served
	BootPeriod time.Duration // time until all services served
}

// Host holds the resources that the Docker host has left once the first sandbox runs. A member that is not known is 0.
type Host struct {
	Cores  int
	Memory int64
	Disk   int64
}

// Reason says what the number of sandboxes at once follows from.
type Reason string

// The reasons.
const (
	ByDemand Reason = "demand" // there are no more
	ByMemory Reason = "memory"
	ByCores  Reason = "cores"
	ByDisk   Reason = "disk"
	ByOrder  Reason = "order" // --sandboxes
)

// Plan says how many sandboxes beside the main one exist at once.
type Plan struct {
	AtOnce    int
	Reason    Reason
	Sandboxes int           // in all
	RunPeriod time.Duration // how long the run takes about
	Cost      Cost
	Host      Host
}

// The shares of what the host has left that sandboxes may take together. The rest is for what experiments take, and for everybody else.
const (
	memoryShare = 0.75
	diskShare   = 0.75
	// bootShare is the share of the boot budget within which all admitted sandboxes must be able to start at the same time.
	bootShare = 0.5
)

// Order is a number of sandboxes that somebody asked for instead of a plan; 0 asks for nothing.
type Order int

// New plans a run. bootBudget is within what time a sandbox has to start, and mainPeriod how long the experiments in the main sandbox
// take about. The error is one line, and says that the host bears no sandbox beside the main one.
func New(host Host, cost Cost, demands []Demand, order Order, bootBudget, mainPeriod time.Duration) (Plan, error) {
	plan := Plan{AtOnce: len(demands), Reason: ByDemand, Sandboxes: len(demands), Cost: cost, Host: host}
	limit := func(most int, reason Reason) {
		if most < plan.AtOnce {
			plan.AtOnce, plan.Reason = most, reason
		}
	}
	if order > 0 {
		limit(int(order), ByOrder)
	} else {
		if cost.CPUPeriod > 0 && host.Cores > 0 {
			together := bootShare * float64(bootBudget) * float64(host.Cores) / float64(cost.CPUPeriod)
			limit(max(1, int(together)), ByCores) // one at a time can start on any host
		}
		if cost.Memory > 0 && host.Memory > 0 {
			limit(int(memoryShare*float64(host.Memory)/float64(cost.Memory)), ByMemory)
		}
		if cost.Disk > 0 && host.Disk > 0 {
			limit(int(diskShare*float64(host.Disk)/float64(cost.Disk)), ByDisk)
		}
	}
	if plan.AtOnce == 0 && len(demands) > 0 {
		return plan, plan.refuse()
	}
	plan.RunPeriod = plan.estimate(demands, mainPeriod)
	return plan, nil
}

// refuse returns the error of a plan by which not even one sandbox fits beside the main one.
func (p Plan) refuse() error {
	takes, left, share, what := p.Cost.Memory, p.Host.Memory, memoryShare, "memory"
	if p.Reason == ByDisk {
		takes, left, share, what = p.Cost.Disk, p.Host.Disk, diskShare, "disk space"
	}
	return fmt.Errorf("the Docker host has no room for a second container of the image: it takes %s of %s, and sandboxes may take %.0f %% of the %s left; "+
		"free some, take a larger host, or try it with --sandboxes 1", formatBytes(takes), what, 100*share, formatBytes(left))
}

// estimate returns how long the run takes about: sandboxes start one after the other, those of the longest experiments first.
func (p Plan) estimate(demands []Demand, mainPeriod time.Duration) time.Duration {
	end, booted := p.Cost.BootPeriod+mainPeriod, p.Cost.BootPeriod
	free := make([]time.Duration, p.AtOnce)
	for _, demand := range Sort(demands) {
		slot := slices.Index(free, slices.Min(free))
		booted = max(booted, free[slot]) + p.Cost.BootPeriod
		free[slot] = booted + demand.Period
		end = max(end, free[slot])
	}
	return end
}

// Sort returns the demands in the order in which their sandboxes start: the longest experiments first.
func Sort(demands []Demand) []Demand {
	return slices.SortedStableFunc(slices.Values(demands), func(a, b Demand) int {
		return cmp.Or(cmp.Compare(b.Period, a.Period), cmp.Compare(a.Sandbox, b.Sandbox))
	})
}

// String says in one sentence what is planned and how long it should take.
func (p Plan) String() string {
	var costs []string
	if p.Cost.Memory > 0 {
		costs = append(costs, formatBytes(p.Cost.Memory)+" of memory")
	}
	if p.Cost.CPUPeriod > 0 {
		costs = append(costs, formatRoughly(p.Cost.CPUPeriod)+" of processor time")
	}
	text := fmt.Sprintf("a container of the image takes %s until all serve", formatRoughly(p.Cost.BootPeriod))
	if len(costs) > 0 {
		text = fmt.Sprintf("a container of the image takes %s, and %s until all serve", strings.Join(costs, " and "), formatRoughly(p.Cost.BootPeriod))
	}
	switch {
	case p.Sandboxes == 0:
		text += "; no experiment needs another one"
	case p.Sandboxes == 1:
		text += "; one more is needed"
	case p.AtOnce == p.Sandboxes:
		text += fmt.Sprintf("; %d more are needed, and all may run at once", p.Sandboxes)
	default:
		text += fmt.Sprintf("; %d more are needed, and %d may run at once (%s)", p.Sandboxes, p.AtOnce, p.explain())
	}
	return text + fmt.Sprintf("; the run should take about %s", formatRoughly(p.RunPeriod))
}

// explain says what the number of sandboxes at once follows from.
func (p Plan) explain() string {
	switch p.Reason {
	case ByMemory:
		return fmt.Sprintf("%s of memory are left", formatBytes(p.Host.Memory))
	case ByDisk:
		return fmt.Sprintf("%s of disk space are left", formatBytes(p.Host.Disk))
	case ByCores:
		return plain.Count(p.Host.Cores, "core")
	case ByOrder:
		return "--sandboxes"
	case ByDemand:
	}
	return string(p.Reason)
}

// formatRoughly writes a duration that is not precise: "0.7 s", "45 s", "3 min".
func formatRoughly(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 90*time.Second:
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	return fmt.Sprintf("%.0f min", d.Minutes())
}

// formatBytes writes a number of bytes in megabytes, or in gigabytes from one on.
func formatBytes(bytes int64) string {
	const megabyte, gigabyte = 1e6, 1e9
	if bytes >= gigabyte {
		return fmt.Sprintf("%.1f GB", float64(bytes)/gigabyte)
	}
	return fmt.Sprintf("%.0f MB", float64(bytes)/megabyte)
}
