// Package smoke holds what its users ask of an image first: its paths answer, through the published port.
package smoke

import (
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/probe"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// Specs are the theme's.
func Specs(chaos *session.Session) {
	Describe("the published port", spec.About(promise.SmokePaths), func() {
		for _, path := range chaos.Target.Smoke {
			It("answers "+path.Path, spec.On(name(path.Path)), func(ctx SpecContext) {
				sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
				address, err := sandbox.Published(ctx, chaos.Target.Container.Port)
				spec.Conclude(err)
				status, err := probe.Status(ctx, "http://"+address+path.Path)
				if err != nil {
					Fail(fmt.Sprintf("%s could not be asked (%s)\n  %v", path.Path, promise.SmokePaths, err))
				}
				if status != path.Status {
					Fail(fmt.Sprintf("%s answers %d, not %d (%s)", path.Path, status, path.Status, promise.SmokePaths))
				}
			}, NodeTimeout(chaos.Target.Budgets.Smoke.Duration()))
		}
	})
}

// name is a path as a label can hold it.
func name(path string) string {
	if trimmed := strings.Trim(path, "/"); trimmed != "" {
		return strings.ReplaceAll(trimmed, "/", ".")
	}
	return "root"
}
