// Package smoke holds the promise that the image's paths answer through the published port.
package smoke

import (
	"context"
	"fmt"
	"net"
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
				published, err := sandbox.Published(ctx, chaos.Target.Container.Port)
				spec.Conclude(err)
				_, booted := sandbox.Boot()

				var last answer
				if spec.Watch(ctx, budgets.Smoke.Duration()-booted, "wait until "+path.Path+" answers", func(ctx context.Context) bool {
					last = ask(ctx, probe.Route{}, published.Address, path.Path)
					return last.isStatus(path.Status)
				}) {
					return
				}
				By("ask the same inside the container")
				inside := ask(ctx, probe.Route{Dial: func(ctx context.Context) (net.Conn, error) {
					return sandbox.DialAddress(ctx, published.Inside)
				}}, published.Inside, path.Path)
				if last.err != nil && inside.isStatus(path.Status) {
					spec.Inconclusive(fmt.Sprintf("%s answers %d on the container's own address, and this machine gets no answer from the published port at %s (%v): "+
						"run where that port can be reached", path.Path, path.Status, published.Address, last.err))
				}
				spec.FailWith(chaos, fmt.Sprintf("%s did not answer %d within %s of the start", path.Path, path.Status, budgets.Smoke),
					spec.Note("last", "%s", last), spec.Note("inside", "%s", inside))
			}, NodeTimeout(budgets.Smoke.Duration()+budgets.Boot.Duration()))
		}
	})
}

// answer holds the outcome of one request.
type answer struct {
	status int
	err    error // nil if a whole reply came
}

// ask asks for a path at an address (host:port).
func ask(ctx context.Context, route probe.Route, address, path string) answer {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	status, err := route.Status(ctx, "http://"+address+path)
	return answer{status, err}
}

// isStatus reports whether a whole reply came, with that status.
func (a answer) isStatus(status int) bool { return a.err == nil && a.status == status }

// String says in a few words what came.
func (a answer) String() string {
	if a.err != nil {
		return a.err.Error()
	}
	return fmt.Sprintf("answered %d", a.status)
}

// labelOf returns a path as a label can hold it.
func labelOf(path string) string {
	if trimmed := strings.Trim(path, "/"); trimmed != "" {
		return strings.ReplaceAll(trimmed, "/", ".")
	}
	return "root"
}
