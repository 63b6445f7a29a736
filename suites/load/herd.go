package load

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/budget"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/expect"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// headcount is how many victims stand in for the services of a target that ships none: as many as hero_zero has.
const headcount = 28

// stampede is what was seen when all services were killed at once.
type stampede struct {
	recoveries []record.Recovery
	crowd      protocol.Crowd
	answers    spec.Answers
}

// herd is the experiment that kills all services at once, and the specs that judge it.
func herd(chaos *session.Session) {
	const all = "herd"
	experiment := spec.Shared[stampede]{Run: func(ctx context.Context) (stampede, error) { return stampedeOf(ctx, chaos) }}
	It("all that are killed at once come back", spec.About(promise.LoadHerd), spec.On(all), spec.With(fault.SIGKILL), func(ctx SpecContext) {
		judgeHerd(chaos, all, experiment.Get(ctx).recoveries)
	}, NodeTimeout(outer))
	It("none runs twice while all come back", spec.About(promise.LoadSingle), spec.On(all), spec.With(fault.SIGKILL), func(ctx SpecContext) {
		judgeCrowd(chaos, all, experiment.Get(ctx).crowd)
	}, NodeTimeout(outer))
	It("the supervisor answers while all come back", spec.About(promise.LoadRPC), spec.On(all), spec.With(fault.SIGKILL), func(ctx SpecContext) {
		judgeAnswers(chaos, all, experiment.Get(ctx).answers)
	}, NodeTimeout(outer))
}

// stampedeOf kills all services at once.
func stampedeOf(ctx context.Context, chaos *session.Session) (seen stampede, err error) {
	sandbox, err := chaos.Sandbox(ctx, herdSandbox)
	if err != nil {
		return seen, err
	}
	services, err := gather(ctx, chaos, sandbox)
	if err != nil {
		return seen, err
	}
	argv := map[string][]string{}
	for _, service := range services {
		identity, err := sandbox.Agent().Identify(ctx, protocol.IdentifyParams{Endpoint: service.Endpoint, SupervisorPID: sandbox.SupervisorPID()})
		if err != nil {
			return seen, &recovery.Inconclusive{Reason: fmt.Sprintf("%s did not serve before: %v", service.Name, err)}
		}
		argv[service.Name] = identity.Serving.Argv
	}
	if err := sandbox.Agent().WatchCrowd(ctx, promise.LoadSingle, argv); err != nil {
		return seen, err
	}
	questioner := spec.KeepAsking(ctx, sandbox, spec.Ping(sandbox), spec.StatusOf(sandbox, services[0].Name))
	seen.recoveries, err = killAll(ctx, chaos, sandbox, services)
	seen.answers = questioner.Stop()
	crowd, endErr := sandbox.Agent().EndCrowd(ctx, promise.LoadSingle)
	seen.crowd = crowd
	return seen, errors.Join(err, endErr)
}

// gather returns the target's services, or where it ships none as many victims. These go with the sandbox: a
// supervisor may take seconds to delete one.
func gather(ctx context.Context, chaos *session.Session, sandbox *session.Sandbox) (services []session.Service, err error) {
	missing, _ := sandbox.Boot()
	for _, shipped := range chaos.Target.Restartable() {
		if _, absent := missing[shipped.Name]; !absent {
			services = append(services, chaos.Shipped(shipped))
		}
	}
	for i := 0; len(services) < headcount && len(chaos.Target.Restartable()) == 0; i++ {
		service, err := sandbox.Register(ctx, session.NewVictim(fmt.Sprintf("herd%02d", i+1), chaos.Target.Policy))
		if err != nil {
			return nil, err
		}
		services = append(services, service)
	}
	if len(services) == 0 {
		return nil, &recovery.Inconclusive{Reason: "no service of the target serves"}
	}
	return services, nil
}

