// Package smoke holds the promise that the image's paths answer through the published port.
package smoke

import (
	"context"
	"fmt"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/probe"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// requestTimeout is the longest time that one request may take.
const requestTimeout = 10 * time.Second

// Specs registers the specs of the theme.
func Specs(chaos *session.Session) {
	budgets := chaos.Target.Budgets
	Describe("the published port", spec.About(promise.SmokePaths), func() {
		for _, path := range chaos.Target.Smoke {
			It("answers "+path.Path, spec.On(labelOf(path.Path)), func(ctx SpecContext) {
				sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
				By("find the published port")
				address, err := sandbox.Published(ctx, chaos.Target.Container.Port)
				spec.Conclude(err)
				_, booted := sandbox.Boot()

				var last string
				if !spec.Watch(ctx, budgets.Smoke.Duration()-booted, "wait until "+path.Path+" answers", func(ctx context.Context) bool {
					ctx, cancel := context.WithTimeout(ctx, requestTimeout)
					defer cancel()
					status, err := probe.Status(ctx, "http://"+address+path.Path)
					last = fmt.Sprintf("answered %d", status)
					if err != nil {
						last = err.Error()
					}
					return err == nil && status == path.Status
				}) {
					spec.FailWith(chaos, fmt.Sprintf("%s did not answer %d within %s of the start", path.Path, path.Status, budgets.Smoke),
						spec.Note("last", "%s", last))
				}
			}, NodeTimeout(budgets.Smoke.Duration()+budgets.Boot.Duration()))
		}
	})
}

// labelOf returns a path as a label can hold it.
func labelOf(path string) string {
	if trimmed := strings.Trim(path, "/"); trimmed != "" {
		return strings.ReplaceAll(trimmed, "/", ".")
	}
	return "root"
}
