package health

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// coverageSpecs registers the specs about whom the registered health checks ask. Whether a check tells the truth, truthSpecs judges.
func coverageSpecs(chaos *session.Session, table *table) {
	Describe("the registered health checks", func() {
		for _, service := range chaos.Target.Restartable() {
			if service.Port == 0 {
				table.itAsks(promise.HealthSocketProbed, service, "its socket "+service.Socket,
					service.Socket, strings.TrimSuffix(path.Base(service.Socket), ".sock"))
			} else {
				table.itAsks(promise.HealthPortProbed, service, fmt.Sprintf("port %d by HTTP", service.Port),
					fmt.Sprintf("http://127.0.0.1:%d", service.Port), fmt.Sprintf("http://localhost:%d", service.Port),
					fmt.Sprintf("127.0.0.1:%d/", service.Port), fmt.Sprintf("localhost:%d/", service.Port))
			}
		}
		itLeavesNobodyOut(chaos)
	})
}

// itAsks registers the spec about whom the health check of a service asks. A command that holds one of several texts asks the
// endpoint. Any other is tried: it may be a program that knows the endpoint by another name.
func (t *table) itAsks(p string, service target.Service, endpoint string, texts ...string) {
	It("ask "+service.Name, spec.About(p), spec.On(service.Name), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, t.chaos, session.MainSandbox)
		By("read the health checks of " + service.Name)
		checks, err := listHealthChecks(ctx, sandbox, service.Name)
		spec.Conclude(err)
		if len(checks) == 0 {
			spec.FailWith(t.chaos, service.Name+" has no health check")
		}
		var commands []string
		for _, check := range checks {
			if slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(check.Exec, text) }) {
				return
			}
			commands = append(commands, fmt.Sprintf("%s: %s", check.Name, check.Exec))
		}
		tried := t.tryEndpoint(ctx, service)
		if tried.Ran.ExitCode != 0 && tried.Control.ExitCode == 0 {
			return
		}
		spec.FailWith(t.chaos, fmt.Sprintf("the health check of %s does not ask %s", service.Name, endpoint),
			append(spec.List("runs", commands), spec.Note("tried", "exit %d when a service that is well is there, and %d when there is none",
				tried.Control.ExitCode, tried.Ran.ExitCode))...)
	}, NodeTimeout(truthTimeout))
}

// tryEndpoint runs the registered health check of a service while nobody is in its place, after a control with one that is well.
func (t *table) tryEndpoint(ctx context.Context, service target.Service) protocol.TrialResult {
	GinkgoHelper()
	sandbox := spec.Background(ctx, t.chaos, truthSandbox)
	check := t.prepare(ctx, sandbox)[service.Name]
	By("run " + check.Name + " with and without a service in the place of " + service.Name)
	tried, err := sandbox.Agent().Try(ctx, newTrial(sandbox, service, check, protocol.Missing, hastyLimit))
	spec.Conclude(err)
	if tried.Control.TimedOut || tried.Ran.TimedOut {
		spec.Inconclusive(fmt.Sprintf("%s had not ended after %s, and may take %s", check.Name, span.Text(hastyLimit), check.Timeout))
	}
	return tried
}

func listHealthChecks(ctx context.Context, sandbox *session.Sandbox, service string) ([]zinit.Action, error) {
	actions, err := sandbox.Supervisor.Actions(ctx, service)
	return slices.DeleteFunc(actions, func(action zinit.Action) bool { return action.Kind != zinit.KindHealth }), err
}

// itLeavesNobodyOut registers the spec about every service that zinit knows, also those that the target file does not name.
func itLeavesNobodyOut(chaos *session.Session) {
	It("leave nobody out", spec.About(promise.HealthEverybody), func(ctx SpecContext) {
		if len(chaos.Target.Restartable()) == 0 {
			spec.Inconclusive("the target ships no service")
		}
		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
		By("read the actions of all services")
		statuses, err := sandbox.Supervisor.List(ctx)
		spec.Conclude(err)
		statuses = slices.DeleteFunc(statuses, func(s zinit.Status) bool { return spec.IsOurs(s.Name) })
		var without []string
		for _, status := range statuses {
			actions, err := sandbox.Supervisor.Actions(ctx, status.Name)
			spec.Conclude(err)
			kept := slices.ContainsFunc(actions, func(a zinit.Action) bool {
				return a.EffectiveKind() == zinit.KindRun && !a.Oneshot
			})
			checked := slices.ContainsFunc(actions, func(a zinit.Action) bool { return a.Kind == zinit.KindHealth && a.Schedule != nil })
			if kept && !checked {
				without = append(without, status.Name)
			}
		}
		if len(without) > 0 {
			spec.FailWith(chaos, fmt.Sprintf("%d of %d services are kept running and have no health check", len(without), len(statuses)),
				spec.List("without", without)...)
		}
	}, NodeTimeout(specTimeout))
}
