package cli

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/sandbox"
)

// doctorCommand is hero_chaos doctor.
type doctorCommand struct{}

// Run prints which lasting faults this machine can inject, prove and undo, and what it would take for the others. It starts nothing.
func (doctorCommand) Run(ctx context.Context, stdout io.Writer) error {
	daemon, err := sandbox.Connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = daemon.Close() }()
	return diagnose(stdout, daemon.Offers())
}

// diagnose prints a line for each lasting fault.
func diagnose(stdout io.Writer, offers sandbox.Offers) error {
	table := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(stdout, "%s\n\n", offers)
	_, _ = fmt.Fprintln(table, "FAULT\tON\tBY\tENDED BY\tHERE\tNEEDS")
	for _, f := range fault.AllLasting() {
		here := "yes"
		if missing := findMissing(f, offers); missing != "" {
			here = "no: " + missing
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", f.Name, f.Scope, f.Way, f.Undo, here, f.Needs)
	}
	return table.Flush()
}

// findMissing returns the one thing that the machine lacks for a fault, empty if it lacks nothing that is known before a run.
func findMissing(f fault.Lasting, offers sandbox.Offers) string {
	switch {
	case f.Name == fault.CPUStarved.Name && !offers.Quota:
		return "Docker says that the kernel has no quota of processor time (CONFIG_CFS_BANDWIDTH)"
	case f.Name == fault.ProcessesGone.Name && !offers.Processes:
		return "Docker says that the kernel has no limit of processes (CONFIG_CGROUP_PIDS)"
	case f.Name == fault.OOMKill.Name && !offers.MemoryLimit:
		return "Docker says that the kernel has no limit of memory (CONFIG_MEMCG)"
	case f.Scope == fault.OnFilesystem && !offers.Memory:
		return "volumes in memory need a Linux host"
	}
	return ""
}
