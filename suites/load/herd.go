package load

import (
	"context"
	"errors"
	"fmt"
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

const (
	// victimCount is how many victims stand in for the services of a target that ships none: as many as hero_zero has.
	victimCount = 28
	// countRate is how often a second processes have to be counted at least, so that none goes unseen.
	countRate = 20
)

// herdResult holds what was seen when all services were killed at once.
type herdResult struct {
	recoveries []record.Recovery
	policies   map[string]time.Duration // how long the first retry has to wait, by service
	crowd      protocol.Crowd
	answers    spec.Answers
	changes    spec.Changes // in the circumstances of the services
}

// herd registers the experiment that kills all services at once, and the specs that judge it.
func herd(chaos *session.Session) {
	const all = "herd"
	experiment := spec.Shared[herdResult]{Run: func(ctx context.Context) (herdResult, error) { return runHerd(ctx, chaos) }}
	It("all that are killed at once come back", spec.About(promise.LoadHerd), spec.On(all), spec.With(fault.SIGKILL), func(ctx SpecContext) {
		judgeRecoveries(chaos, experiment.Get(ctx))
	}, NodeTimeout(specTimeout))
	It("none runs twice while all come back", spec.About(promise.LoadSingle), spec.On(all), spec.With(fault.SIGKILL), func(ctx SpecContext) {
		crowd := experiment.Get(ctx).crowd
		if doubled := spec.FindDoubled(crowd); len(doubled) > 0 {
			spec.FailWith(chaos, fmt.Sprintf("%s ran twice after all were killed at once", spec.Count(len(doubled), "service")), spec.ListServices(doubled)...)
		}
		if crowd.Rate() < countRate {
			spec.InconclusiveBecause(record.HostStalled(fmt.Sprintf("the processes were counted less than %d times a second", countRate)))
		}
	}, NodeTimeout(specTimeout))
	It("the supervisor answers while all come back", spec.About(promise.LoadRPC), spec.On(all), spec.With(fault.SIGKILL), func(ctx SpecContext) {
		judgeAnswers(chaos, all, experiment.Get(ctx).answers)
	}, NodeTimeout(specTimeout))
	It("all come back in the circumstances of before", spec.About(promise.CircumstancesShipped), spec.On(all), spec.With(fault.SIGKILL), func(ctx SpecContext) {
		judgeChanges(chaos, experiment.Get(ctx).changes)
	}, NodeTimeout(specTimeout))
}

// judgeChanges fails the spec if a service came back in other circumstances than before.
func judgeChanges(chaos *session.Session, changes spec.Changes) {
	GinkgoHelper()
	if len(changes.Found) > 0 {
		spec.FailWith(chaos, fmt.Sprintf("%d of %d services that were killed came back in other circumstances than before", len(changes.Found), changes.Compared),
			spec.ListServices(changes.Found)...)
	}
	if changes.Compared == 0 {
		spec.Inconclusive("the circumstances of no service could be read before and after")
	}
}

// runHerd kills all services at once.
func runHerd(ctx context.Context, chaos *session.Session) (seen herdResult, err error) {
	By("open the sandbox " + herdSandbox)
	sandbox, err := chaos.Sandbox(ctx, herdSandbox)
	if err != nil {
		return seen, err
	}
	services, err := gatherServices(ctx, chaos, sandbox)
	if err != nil {
		return seen, err
	}
	argv := map[string][]string{}
	seen.policies = map[string]time.Duration{}
	By("identify the processes of " + spec.Count(len(services), "service"))
	for _, service := range services {
		process, err := identify(ctx, sandbox, service)
		if err != nil {
			return seen, err
		}
		argv[service.Name], seen.policies[service.Name] = process.Argv, service.Policy.DelayOfRetry(1)
	}
	By("count their processes")
	if err := sandbox.Agent().WatchCrowd(ctx, promise.LoadSingle, argv); err != nil {
		return seen, err
	}
	observer := spec.NewObserver(sandbox)
	before, err := observer.Take(ctx, services)
	if err != nil {
		return seen, err
	}
	questioner := spec.KeepAsking(ctx, sandbox, spec.Ping(sandbox), spec.StatusOf(sandbox, services[0].Name))
	seen.recoveries, err = killAll(ctx, chaos, sandbox, services)
	seen.answers = questioner.Stop()
	crowd, endErr := sandbox.Agent().EndCrowd(ctx, promise.LoadSingle)
	seen.crowd = crowd
	if err == nil && endErr == nil {
		By("compare the circumstances of " + spec.Count(len(services), "service") + " with those before")
		seen.changes, err = observer.FindChanges(ctx, before, services)
	}
	return seen, errors.Join(err, endErr)
}

// gatherServices returns the target's services, or as many victims if it ships none. These go with the sandbox: a
// supervisor may take seconds to delete one.
func gatherServices(ctx context.Context, chaos *session.Session, sandbox *session.Sandbox) ([]session.Service, error) {
	services := findShipped(chaos, sandbox)
	for i := 0; len(services) < victimCount && len(chaos.Target.Restartable()) == 0; i++ {
		plan := session.NewVictim(fmt.Sprintf("herd%02d", i+1), chaos.Target.Policy)
		By("register " + plan.Name)
		service, err := sandbox.Register(ctx, plan)
		if err != nil {
			return nil, err
		}
		services = append(services, service)
	}
	if len(services) == 0 {
		return nil, recovery.NotProved("no service of the target serves")
	}
	return services, nil
}

// killAll kills all services in one instant, and returns an error if it did not achieve that.
func killAll(ctx context.Context, chaos *session.Session, sandbox *session.Sandbox, services []session.Service) ([]record.Recovery, error) {
	By("kill " + spec.Count(len(services), "service") + " at once, and wait until all serve")
	window := chaos.Target.Budgets.Serving.Duration() + 2*spec.Tolerance(chaos) + time.Second
	recoveries := make([]record.Recovery, len(services))
	errs := make([]error, len(services))
	var killing sync.WaitGroup
	for i, service := range services {
		killing.Go(func() {
			due := budget.AfterExit(service.Policy, 1, 0, sandbox.Jitter())
			recoveries[i], errs[i] = sandbox.Inject(ctx, session.Injection{
				Promise: promise.LoadHerd, Service: service, Fault: fault.SIGKILL, ObservationLimit: window,
				Policy: budget.DescribeDue(service.Policy, due.Respawn),
			})
		})
	}
	killing.Wait()
	if err := errors.Join(errs...); err != nil {
		return recoveries, err
	}
	var lastExit, firstBack int64 = 0, 1<<63 - 1
	for _, r := range recoveries {
		lastExit = max(lastExit, r.Exited.Hi)
		if r.Accepting != nil {
			firstBack = min(firstBack, r.Accepting.Lo) // until then it took no connection, even if the birth of its process was not seen
		}
	}
	if lastExit >= firstBack {
		return recoveries, &recovery.Inconclusive{Cause: record.TooCoarse("there was no moment at which all services were down: the first was back before the last was killed")}
	}
	return recoveries, nil
}

// judgeRecoveries judges each recovery by its own budgets, and names all services that exceeded them.
func judgeRecoveries(chaos *session.Session, seen herdResult) {
	GinkgoHelper()
	budgets, tolerance := chaos.Target.Budgets, expect.Tolerance(spec.Tolerance(chaos))
	var late []string
	var unclear *record.Cause
	for _, r := range seen.recoveries {
		due := seen.policies[r.Service]
		for _, expectation := range []expect.Expectation{
			expect.Respawn(expect.NotBefore(due), expect.Within(max(due, budgets.Restart.Duration())), tolerance),
			expect.Serve(expect.Within(budgets.Serving.Duration()), tolerance),
		} {
			if cause, nothing := expect.Inconclusive(r, expectation); nothing {
				unclear = &cause
			} else if held, _ := expectation.Match(r); !held {
				headline, _, _ := strings.Cut(expectation.FailureMessage(r), "\n")
				late = append(late, headline)
				break
			}
		}
	}
	if len(late) > 0 {
		spec.FailWith(chaos, fmt.Sprintf("%d of %d services that were killed at once did not come back within their budgets", len(late), len(seen.recoveries)),
			spec.List("service", late)...)
	}
	if unclear != nil {
		spec.InconclusiveBecause(*unclear)
	}
}
