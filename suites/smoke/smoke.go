// Package smoke holds the promise that the image's paths answer through the published port. Those that need an undisturbed container are
// checked where the secrets are (suites/image/used.go).
package smoke

import (
	"context"
	"fmt"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/probe"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// Specs registers the specs of the theme.
func Specs(chaos *session.Session) {
	budgets := chaos.Target.Budgets
	Describe("the published port", func() {
		for _, path := range chaos.Target.Smoke {
			It("answers "+path.Path, spec.About(promise.SmokePaths), spec.On(spec.PathLabel(path.Path)), func(ctx SpecContext) {
				sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
				By("find the published port")
				published, err := sandbox.Published(ctx, chaos.Target.Container.Port)
				spec.Conclude(err)
				_, booted := sandbox.Boot()

				var last spec.Page
				if spec.Watch(ctx, budgets.Smoke.Duration()-booted, "wait until "+path.Path+" answers", func(ctx context.Context) bool {
					last = spec.AskPage(ctx, probe.Route{}, published.Address, path.Path)
					return last.IsStatus(path.Status)
				}) {
					return
				}
				By("ask the same inside the container")
				inside := spec.AskInside(ctx, sandbox, published.Inside, path.Path)
				if last.Err != nil && inside.IsStatus(path.Status) {
					spec.Inconclusive(fmt.Sprintf("%s answers %d on the container's own address, and this machine gets no answer from the published port at %s (%v): "+
						"run where that port can be reached", path.Path, path.Status, published.Address, last.Err))
				}
				spec.FailWith(chaos, fmt.Sprintf("%s did not answer %d within %s of the start", path.Path, path.Status, budgets.Smoke),
					spec.Note("last", "%s", last), spec.Note("inside", "%s", inside))
			}, NodeTimeout(budgets.Smoke.Duration()+budgets.Boot.Duration()))
		}
	})
}