// killAll kills all services in one instant. The error says that this was not achieved.
func killAll(ctx context.Context, chaos *session.Session, sandbox *session.Sandbox, services []session.Service) ([]record.Recovery, error) {
	budgets := chaos.Target.Budgets
	window := budgets.Serving.Duration() + 2*budgets.Tolerance.Duration() + time.Second
	recoveries := make([]record.Recovery, len(services))
	errs := make([]error, len(services))
	var killing sync.WaitGroup
	for i, service := range services {
		killing.Go(func() {
			due := budget.AfterExit(service.Policy, 1, 0, sandbox.Jitter())
			recoveries[i], errs[i] = sandbox.Inject(ctx, session.Injection{
				Promise: promise.LoadHerd, Service: service, Fault: fault.SIGKILL, Window: window,
				Policy: budget.Policy(service.Policy, due.Respawn),
			})
		})
	}
	killing.Wait()
	if err := errors.Join(errs...); err != nil {
		return recoveries, err
	}
	var lastExit, firstBirth int64 = 0, 1<<63 - 1
	for _, r := range recoveries {
		lastExit = max(lastExit, r.Exited.Hi)
		if r.Respawned != nil {
			firstBirth = min(firstBirth, r.Respawned.Lo)
		}
	}
	if lastExit >= firstBirth {
		return recoveries, &recovery.Inconclusive{Reason: record.TooCoarse("there was no moment at which all services were down: the first was back before the last was killed")}
	}
	return recoveries, nil
}

// judgeHerd holds each recovery against its own budgets, and says of all that are broken which.
func judgeHerd(chaos *session.Session, all string, recoveries []record.Recovery) {
	GinkgoHelper()
	budgets := chaos.Target.Budgets
	tolerance := expect.Tolerance(budgets.Tolerance.Duration())
	var lines [][2]string
	unclear := ""
	for _, r := range recoveries {
		policy := policyOf(chaos, r.Service)
		for _, expectation := range []expect.Expectation{
			expect.Respawn(expect.NotBefore(policy), expect.Within(max(policy, budgets.Restart.Duration())), tolerance),
			expect.Serve(expect.Within(budgets.Serving.Duration()), tolerance),
		} {
			if reason, nothing := expect.Inconclusive(r, expectation); nothing {
				unclear = reason
			} else if held, _ := expectation.Match(r); !held {
				lines = append(lines, [2]string{"service", firstLine(expectation.FailureMessage(r))})
				break
			}
		}
	}
	if len(lines) > 0 {
		spec.FailWith(chaos,
			fmt.Sprintf("%d of %d services that were killed at once did not come back within their budgets", len(lines), len(recoveries)), few(lines)...)
	}
	if unclear != "" {
		spec.Inconclusive(unclear)
	}
}

// few are the first of many lines, and how many more there are.
func few(lines [][2]string) [][2]string {
	const most = 5
	if len(lines) <= most {
		return lines
	}
	return append(slices.Clone(lines[:most]), [2]string{"and", fmt.Sprintf("%d more", len(lines)-most)})
}

// policyOf is how long a service's first retry has to wait.
func policyOf(chaos *session.Session, service string) time.Duration {
	for _, shipped := range chaos.Target.Services {
		if shipped.Name == service {
			return chaos.Shipped(shipped).Policy.DelayOfRetry(1)
		}
	}
	return chaos.Target.Policy.DelayOfRetry(1)
}

func judgeCrowd(chaos *session.Session, all string, crowd protocol.Crowd) {
	GinkgoHelper()
	var lines [][2]string
	for _, service := range slices.Sorted(maps.Keys(crowd.Most)) {
		if pids := crowd.Most[service].PIDs; len(pids) > 1 {
			lines = append(lines, [2]string{"service", fmt.Sprintf("%s: pids %s at once", service, strings.Trim(fmt.Sprint(pids), "[]"))})
		}
	}
	if len(lines) > 0 {
		spec.FailWith(chaos, fmt.Sprintf("%d services ran twice after all were killed at once", len(lines)), few(lines)...)
	}
	if crowd.Rate() < 20 {
		spec.Inconclusive(record.HostStalled("the processes were counted less than 20 times a second"))
	}
}
