// Package smoke holds what its users ask of an image first: its paths answer, through the published port.
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
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// patience is how long one request may take.
const patience = 10 * time.Second

// Specs are the theme's.
func Specs(chaos *session.Session) {
	Describe("the published port", spec.About(promise.SmokePaths), func() {
		for _, path := range chaos.Target.Smoke {
			It("answers "+path.Path, spec.On(name(path.Path)), func(ctx SpecContext) {
				sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
				address, err := sandbox.Published(ctx, chaos.Target.Container.Port)
				spec.Conclude(err)
				_, booted := sandbox.Boot()
				budget := chaos.Target.Budgets.Smoke.Duration()
				if trouble := ask(ctx, "http://"+address, path, budget-booted); trouble != "" {
					Fail(fmt.Sprintf("%s did not answer %d within %s of the start (%s)\n  last     %s\n  again    make e2e FOCUS=%s/%s",
						path.Path, path.Status, budget, promise.SmokePaths, trouble, promise.SmokePaths, name(path.Path)))
				}
			}, NodeTimeout(chaos.Target.Budgets.Smoke.Duration()+chaos.Target.Budgets.Boot.Duration()))
		}
	})
}

// ask asks until the right answer, or until what is left of the budget is spent. It returns what was wrong last, ""
// for nothing.
func ask(ctx context.Context, base string, path target.Smoke, left time.Duration) (trouble string) {
	spec.Until(ctx, left, func(ctx context.Context) bool {
		trouble = once(ctx, base, path)
		return trouble == ""
	})
	spec.Conclude(ctx.Err())
	return trouble
}

func once(ctx context.Context, base string, path target.Smoke) (trouble string) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	status, err := probe.Status(ctx, base+path.Path)
	switch {
	case err != nil:
		return err.Error()
	case status != path.Status:
		return fmt.Sprintf("it answered %d", status)
	}
	return ""
}

// name is a path as a label can hold it.
func name(path string) string {
	if trimmed := strings.Trim(path, "/"); trimmed != "" {
		return strings.ReplaceAll(trimmed, "/", ".")
	}
	return "root"
}
