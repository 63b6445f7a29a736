// Package isolation holds what is promised of everybody who was not faulted, over the whole run.
package isolation

import (
	"fmt"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// Specs are the theme's. They are serial, so that Ginkgo runs them after all that runs in parallel.
func Specs(chaos *session.Session) {
	Describe("over the whole run", Serial, spec.About(promise.IsolationBystanders), func() {
		It("nobody changed who was not faulted", func(ctx SpecContext) {
			names, err := chaos.Opened(ctx)
			spec.Conclude(err)
			for _, name := range names {
				disturbed, err := chaos.Disturbances(ctx, name)
				spec.Conclude(err)
				if len(disturbed) > 0 {
					Fail(fmt.Sprintf("services changed in sandbox %s that nobody faulted (%s)\n%s", name, promise.IsolationBystanders, listed(disturbed)))
				}
			}
		}, NodeTimeout(time.Minute))
	})
}

func listed(disturbed []record.Disturbance) string {
	var text strings.Builder
	for _, d := range disturbed {
		fmt.Fprintf(&text, "  %s (pid %d): %s, and no fault explains it\n", d.Service, d.Before.PID, d.What)
	}
	return text.String()
}
