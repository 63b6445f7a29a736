package load

import (
	"context"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

const (
	// longPeriod and longRate, in MB a second, are how a victim writes a long log: 48 MB.
	longPeriod = 4 * time.Second
	longRate   = 12
	// memoryLimit is how much a supervisor may keep of it in its memory, with what its allocator holds back, in bytes.
	memoryLimit = 24 << 20
)

// longLog registers the spec of a log that is too long to be kept.
func longLog(chaos *session.Session) {
	plan := planVictim("spiller")
	plan.Options.FloodPeriod, plan.Options.FloodRate = longPeriod, longRate
	It("a log has its bounds: "+plan.Name, spec.About(promise.LoadLogBounded), spec.On(plan.Name), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, herdSandbox)
		if sandbox.SupervisorPID() == 0 {
			spec.Inconclusive("the supervisor's process is not known, so its memory cannot be read")
		}
		before := readMemory(ctx, sandbox)
		spec.Victim(ctx, sandbox, plan)
		if awaitWritten(ctx, sandbox, plan, longPeriod) == 0 {
			spec.Inconclusive("no landing: what the service wrote was not all taken")
		}
		after := readMemory(ctx, sandbox)
		if after-before > memoryLimit {
			spec.FailWith(chaos, fmt.Sprintf("the supervisor grew by %d MiB when %s wrote %d MB to its log",
				(after-before)>>20, plan.Name, longRate*int(longPeriod.Seconds())),
				spec.Note("before", "%d kB of memory", before>>10), spec.Note("after", "%d kB", after>>10),
				spec.Note("allowed", "%d MiB more", memoryLimit>>20))
		}
		AddReportEntry("memory of the supervisor around a long log", fmt.Sprintf("%d kB before, %d kB after", before>>10, after>>10), ReportEntryVisibilityNever)
	}, NodeTimeout(specTimeout))
}

// readMemory returns the supervisor's resident memory, in bytes.
func readMemory(ctx context.Context, sandbox *session.Sandbox) int64 {
	GinkgoHelper()
	By("read the supervisor's memory")
	usage, err := sandbox.Agent().Usage(ctx, sandbox.SupervisorPID())
	spec.Conclude(err)
	return usage.Resident
}
