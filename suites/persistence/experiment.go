package persistence

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// revivalPeriod is the time for which it is watched, once everything serves again, whether a stopped service runs. It is above the
// 2 s of suites/contract/zinit-0.4.md#definitions.
const revivalPeriod = 2500 * time.Millisecond

// ending is a way to end a supervisor.
type ending struct {
	name       string // of its victims
	what       string // in words
	end        func(context.Context, *session.Session, *population) (session.Interruption, error)
	agentLives bool
	// inTheMiddle says that orders were being carried out, and toTested that the tested image follows the promoted one.
	inTheMiddle, toTested bool
}

// experiment ends a supervisor among victims, and looks at what is there afterwards.
type experiment struct {
	spec.Shared[result]
	chaos  *session.Session
	ending ending
	where  string // the sandbox
}

// result holds what was there after an ending.
type result struct {
	interruption  session.Interruption
	hostStalled   bool              // the host may have kept a process waiting for half of the time that the container has to end
	registered    int               // services before
	changed       map[string]string // services that are registered otherwise
	doubled       map[string]string // services that ran twice
	silent        map[string]string // services that do not serve
	revived       string            // how the stopped service was seen to run
	undeleted     string            // why no service could be deleted before
	returned      string            // how the deleted service was there again
	checkedBefore bool
	checkedAfter  bool
	apart         []time.Duration // from one run of the crashing service to the next
	// crashesStalled says that the host may have made a run of the crashing service late.
	crashesStalled bool
	changes        spec.Changes // in the circumstances of the services
	told           spec.Told    // how the service with a stop signal of its own was told to end
	untold         string       // why that cannot be judged
	toldPlan       session.VictimPlan
	mistold        string            // how the next supervisor told that service wrongly to end
	unstopped      string            // why it could not be told
	unshipped      []string          // services that are there and in no list
	data           map[string]string // files of the data folder that are not as they were
	noData         string            // why no file could be put there
}

// newExperiment returns the experiment of an ending, which the first spec that is selected carries out.
func newExperiment(chaos *session.Session, where string, ending ending) *experiment {
	e := &experiment{chaos: chaos, ending: ending, where: where}
	e.Run = e.run
	return e
}

// run carries the experiment out.
func (e *experiment) run(ctx context.Context) (seen result, err error) {
	p, err := settle(ctx, e.chaos, e.where, e.ending.name)
	if p != nil {
		defer p.leave(context.WithoutCancel(ctx))
	}
	if err != nil {
		return seen, err
	}
	agent := p.sandbox.Agent()
	if e.ending.agentLives { // a second process may come before the first good reply does
		if err := agent.WatchCrowd(ctx, e.ending.name, p.argv); err != nil {
			return seen, err
		}
	}
	asked := p.countChecks(ctx)
	observer := spec.NewObserver(p.sandbox)
	before, err := observer.Take(ctx, p.serving)
	if err != nil {
		return seen, err
	}
	main, err := e.chaos.Sandbox(ctx, session.MainSandbox) // its agent lives on
	if err != nil {
		return seen, err
	}
	By("end the supervisor: " + e.ending.what)
	watching, stop := context.WithCancel(ctx)
	host := spec.WatchHost(watching, main)
	interruption, err := e.ending.end(ctx, e.chaos, p)
	stop()
	budget := e.chaos.Target.Budgets.StopTimeout.Duration()
	hostStalled := host.Stall() >= budget/2 || host.CouldDelay(budget, budget/2)
	if err != nil || interruption.Refused != "" {
		return result{interruption: interruption}, err
	}
	if !e.ending.agentLives || interruption != (session.Interruption{}) { // the container was started again, and the agent with it
		if err := agent.WatchCrowd(ctx, e.ending.name, p.argv); err != nil {
			return seen, err
		}
	}
	resumed, err := agent.Hello(ctx)
	if err != nil {
		return seen, err
	}
	seen, err = p.look(ctx, e.ending.name, e.chaos.Target.Budgets.Boot.Duration())
	seen.interruption, seen.hostStalled = interruption, hostStalled
	seen.noData = p.noData
	if err == nil && p.noData == "" {
		seen.data, err = p.compareData(ctx)
	}
	if err != nil {
		return seen, err
	}
	seen.told, seen.untold, seen.toldPlan = p.readTold(ctx), p.untold, p.told
	By("compare the circumstances of the services with those before")
	// A container that starts again has namespaces and a cgroup of its own.
	if seen.changes, err = observer.FindChanges(ctx, before, p.serving, "namespace:", "cgroup"); err != nil {
		return seen, err
	}
	watched := spec.WatchHost(ctx, main)
	seen.apart = p.awaitCrashes(ctx, resumed.MonotonicNs)
	seen.crashesStalled = watched.Stall() > spec.Tolerance(e.chaos)
	// One check may have begun before the end, and one may come from a supervisor that checks a service only as it starts.
	seen.checkedAfter = p.awaitChecks(ctx, asked+3)
	if p.untold == "" {
		seen.mistold, seen.unstopped = p.tellAgain(ctx)
	}
	return seen, err
}

