package host

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

const (
	// mortalCount is the number of services that end while a fault is held: two, since the kernel may report two ends as one.
	mortalCount = 2
	// settlePeriod is the time for which it is watched, once all serve again, whether a service is started a second time.
	settlePeriod = 1100 * time.Millisecond
	// floodPeriod is the time for which a service writes 1 MB a second.
	floodPeriod = 700 * time.Millisecond
	// longestDelay is the longest delay of a retry that may have begun while a fault was held: the third, after two that could not be started.
	longestDelay = 4 * delay
	// burstPeriod is the time after a revert in which checks that were overdue would come one after the other, also on a busy host.
	burstPeriod = 4 * interval
)

// experiment holds one fault among victims, which the first spec that is selected carries out.
type experiment struct {
	spec.Shared[result]
	chaos     *session.Session
	residents *residents
	fault     fault.Lasting
	// path is the folder that the fault is about, or empty.
	path string
	// asks says that the supervisor has to answer while the fault is held.
	asks bool
	// asksAfter says that it has to answer in time from the revert on.
	asksAfter bool
	// orders says that an action is changed while the fault is held, and another afterwards.
	orders bool
	// exhausts says that services may end by themselves while the fault is held: they lack what it takes.
	exhausts bool
	// starves says that health checks may fail by themselves while the fault is held, of which the one of the resident that is replaced after a
	// single failure ends it: they run with what is short.
	starves bool
	// ends says that the fault itself ends a service, which is the only one that ends.
	ends bool
	// brief says that the fault is over as soon as it has landed.
	brief bool
	// port is where the first service that ends listens, 0 for a socket.
	port int
	// floods says that the last service that ends writes much to its output when it begins again.
	floods bool
	// replaces says that the supervisor is killed afterwards, so that it shows what it has kept.
	replaces bool
	// lasting holds what was seen of the fault itself, for the record.
	lasting record.Lasting
}

// result holds what was seen of one fault.
type result struct {
	begun       record.Interval
	proof       string
	ended       record.Interval
	limit       time.Duration // how long after the revert all had to run and serve
	stallPeriod time.Duration // the longest time for which the host kept the observer waiting
	died        string        // how the supervisor ended meanwhile
	silent      map[string]string
	// deaths are the services that ended though nobody asked them to.
	deaths  map[string]string
	answers spec.Answers
	order   order
	later   order   // of the time after the revert
	cpu     float64 // share of a processor that the supervisor used while the fault was held
	// restarted are the services that ended and were running again before the revert.
	restarted map[string]bool
	down      map[string]string // what does not run and serve at the limit
	starts    map[string]int    // processes of each service that ended, since its end
	flood     flood
	removed   bool // the file in the place of a socket was gone before the fault was over
	attempts  int  // starts of the last service that ended, while the fault was held
	// descriptors is by how many more are open in the supervisor than before.
	descriptors int
	burst       int               // checks of one service right after the revert
	changed     map[string]string // services that are registered otherwise
	unkept      error             // why it could not be seen what was kept
}

// flood holds when a process began to write much, and when all of that had been taken, on the agent's clock. 0 is never. doubtful says that
// the host may have made it late.
type flood struct {
	service    string
	began, end int64
	doubtful   bool
}

// due returns when all should have been taken.
func (f flood) due() int64 { return f.began + int64(floodPeriod) }

// order holds what came of a change of an action.
type order struct {
	service string
	asked   bool
	err     error
	acked   bool // the supervisor said yes to the change
	refused bool // it said no, as opposed to nothing
	applied bool // the change is there afterwards
	kept    bool // it is there once the supervisor was replaced
}

// newExperiment returns the experiment of a fault.
func newExperiment(chaos *session.Session, residents *residents, f fault.Lasting) *experiment {
	e := &experiment{chaos: chaos, residents: residents, fault: f}
	e.Run = e.run
	return e
}

