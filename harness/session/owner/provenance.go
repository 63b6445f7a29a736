package owner

import (
	"context"
	"errors"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/budget"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/learn"
)

// policiesTimeout bounds reading the policies of all services back from zinit.
const policiesTimeout = 10 * time.Second

// describePlanned returns what is known of the run before anything has been started.
func (o *Owner) describePlanned() record.Run {
	run := o.configuration.Describe()
	run.ID, run.Started, run.Target, run.TargetSHA256 = o.id, time.Now(), o.target.Name, o.target.SHA256()
	run.Tools, run.Host, run.Promises, run.Confirmed = toolVersions(), record.Host{Cores: runtime.NumCPU()}, promise.Recorded(), o.target.Confirmed
	if part := o.configuration.Part; part != nil {
		run.Shard, run.Plan, run.Specs = part.Shard, part.Plan, part.Count
	}
	return run
}

// describeRun returns what the record says of the run as a whole.
func (o *Owner) describeRun(ctx context.Context, main *liveSandbox) record.Run {
	run, image := o.describePlanned(), main.container.Image()
	run.Image, run.Digest = image.Ref, image.ID
	run.Daemon = record.Daemon{ID: o.daemon.ID(), API: o.daemon.Client().ClientVersion()}
	run.Host.Kernel, run.Host.WorstGap = main.kernel, main.opened.Jitter
	if spelling := main.opened.Spelling; spelling != nil {
		run.Confirmed = learn.WithoutGuesses(o.target.Confirmed, target.All, *spelling)
	}
	run.Services, run.Turns = o.readPolicies(ctx, main), o.plan.turns()
	run.Sandboxes = recordAdmission(o.admission)
	o.addBudgets(&run, main)
	return run
}

// toolVersions returns the versions of Go and of the modules that the harness measures with.
func toolVersions() map[string]string {
	versions := map[string]string{"go": runtime.Version()}
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return versions
	}
	names := map[string]string{
		"github.com/onsi/ginkgo/v2": "ginkgo", "github.com/onsi/gomega": "gomega",
		"github.com/testcontainers/testcontainers-go": "testcontainers", "github.com/moby/moby/client": "moby",
	}
	for _, module := range build.Deps {
		if name, ours := names[module.Path]; ours {
			versions[name] = module.Version
		}
	}
	return versions
}

// expectedPolicies returns the target's services with the policies that the target file expects, which nobody has read back.
func (o *Owner) expectedPolicies() []record.Service {
	services := make([]record.Service, len(o.target.Services))
	for i, service := range o.target.Services {
		expected := o.target.Policy
		if service.Policy != nil {
			expected = *service.Policy
		}
		services[i] = record.Service{Name: service.Name, Socket: service.Socket, Port: service.Port}
		if policy := budget.RecordPolicy(expected); !service.Oneshot {
			services[i].Policy, services[i].Retry = budget.DescribeFully(expected)+", by the target file alone", &policy
		}
	}
	return services
}

// readPolicies returns the target's services, with the policies that zinit gives back for those that it knows.
func (o *Owner) readPolicies(ctx context.Context, main *liveSandbox) []record.Service {
	services := make([]record.Service, len(o.target.Services))
	for i, service := range o.target.Services {
		services[i] = record.Service{Name: service.Name, Socket: service.Socket, Port: service.Port}
	}
	ctx, cancel := context.WithTimeout(ctx, policiesTimeout)
	defer cancel()
	supervisor, err := main.supervisor(ctx)
	if err != nil {
		return services
	}
	defer func() { _ = supervisor.Close() }()
	actions, err := supervisor.Actions(ctx, "")
	if errors.Is(err, zinit.ErrNotExpressible) {
		return o.expectedPolicies()
	}
	if err != nil {
		return services
	}
	for i, service := range services {
		run := slices.IndexFunc(actions, func(a zinit.Action) bool {
			return a.Service == service.Name && a.Retry != nil && !a.Oneshot && a.EffectiveKind() == zinit.KindRun
		})
		if run >= 0 {
			policy := budget.RecordPolicy(*actions[run].Retry)
			services[i].Policy, services[i].Retry = budget.DescribeFully(*actions[run].Retry), &policy
		}
		check := slices.IndexFunc(actions, func(a zinit.Action) bool {
			return a.Service == service.Name && a.Schedule != nil && a.EffectiveKind() == zinit.KindHealth
		})
		if check >= 0 {
			action := actions[check]
			services[i].Check = &record.Check{
				Interval: int64(action.Schedule.Interval), Timeout: int64(action.Timeout), StartPeriod: int64(action.Schedule.StartPeriod),
				Retries: action.Schedule.Retries,
			}
		}
	}
	return services
}