// look looks for at most a boot budget what is there after an ending. crowd names the count of processes.
func (p *population) look(ctx context.Context, crowd string, boot time.Duration) (result, error) {
	agent, supervisor := p.sandbox.Agent(), p.sandbox.Supervisor
	seen := result{registered: len(p.definitions), undeleted: p.undeleted, checkedBefore: p.checkedBefore}
	By("wait until " + spec.Count(len(p.serving), "service") + " serve again")
	spec.Until(ctx, boot, func(ctx context.Context) bool {
		seen.silent = p.findSilent(ctx)
		return len(seen.silent) == 0 || p.isLost(ctx, seen.silent)
	})
	By("watch whether " + p.stopped.Name + ", which was stopped, runs again")
	spec.Until(ctx, revivalPeriod, func(ctx context.Context) bool {
		status, err := supervisor.Status(ctx, p.stopped.Name)
		if err == nil && (status.PID != 0 || status.State == zinit.StateRunning) {
			seen.revived = describeStatus(status)
		}
		return seen.revived != ""
	})
	By("read how many processes the services had, and how they are registered")
	counted, err := agent.EndCrowd(ctx, crowd)
	if err != nil {
		return seen, err
	}
	seen.doubled = spec.FindDoubled(counted)
	if most, ran := counted.Most[p.stopped.Name]; ran && seen.revived == "" {
		seen.revived = fmt.Sprintf("it ran as pid %d", most.PIDs[0])
	}
	if status, err := supervisor.Status(ctx, p.deleted.Name); err == nil {
		seen.returned = describeStatus(status)
	}
	definitions, err := spec.ReadDefinitions(ctx, supervisor)
	if err != nil {
		return seen, err
	}
	for name := range definitions {
		if !slices.Contains(p.shipped, name) && !spec.IsOurs(name) {
			seen.unshipped = append(seen.unshipped, name)
		}
	}
	slices.Sort(seen.unshipped)
	seen.changed = spec.CompareDefinitions(p.definitions, definitions)
	return seen, nil
}

func describeStatus(status zinit.Status) string {
	return fmt.Sprintf("zinit says %q, pid %d", status.State, status.PID)
}

// findSilent returns the services that do not serve, with what is wrong.
func (p *population) findSilent(ctx context.Context) map[string]string {
	silent := map[string]string{}
	var mu sync.Mutex
	var asking sync.WaitGroup
	for _, service := range p.serving {
		asking.Go(func() {
			if err := recovery.CheckSteady(ctx, p.sandbox, service.Endpoint); err != nil {
				mu.Lock()
				defer mu.Unlock()
				silent[service.Name] = err.Error()
			}
		})
	}
	asking.Wait()
	return silent
}

func restart(ctx context.Context, chaos *session.Session, p *population) (session.Interruption, error) {
	return p.sandbox.Interrupt(ctx, session.Restart, chaos.Target.Budgets.StopTimeout.Duration())
}

func killFirst(ctx context.Context, _ *session.Session, p *population) (session.Interruption, error) {
	return p.sandbox.Interrupt(ctx, session.KillFirst, 0)
}

// killSupervisor kills zinit itself, and proves nothing if the container goes on without it. All services are held meanwhile, so that
// one that ends with its supervisor is no disturbance.
func killSupervisor(ctx context.Context, chaos *session.Session, p *population) (done session.Interruption, err error) {
	names := []string{session.WholeSandbox, session.Base}
	for _, service := range append(p.sandbox.Bystanders(), p.serving...) {
		names = append(names, service.Name)
	}
	release, err := spec.HoldAll(ctx, p.sandbox, names)
	defer func() { err = errors.Join(err, release(context.WithoutCancel(ctx))) }()
	if err != nil {
		return done, err
	}
	if p.sandbox.ZinitSocket() == "" {
		return done, recovery.NotProved("zinit's RPC is not understood, so that its own process cannot be identified")
	}
	return spec.KillSupervisor(ctx, chaos, p.sandbox, promise.PersistenceDefinitions)
}