// run carries the experiment out.
func (e *experiment) run(ctx context.Context) (seen result, err error) {
	if e.fault.Scope == fault.OnFilesystem && e.path == "" {
		return seen, recovery.NotProved("the target has no data folder")
	}
	sandbox, services, err := e.residents.open(ctx, e.chaos)
	if err != nil {
		return seen, err
	}
	if !e.exhausts {
		services = append(services, sandbox.Bystanders()...)
	}
	mortals, controls, err := e.registerMortals(ctx, sandbox)
	defer func() {
		for _, plan := range mortals {
			_ = sandbox.Discard(context.WithoutCancel(ctx), plan.Name)
		}
	}()
	if err != nil {
		return seen, err
	}
	for _, plan := range mortals {
		services = append(services, plan.Of())
	}
	before, err := spec.ReadDefinitions(ctx, sandbox.Supervisor)
	if err != nil {
		return seen, err
	}
	supervisor := sandbox.SupervisorPID()
	usage, err := sandbox.Agent().Usage(ctx, supervisor)
	if err != nil {
		return seen, err
	}
	host := spec.WatchHost(ctx, sandbox)

	path := e.path
	if e.ends {
		path, controls = mortals[0].Options.Control, nil
	}
	By("begin " + e.fault.Name)
	held, err := sandbox.Begin(ctx, e.fault, path)
	if err != nil {
		return seen, err
	}
	defer func() { e.lasting, err = held.Seen(), errors.Join(err, held.Release(ctx)) }()
	seen.begun, seen.proof = held.Begun.Landing.At, held.Begun.Landing.Proof
	if !e.brief {
		if err := e.hold(ctx, sandbox, supervisor, mortals, controls, &seen); err != nil {
			return seen, err
		}
	}
	By("end " + e.fault.Name)
	released, err := held.End(ctx)
	if err != nil {
		return seen, err
	}
	seen.ended = released.Reverted
	var questioner *spec.Questioner
	if e.asksAfter {
		questioner = spec.KeepAsking(ctx, sandbox, spec.Ping(sandbox), spec.StatusOf(sandbox, e.residents.steady.Name))
	}
	err = e.watchAfter(ctx, sandbox, services, mortals, &seen)
	if questioner != nil {
		seen.answers = questioner.Finish()
		seen.descriptors = countMore(ctx, sandbox, supervisor, usage.Descriptors)
	}
	if err != nil {
		return seen, err
	}
	if e.brief {
		seen.silent = findSilent(ctx, e.chaos, sandbox, e.residents)
	}
	if e.orders && len(seen.down) == 0 {
		By("change the definition of " + mortals[1].Name)
		seen.later = change(ctx, sandbox, mortals[1], laterTimeout)
	}
	seen.stallPeriod = host.Stall()
	seen.flood.doubtful = e.floods && host.Explains(ctx, seen.flood.due(), seen.ended.Lo, outputLimit)
	if _, err := sandbox.Agent().CPUTime(ctx, supervisor); err != nil {
		seen.died = fmt.Sprintf("its process %d is gone", supervisor)
	}
	seen.unkept = e.readBack(ctx, sandbox, before, &seen)
	if e.exhausts {
		By("wait until all serve that may have ended for lack of what was taken")
		spec.Until(ctx, e.chaos.Target.Budgets.Boot.Duration(), func(ctx context.Context) bool {
			return len(spec.FindDown(ctx, sandbox, untouched(e.chaos, sandbox, e.residents))) == 0
		})
	}
	return seen, nil
}

// open opens the residents' sandbox, and returns it with the services that settle returns.
func (r *residents) open(ctx context.Context, chaos *session.Session) (*session.Sandbox, []session.Service, error) {
	By("open the sandbox " + session.HostSandbox)
	sandbox, err := chaos.Sandbox(ctx, session.HostSandbox)
	if err != nil {
		return nil, nil, err
	}
	if err := sandbox.FindSupervisor(ctx); err != nil { // an earlier fault may have ended it
		return nil, nil, err
	}
	services, err := r.settle(ctx, sandbox)
	return sandbox, services, err
}

// settle registers the residents if that was not done, and returns them.
func (r *residents) settle(ctx context.Context, sandbox *session.Sandbox) (services []session.Service, err error) {
	for _, plan := range r.all() {
		service := plan.Of()
		if !r.registered {
			By("register " + plan.Name)
			if service, err = sandbox.Register(ctx, plan); err != nil {
				return nil, err
			}
		}
		services = append(services, service)
	}
	r.registered = true
	return services, nil
}

