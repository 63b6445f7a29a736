package health

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// coverage reads the registered actions back. Whether a probe tells the truth is the truth table's affair.
func coverage(chaos *session.Session) {
	Describe("the registered health checks", func() {
		for _, service := range chaos.Target.Restartable() {
			if service.Port == 0 {
				asks(chaos, promise.HealthSocketProbed, service, "its socket "+service.Socket, []string{
					service.Socket, strings.TrimSuffix(path.Base(service.Socket), ".sock"),
				})
			} else {
				asks(chaos, promise.HealthPortProbed, service, fmt.Sprintf("port %d by HTTP", service.Port), []string{
					fmt.Sprintf("http://127.0.0.1:%d", service.Port), fmt.Sprintf("http://localhost:%d", service.Port),
					fmt.Sprintf("127.0.0.1:%d/", service.Port), fmt.Sprintf("localhost:%d/", service.Port),
				})
			}
		}
		It("leave nobody out", spec.About(promise.HealthEverybody), func(ctx SpecContext) {
			if len(chaos.Target.Restartable()) == 0 {
				spec.Inconclusive("the target ships no service")
			}
			everybody(ctx, chaos)
		}, NodeTimeout(bound))
	})
}

// asks looks for one of several texts in the command of a service's health check.
func asks(chaos *session.Session, p string, service target.Service, whom string, texts []string) {
	It("ask "+service.Name, spec.About(p), spec.On(service.Name), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
		checks, err := healthChecks(ctx, sandbox, service.Name)
		spec.Conclude(err)
		if len(checks) == 0 {
			spec.FailWith(chaos, service.Name+" has no health check")
		}
		lines := make([][2]string, 0, len(checks))
		for _, check := range checks {
			if slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(check.Exec, text) }) {
				return
			}
			lines = append(lines, [2]string{"runs", fmt.Sprintf("%s: %s", check.Name, check.Exec)})
		}
		spec.FailWith(chaos, fmt.Sprintf("the health check of %s does not ask %s", service.Name, whom), lines...)
	}, NodeTimeout(bound))
}

func healthChecks(ctx context.Context, sandbox *session.Sandbox, service string) ([]zinit.Action, error) {
	actions, err := sandbox.Supervisor.Actions(ctx, service)
	return slices.DeleteFunc(actions, func(action zinit.Action) bool { return action.Kind != zinit.KindHealth }), err
}

// everybody looks at every service that zinit knows, also those that the target file does not name.
func everybody(ctx context.Context, chaos *session.Session) {
	GinkgoHelper()
	sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
	statuses, err := sandbox.Supervisor.List(ctx)
	spec.Conclude(err)
	statuses = slices.DeleteFunc(statuses, func(s zinit.Status) bool { return strings.HasPrefix(s.Name, session.VictimName("")) })
	var lines [][2]string
	for _, status := range statuses {
		actions, err := sandbox.Supervisor.Actions(ctx, status.Name)
		spec.Conclude(err)
		kept := slices.ContainsFunc(actions, func(a zinit.Action) bool {
			return (a.Kind == zinit.KindRun || a.Kind == "") && !a.Oneshot
		})
		checked := slices.ContainsFunc(actions, func(a zinit.Action) bool { return a.Kind == zinit.KindHealth && a.Schedule != nil })
		if kept && !checked {
			lines = append(lines, [2]string{"without", status.Name})
		}
	}
	if len(lines) > 0 {
		spec.FailWith(chaos, fmt.Sprintf("%d of %d services are kept running and have no health check", len(lines), len(statuses)), lines...)
	}
}
