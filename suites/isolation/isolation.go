// Package isolation checks over the whole run that the services which nobody faulted stay as they are.
package isolation

import (
	"context"
	"fmt"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	agent "forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// outageLimit is for how long a service may be out of reach that nobody has faulted (suites/contract/experiments.md#settle): as long as one
// that was killed.
const outageLimit = 5 * time.Second

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
	Describe("over the whole run", Serial, spec.About(promise.IsolationReachable), func() {
		It("nobody was out of reach who was not faulted", func(ctx SpecContext) {
			By("wait until every outage in the main sandbox is over, or too long")
			var seen agent.Outages
			spec.Until(ctx, 2*outageLimit, func(ctx context.Context) bool {
				var err error
				seen, err = chaos.Outages(ctx)
				spec.Conclude(err)
				return !slices.ContainsFunc(seen.Outages, func(o agent.Outage) bool { return o.Ongoing && o.Period() <= outageLimit })
			})
			if seen.Looks == 0 {
				spec.Conclude(recovery.NotProved("no service was looked at"))
			}
			var found []string
			for _, o := range seen.Outages {
				if o.Period() > outageLimit {
					found = append(found, fmt.Sprintf("%s (pid %d): %s for %s", o.Service, o.Incarnation.PID, o.What, span.Text(o.Period())))
				}
			}
			if len(found) > 0 {
				spec.FailWith(chaos, "services that nobody faulted were out of reach", spec.List("found", found)...)
			}
		}, NodeTimeout(time.Minute))
	})
}