// registerMortals registers the services that end while the fault is held, and connects to them.
func (e *experiment) registerMortals(ctx context.Context, sandbox *session.Sandbox) (plans []session.VictimPlan, controls []*victim.Control, err error) {
	count := mortalCount
	if e.ends {
		count = 1
	}
	for i := range count {
		plan := planVictim(fmt.Sprintf("host-%s-%d", e.fault.Name, i+1))
		if e.floods && i == count-1 {
			plan.Options.FloodPeriod = floodPeriod
		}
		if e.port != 0 {
			plan.Options.Socket, plan.Options.Port = "", e.port
		}
		By("register " + plan.Name)
		plans = append(plans, plan)
		if _, err := sandbox.Register(ctx, plan); err != nil {
			return plans, nil, err
		}
		conn, err := sandbox.Dial(ctx, protocol.Endpoint{Socket: plan.Options.Control})
		if err != nil {
			return plans, nil, fmt.Errorf("connect to the control socket of %s: %w", plan.Name, err)
		}
		control := victim.NewControl(conn)
		DeferCleanup(func() { _ = control.Close() })
		controls = append(controls, control)
	}
	return plans, controls, nil
}

// hold does while the fault is held what the experiment consists of.
func (e *experiment) hold(ctx context.Context, sandbox *session.Sandbox, supervisor int, mortals []session.VictimPlan, controls []*victim.Control, seen *result) error {
	agent := sandbox.Agent()
	began := time.Now()
	used, err := agent.CPUTime(ctx, supervisor)
	if err != nil {
		seen.died = err.Error()
	}
	var questioner *spec.Questioner
	if e.asks {
		questioner = spec.KeepAsking(ctx, sandbox, spec.Ping(sandbox), spec.StatusOf(sandbox, e.residents.steady.Name))
	}
	for i, control := range controls {
		By("end " + mortals[i].Name)
		if err := control.Exit(ctx, 1); err != nil {
			if _, gone := agent.CPUTime(ctx, supervisor); gone == nil {
				return err
			}
			seen.died = "it ended, and its services with it"
		}
	}
	if e.orders {
		By("change the definition of " + mortals[0].Name)
		seen.order = change(ctx, sandbox, mortals[0], orderTimeout)
	}
	By(fmt.Sprintf("hold %s until %s are over", e.fault.Name, holdPeriod))
	spec.Pause(ctx, holdPeriod-time.Since(began))
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if questioner != nil {
		seen.answers = questioner.Stop()
	}
	if now, err := agent.CPUTime(ctx, supervisor); err == nil && seen.died == "" {
		seen.cpu = (now - used).Seconds() / time.Since(began).Seconds()
	} else if seen.died == "" {
		seen.died = err.Error()
	}
	if e.fault == fault.SocketBlocked {
		if seen.removed, err = isRemoved(ctx, sandbox, mortals[0].Options.Socket); err != nil {
			return err
		}
	}
	seen.restarted = map[string]bool{}
	for _, plan := range mortals {
		seen.restarted[plan.Name] = recovery.CheckSteady(ctx, sandbox, plan.Endpoint()) == nil
	}
	if !e.exhausts {
		seen.silent = findSilent(ctx, e.chaos, sandbox, e.residents)
	}
	return nil
}

// findSilent returns the services that nothing was done to and that do not serve.
func findSilent(ctx context.Context, chaos *session.Session, sandbox *session.Sandbox, residents *residents) map[string]string {
	By("ask the services that nothing was done to")
	silent := map[string]string{}
	for _, service := range untouched(chaos, sandbox, residents) {
		if err := recovery.CheckSteady(ctx, sandbox, service.Endpoint); err != nil {
			silent[service.Name] = err.Error()
		}
	}
	return silent
}

// untouched returns the services that nothing is done to: residents, bystanders, and what the target ships.
func untouched(chaos *session.Session, sandbox *session.Sandbox, residents *residents) []session.Service {
	services := sandbox.Bystanders()
	for _, plan := range residents.all() {
		services = append(services, plan.Of())
	}
	missing, _ := sandbox.Boot()
	for _, shipped := range chaos.Target.Restartable() {
		if _, absent := missing[shipped.Name]; !absent {
			services = append(services, chaos.Shipped(shipped))
		}
	}
	return services
}

// findPendingDelay returns the longest delay of a retry that may be pending when a fault ends that was held for so long. Exponential delays
// that double are never longer than what has passed since the first, and that one more.
func findPendingDelay(held time.Duration) time.Duration { return max(longestDelay, delay+held) }

// burstPeriod returns the time in which checks are counted. A busy host reverts a fault within an interval of some length.
func (r result) burstPeriod() time.Duration { return r.ended.Width() + burstPeriod }

