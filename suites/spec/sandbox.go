package spec

import (
	"context"
	"fmt"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// MainOrOwn returns the main sandbox, for a spec that leaves a service behind that ends slowly or waits for a retry.
// zinit 0.3 misses the exits of other services while it deletes such a service [Z]. With it, MainOrOwn returns a sandbox
// of this process alone, so that nobody else is blamed.
func MainOrOwn(ctx context.Context, chaos *session.Session) *session.Sandbox {
	GinkgoHelper()
	sandbox := Sandbox(ctx, chaos, session.MainSandbox)
	if sandbox.Supervisor.Dialect() != zinit.Dialect03 {
		return sandbox
	}
	return Sandbox(ctx, chaos, fmt.Sprintf("apart-%d", GinkgoParallelProcess()))
}
