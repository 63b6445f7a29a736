// Package isolation holds what is promised, over the whole run, of the services that nobody faulted.
package isolation

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// Specs registers the specs of the theme. They are serial, so that Ginkgo runs them after all that runs in parallel.
func Specs(chaos *session.Session) {
	Describe("over the whole run", Serial, spec.About(promise.IsolationBystanders), func() {
		It("nobody changed who was not faulted", func(ctx SpecContext) {
			By("list the sandboxes")
			names, err := chaos.Opened(ctx)
			spec.Conclude(err)
			for _, name := range names {
				By("read the disturbances in the sandbox " + name)
				disturbances, err := chaos.Disturbances(ctx, name)
				spec.Conclude(err)
				var found []string
				for _, d := range disturbances {
					found = append(found, fmt.Sprintf("%s (pid %d): %s, and no fault explains it", d.Service, d.Before.PID, d.What))
				}
				if len(found) > 0 {
					spec.FailWith(chaos, "services changed in the sandbox "+name+" without a fault", spec.List("found", found)...)
				}
			}
		}, NodeTimeout(time.Minute))
	})
}