// watchAfter watches what follows the revert.
func (e *experiment) watchAfter(ctx context.Context, sandbox *session.Sandbox, services []session.Service, mortals []session.VictimPlan, seen *result) error {
	held := time.Duration(seen.ended.Hi - seen.begun.Lo) // a busy host holds a fault for longer than was planned
	seen.limit = findPendingDelay(held) + spec.StartupLimit(e.chaos) + spec.AnswerLimit + spec.Tolerance(e.chaos)
	checked := e.residents.checked.Of()
	isChecked := func(service session.Service) bool { return service.Name == checked.Name }
	By("wait until all run and serve again")
	others := slices.DeleteFunc(slices.Clone(services), isChecked) // who counts the checks of a service does not ask it meanwhile
	spec.Until(ctx, seen.limit, func(ctx context.Context) bool {
		seen.down = spec.FindDown(ctx, sandbox, others)
		return len(seen.down) == 0
	})
	By("watch whether a service is started a second time, and is checked too often")
	spec.Pause(ctx, settlePeriod)
	spec.Until(ctx, burstPeriod, func(ctx context.Context) bool {
		return spec.Now(ctx, sandbox) > seen.ended.Hi+int64(burstPeriod)
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	seen.starts = map[string]int{}
	ours := map[string]bool{}
	for _, plan := range mortals {
		journal, err := spec.ReadJournal(ctx, sandbox, plan)
		if err != nil {
			return err
		}
		starts := journal.Of(victim.EventStarted)
		seen.starts[plan.Name] = len(starts) - 1
		seen.attempts = len(starts.Since(seen.begun.Lo)) - len(starts.Since(seen.ended.Lo))
		if e.floods && plan.Options.FloodPeriod > 0 {
			again := journal.Since(seen.begun.Lo)
			seen.flood = flood{service: plan.Name, began: again.Of(victim.EventStarted).Time(), end: again.Of(victim.EventFlooded).Time()}
		}
		ours[plan.Name] = true
	}
	checks, err := spec.ReadJournal(ctx, sandbox, e.residents.checked)
	if err != nil {
		return err
	}
	for _, event := range checks.Of(victim.EventProbe).Since(seen.ended.Lo) {
		if event.MonoNS <= seen.ended.Hi+int64(burstPeriod) {
			seen.burst++
		}
	}
	if slices.ContainsFunc(services, isChecked) {
		maps.Copy(seen.down, spec.FindDown(ctx, sandbox, []session.Service{checked}))
	}
	deaths, err := sandbox.Agent().Deaths(ctx)
	if err != nil {
		return err
	}
	seen.deaths = map[string]string{}
	for _, death := range deaths {
		unwell := e.starves && death.Service == checked.Name
		if ours[death.Service] || unwell || death.At.Hi < seen.begun.Lo {
			continue
		}
		told, err := e.residents.wereTold(ctx, sandbox, death)
		if err != nil {
			return err
		}
		if told || !e.exhausts {
			seen.deaths[death.Service] = fmt.Sprintf("pid %d ended; zinit says %q", death.Incarnation.PID, sandbox.StatusText(ctx, death.Service))
		}
	}
	return nil
}

// wereTold reports whether one of the residents was told to end, before this death. The one that is replaced after a single failure does not
// count: a check that is under way when nothing can be started any more may fail by itself, as a program does that gets no thread.
func (r *residents) wereTold(ctx context.Context, sandbox *session.Sandbox, death protocol.Death) (bool, error) {
	for _, plan := range []session.VictimPlan{r.steady, r.patient} {
		if plan.Name == death.Service {
			journal, err := spec.ReadJournal(ctx, sandbox, plan)
			return journal.FindTold(death.Incarnation.PID).Asked, err
		}
	}
	return false, nil
}

// countMore returns by how many more descriptors a supervisor has open than before, once that is no more than it may be.
func countMore(ctx context.Context, sandbox *session.Sandbox, supervisor, before int) (more int) {
	spec.Until(ctx, spec.AnswerLimit, func(ctx context.Context) bool {
		usage, err := sandbox.Agent().Usage(ctx, supervisor)
		more = usage.Descriptors - before
		return err != nil || more <= spareDescriptors
	})
	return more
}

// isRemoved reports whether the file in the place of a socket is gone.
func isRemoved(ctx context.Context, sandbox *session.Sandbox, path string) (bool, error) {
	text, err := sandbox.Agent().ReadFile(ctx, path, 0)
	if err != nil {
		_, err = sandbox.Agent().Glob(ctx, path) // the agent answers: nothing is there, or a socket
	}
	return string(text) != fault.BlockingText, err
}
