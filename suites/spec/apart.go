package spec

import (
	"context"
	"fmt"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// Apart is the main sandbox, for a spec that leaves a service behind that takes its time to end, or waits for a
// retry. A zinit 0.3 hears of nobody's exit while it deletes such a service [Z]: there it is a sandbox of this
// process alone, so that what the others see is not blamed on them.
func Apart(ctx context.Context, chaos *session.Session) *session.Sandbox {
	GinkgoHelper()
	sandbox := Sandbox(ctx, chaos, session.MainSandbox)
	if sandbox.Supervisor.Dialect() != zinit.Dialect03 {
		return sandbox
	}
	return Sandbox(ctx, chaos, fmt.Sprintf("apart-%d", GinkgoParallelProcess()))
}
