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

// A spill is spillRate MB a second for so long, 48 MB; spillKept is what of it a supervisor may keep in its memory, with what
// its allocator holds back.
const (
	spilling  = 4 * time.Second
	spillRate = 12
	spillKept = 24 << 20
)

// spill is the spec of a log that is too long to be kept.
func spill(chaos *session.Session) {
	plan := session.NewVictim("spiller", policy()).WithStopTimeout(stopTimeout)
	plan.Options.Flood, plan.Options.FloodRate = spilling, spillRate
	It("a log has its bounds: "+plan.Name, spec.About(promise.LoadLogBounded), spec.On(plan.Name), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, herdSandbox)
		if sandbox.SupervisorPID() == 0 {
			spec.Inconclusive("the supervisor's process is not known, so that nobody can say how much memory it has")
		}
		before := resident(ctx, sandbox)
		service := spec.Victim(ctx, sandbox, plan)
		if !spec.Until(ctx, spilling+drained, func(ctx context.Context) bool { return flooded(ctx, sandbox, service) != 0 }) {
			spec.Inconclusive("no landing: what the service wrote was not all taken")
		}
		after := resident(ctx, sandbox)
		if after-before > spillKept {
			spec.FailWith(chaos,
				fmt.Sprintf("the supervisor grew by %d MiB when %s wrote %d MB to its log", (after-before)>>20, plan.Name, spillRate*int(spilling.Seconds())),
				[2]string{"before", fmt.Sprintf("%d kB of memory", before>>10)}, [2]string{"after", fmt.Sprintf("%d kB", after>>10)},
				[2]string{"granted", fmt.Sprintf("%d MiB more", spillKept>>20)})
		}
		AddReportEntry("memory of the supervisor around a long log", fmt.Sprintf("%d kB before, %d kB after", before>>10, after>>10), ReportEntryVisibilityNever)
	}, NodeTimeout(outer))
}

// resident is the supervisor's memory, in bytes.
func resident(ctx context.Context, sandbox *session.Sandbox) int64 {
	GinkgoHelper()
	usage, err := sandbox.Agent().Usage(ctx, sandbox.SupervisorPID())
	spec.Conclude(err)
	return usage.Resident
}
