package restart

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// eventLimit bounds the wait for something that has to happen before anything can be judged.
const eventLimit = 10 * time.Second

// hasEvent reports whether a process of a victim wrote such an event into its journal.
func hasEvent(ctx context.Context, sandbox *session.Sandbox, plan session.VictimPlan, pid int, kind string) bool {
	GinkgoHelper()
	journal, err := spec.ReadJournal(ctx, sandbox, plan)
	spec.Conclude(err)
	return len(journal.By(pid).Of(kind)) > 0
}

// findInstances returns the processes of a victim: those that were given its socket, without the shell around them.
func findInstances(ctx context.Context, sandbox *session.Sandbox, plan session.VictimPlan) []int {
	GinkgoHelper()
	table, err := sandbox.Agent().Processes(ctx)
	spec.Conclude(err)
	var pids []int
	for _, process := range table {
		if process.State != "Z" && slices.Contains(process.Argv, "--socket="+plan.Options.Socket) {
			pids = append(pids, process.PID)
		}
	}
	return pids
}

// sendSignal sends a signal by the image's own shell, since the agent would watch what it signals until that ends.
func sendSignal(ctx context.Context, sandbox *session.Sandbox, name string, pid int) {
	GinkgoHelper()
	By(fmt.Sprintf("send SIG%s to process %d", name, pid))
	ran, err := sandbox.Agent().Run(ctx, eventLimit, "/bin/sh", "-c", fmt.Sprintf("kill -%s %d", name, pid))
	spec.Conclude(err)
	if ran.ExitCode != 0 {
		spec.Inconclusive(fmt.Sprintf("SIG%s could not be sent: %s", name, strings.TrimSpace(ran.Output)))
	}
}

// killAfterwards kills a victim that ignores SIGTERM when the spec is over, so that its supervisor is not kept busy. The victim is taken
// out of the census before: on a busy host its process may end long after the signal, and no lease would explain it.
func killAfterwards(sandbox *session.Sandbox, plan session.VictimPlan) {
	DeferCleanup(func(ctx SpecContext) {
		_ = sandbox.Dismiss(ctx, plan.Name)
		_ = sandbox.Supervisor.Stop(ctx, plan.Name)
		for _, pid := range findInstances(ctx, sandbox, plan) {
			_, _ = sandbox.Agent().Run(ctx, eventLimit, "/bin/sh", "-c", fmt.Sprintf("kill -KILL %d", pid))
		}
	}, NodeTimeout(30*time.Second))
}
