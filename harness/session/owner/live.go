package owner

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	agent "forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/sandbox"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/wire"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

const (
	// calibrationPeriod is the time for which the observer's own gaps are measured before anything is injected.
	calibrationPeriod = 200 * time.Millisecond
	// pollInterval is the pause between two looks at something that reports no event, while a sandbox gets ready.
	pollInterval = 50 * time.Millisecond
)

// liveSandbox is a started target with its link.
type liveSandbox struct {
	name       string
	generation int // from 1: a sandbox that was removed to make room is started again
	container  *sandbox.Sandbox
	stream     *sandbox.Stream
	link       *wire.Link
	agent      agent.Client
	opened     protocol.Opened
	kernel     string
	attached   bool
	options    sandbox.Options   // of the first container, if it is ours
	replaced   int               // how often its container was replaced
	canaries   protocol.Canaries // only of protocol.CanarySandbox
	began      time.Time
	readySince int64 // on the agents' clock: no fault was injected before

	answerDelay time.Duration // until the supervisor answered for the first time
	answered    bool          // it has, at least once

	cleanup agent.CleanupParams // what the agent takes back in a container that is not ours
	faults  openFaults          // there

	ended atomic.Bool // a fault has ended the container, and it was not started again

	mu      sync.Mutex
	watched map[string]watchedService
	limited string // the lease that has limited the container, empty if none has
	limit   string // the fault by which it did
}

// watchedService is a service whose process the agent watches.
type watchedService struct {
	endpoint agent.Endpoint
	requires []string
}

// boot starts a sandbox: container, agent, supervisor, all services, bystanders, census.
func (o *Owner) boot(ctx context.Context, p protocol.SandboxParams, generation int) (_ *liveSandbox, err error) {
	name := p.Sandbox
	ctx, cancel := context.WithTimeout(ctx, o.target.Budgets.Boot.Duration()+closeTimeout)
	defer cancel()
	live := &liveSandbox{name: name, generation: generation, began: time.Now(), watched: map[string]watchedService{}}
	defer func() {
		if err != nil && live.container != nil {
			evidence := filepath.Join(o.configuration.Output, config.EvidenceFolder, live.instance())
			_ = live.collect(context.WithoutCancel(ctx), evidence)
			if failure := o.closeSandbox(context.WithoutCancel(ctx), live); live.attached {
				err = errors.Join(err, failure)
			}
		}
	}()
	if err := o.startContainer(ctx, live, p.Weight); err != nil {
		return nil, err
	}
	err = o.makeReady(ctx, live)
	live.opened.Generation = generation
	return live, err
}

// makeReady brings a started container into the state that specs expect. An error says why, also if the agent has ended meanwhile.
func (o *Owner) makeReady(ctx context.Context, live *liveSandbox) (err error) {
	defer func() {
		if errors.Is(err, wire.ErrLinkEnded) {
			_, why := live.explainAgentEnd(ctx)
			err = fmt.Errorf("%w: %w", err, why)
		}
	}()
	if err := o.connectAgent(ctx, live); err != nil {
		return fmt.Errorf("bring the agent into %s: %w", live.container.Name(), err)
	}
	if err := o.setClock(ctx, live); err != nil {
		return err
	}
	live.readySince = o.clock.earliest()
	if err := o.awaitSupervisor(ctx, live); err != nil {
		return err
	}
	live.answerDelay = time.Since(live.began)
	if err := o.awaitServices(ctx, live); err != nil {
		return fmt.Errorf("wait for the services of %s: %w", live.container.Name(), err)
	}
	if err := o.populate(ctx, live); err != nil {
		return fmt.Errorf("prepare sandbox %s: %w", live.name, err)
	}
	return nil
}

// instance returns the sandbox's name, which differs for each generation.
func (l *liveSandbox) instance() string {
	return record.Container{Sandbox: l.name, Generation: l.generation}.Instance()
}

// startContainer starts a container of the target, or attaches to the one that the run is about.
func (o *Owner) startContainer(ctx context.Context, live *liveSandbox, shares protocol.Weight) (err error) {
	if name := o.configuration.Container; name != "" {
		if live.name != protocol.MainSandbox {
			return fmt.Errorf("sandbox %s needs a container of its own, and this run is attached to %s", live.name, name)
		}
		live.attached = true
		live.container, err = o.daemon.Attach(ctx, name, o.target.Container.Secrets...)
		return err
	}
	options := sandbox.Options{
		Image: o.image, Session: o.id, Name: fmt.Sprintf("hero_chaos-%s-%s", o.id, live.instance()),
		ContainerPort: o.target.Container.Port,
		Env:           o.environment(), Secrets: o.target.Container.Secrets,
		Capabilities: o.target.Container.Capabilities, CPUShares: int64(shares),
	}
	if live.name == protocol.MainSandbox {
		options.HostPort = o.target.Container.PublishPort
	}
	if data := o.target.Container.Data; data != "" {
		options.DataTarget, options.DataVolume = data, options.Name
		if live.name == protocol.HostSandbox {
			options.DataBytes, options.DataInodes = protocol.HostDataBytes, protocol.HostDataInodes
		}
	}
	if live.name == protocol.CanarySandbox {
		live.canaries = makeCanaries(o.target.Container.Secrets)
		plant(live.canaries, &options)
	}
	if live.name == protocol.UpgradeSandbox {
		options = o.asPromoted(options)
	}
	live.options = options
	live.container, err = o.daemon.Start(ctx, options)
	return err
}

// environment returns the environment variables of a container of the target.
func (o *Owner) environment() map[string]string {
	environment := maps.Clone(o.target.Container.Env)
	if environment == nil {
		environment = map[string]string{}
	}
	for variable, value := range map[string]string{
		o.target.Image.Mutant: o.configuration.Mutant, o.target.Image.Choices: o.configuration.Choices,
	} {
		if value != "" {
			environment[variable] = value
		}
	}
	return environment
}

// awaitSupervisor waits until zinit answers. It goes on without zinit if all services serve and zinit is not understood, or if the boot budget is
// spent; but if zinit has answered before in this sandbox, its silence is an error. It ends with the container.
func (o *Owner) awaitSupervisor(ctx context.Context, live *liveSandbox) error {
	ctx, cancel := context.WithTimeout(ctx, o.target.Budgets.Boot.Duration())
	defer cancel()
	for {
		waiting := o.findSupervisor(ctx, live)
		if waiting == nil {
			live.answered = true
			return nil
		}
		if err := live.container.Running(context.WithoutCancel(ctx)); err != nil {
			return err
		}
		if live.attached && !live.answered && time.Since(live.began) > bareDelay {
			if running := live.findIdleProcesses(ctx); running != "" {
				return fmt.Errorf("container %s has no supervisor: none of its processes listens for clients (%s)", live.container.Name(), running)
			}
		}
		services := o.target.Restartable()
		switch {
		case live.answered && ctx.Err() != nil:
			return fmt.Errorf("zinit has not answered again within %s: %w", o.target.Budgets.Boot, waiting)
		case live.answered:
		case ctx.Err() != nil, time.Since(live.began) > bareDelay && live.allServe(ctx, services),
			len(services) == 0 && time.Since(live.began) > socketTimeout && live.findListener(ctx, o.target.Zinit.Sockets) != "":
			live.takeBare(context.WithoutCancel(ctx), services, waiting)
			return nil
		}
		select {
		case <-time.After(pollInterval):
		case <-ctx.Done():
		}
	}
}

// bareDelay is the time that a supervisor has to say a word that is understood, if all its services serve already.
const bareDelay = 5 * time.Second

// findIdleProcesses returns what runs in a container in which nothing listens, at a socket or a port; empty if something does.
func (l *liveSandbox) findIdleProcesses(ctx context.Context) string {
	sockets, err := l.agent.Sockets(ctx)
	if err != nil || len(sockets) > 0 {
		return ""
	}
	exposed, err := l.agent.Exposed(ctx)
	if err != nil || len(exposed) > 0 {
		return ""
	}
	processes, err := l.agent.Processes(ctx)
	if err != nil {
		return ""
	}
	var programs []string
	for _, process := range processes {
		if len(process.Argv) > 0 && !strings.HasPrefix(path.Base(process.Argv[0]), agentName) {
			programs = append(programs, path.Base(process.Argv[0]))
		}
	}
	slices.Sort(programs)
	const most = 5
	programs = slices.Compact(programs)
	return strings.Join(programs[:min(most, len(programs))], ", ")
}

// allServe reports whether every service answers the harness's own question, and there are any.
func (l *liveSandbox) allServe(ctx context.Context, services []target.Service) bool {
	return len(services) > 0 && len(l.findNotAnswering(ctx, services)) == 0
}

// awaitServices waits until every service of the target runs and answers, at most for the boot budget. A service that does not is no
// error of the harness: the boot promise judges it. Those that did not come in the main sandbox are not waited for once more.
func (o *Owner) awaitServices(ctx context.Context, live *liveSandbox) error {
	ctx, cancel := context.WithTimeout(ctx, o.target.Budgets.Boot.Duration())
	defer cancel()
	for {
		missing, err := o.findNotServing(ctx, live)
		if err == nil {
			live.opened.Missing, live.opened.BootPeriod = missing, time.Since(live.began)
		}
		if err == nil && !slices.ContainsFunc(slices.Collect(maps.Keys(missing)), func(name string) bool { return o.absent[name] == "" }) {
			return nil
		}
		select {
		case <-time.After(pollInterval):
		case <-ctx.Done():
			if live.opened.Missing != nil {
				return nil // the last look was cut off: the one before it counts
			}
			return err
		}
	}
}

// findNotServing returns what is wrong with each service that the supervisor does not call running, or that does not answer the
// harness's own question.
func (o *Owner) findNotServing(ctx context.Context, live *liveSandbox) (map[string]string, error) {
	supervisor, err := live.supervisor(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = supervisor.Close() }()
	if supervisor.Dialect() == zinit.DialectBare {
		return live.findNotAnswering(ctx, o.target.Restartable()), nil
	}
	statuses, err := supervisor.List(ctx)
	if err != nil {
		return nil, err
	}
	states := map[string]string{}
	for _, status := range statuses {
		states[status.Name] = string(status.State)
	}
	missing := map[string]string{}
	for _, service := range o.target.Restartable() {
		if state, known := states[service.Name]; !known {
			missing[service.Name] = "zinit does not know it"
		} else if state != string(zinit.StateRunning) {
			missing[service.Name] = fmt.Sprintf("zinit says %q", state)
		}
	}
	if len(missing) > 0 {
		return missing, nil
	}
	return live.findNotAnswering(ctx, o.target.Restartable()), nil
}

// findNotAnswering asks every service at once, and returns what is wrong with each that does not answer.
func (l *liveSandbox) findNotAnswering(ctx context.Context, services []target.Service) map[string]string {
	missing := map[string]string{}
	var mu sync.Mutex
	var asking sync.WaitGroup
	for _, service := range services {
		asking.Go(func() {
			if err := recovery.CheckSteady(ctx, l, protocol.EndpointOf(service)); err != nil {
				mu.Lock()
				defer mu.Unlock()
				missing[service.Name] = "it does not answer: " + err.Error()
			}
		})
	}
	asking.Wait()
	return missing
}

// Dial connects to an endpoint inside the sandbox.
func (l *liveSandbox) Dial(ctx context.Context, endpoint agent.Endpoint) (net.Conn, error) {
	return l.link.Dial(ctx, protocol.AddressOf(l.name, endpoint))
}

func (l *liveSandbox) zinitDialer() zinit.Dialer {
	return protocol.ZinitDialer(l.link, l.name, l.opened.Zinit)
}

// registerBystanders registers the services that nobody faults. refused is the supervisor's refusal of one of them.
func (l *liveSandbox) registerBystanders(ctx context.Context, t *target.Target) (refused *zinit.Error, err error) {
	supervisor, err := l.supervisor(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = supervisor.Close() }()
	l.opened.Bystanders = nil
	for _, plan := range l.filterRegistrable(protocol.Bystanders(t)) {
		_, err := supervisor.Register(ctx, plan.Definition())
		switch {
		case errors.Is(err, zinit.ErrNotExpressible) && (len(plan.Requires) > 0 || supervisor.Dialect() == zinit.DialectLearned):
			continue // a supervisor without dependencies has one bystander less, one that is understood in part may have none
		case errors.As(err, &refused):
			continue
		case err != nil:
			return nil, fmt.Errorf("register %s: %w", plan.Name, err)
		}
		l.opened.Bystanders = append(l.opened.Bystanders, plan)
	}
	return refused, nil
}

// populate calibrates the observer, registers the bystanders, and takes the census.
func (o *Owner) populate(ctx context.Context, live *liveSandbox) error {
	measured, err := live.agent.Calibrate(ctx, calibrationPeriod, 0)
	if err != nil {
		return err
	}
	live.opened.Jitter = measured.WorstGap
	o.addGap(measured.WorstGap)
	if live.attached { // before anything is brought; once more when it is known how the supervisor is spoken to
		if err := live.planCleanup(ctx); err != nil {
			return err
		}
	}
	if err := live.agent.InstallVictim(ctx, protocol.VictimBinary, !live.attached); err != nil {
		return err
	}
	o.understand(ctx, live)
	if live.attached && live.opened.Spelling != nil {
		if err := live.planCleanup(ctx); err != nil {
			return err
		}
	}
	refused, err := live.registerBystanders(ctx, o.target)
	if refused != nil && live.opened.Dialect != zinit.DialectLearned { // it may want members that the contract does not have
		o.learn(ctx, live)
		if live.attached {
			if err := live.planCleanup(ctx); err != nil {
				return err
			}
		}
		refused, err = live.registerBystanders(ctx, o.target)
	}
	if err != nil {
		return err
	}
	if refused != nil {
		live.opened.Because = strings.TrimPrefix(live.opened.Because+"; a definition is refused: "+oneLine(refused), "; ")
	}
	for _, service := range o.target.Restartable() {
		if _, missing := live.opened.Missing[service.Name]; !missing {
			live.watched[service.Name] = watchedService{protocol.EndpointOf(service), service.Requires}
		}
	}
	for _, plan := range live.opened.Bystanders {
		live.watched[plan.Name] = watchedService{plan.Endpoint(), plan.Requires}
	}
	return live.takeCensus(ctx)
}

// planCleanup tells the agent what to take back when the link ends.
func (l *liveSandbox) planCleanup(ctx context.Context) error {
	l.cleanup.Zinit, l.cleanup.Spelling = l.opened.Zinit, l.opened.Spelling
	l.cleanup.Prefix, l.cleanup.Home = protocol.VictimPrefix, protocol.VictimHome
	planned, err := l.agent.PlanCleanup(ctx, l.cleanup)
	l.cleanup.Made = planned.Made
	return err
}

// identifyTimeout bounds the wait for the process of a service that serves already.
const identifyTimeout = 10 * time.Second

// takeCensus identifies the processes that serve, in parallel, and has the agent watch them. A service of the image whose process cannot be
// identified is not watched: what is asked of it says why.
func (l *liveSandbox) takeCensus(ctx context.Context) error {
	var all sync.WaitGroup
	errs := make(chan error, len(l.watched))
	for service := range l.watched {
		all.Go(func() {
			if strings.HasPrefix(service, protocol.VictimPrefix) {
				errs <- l.watch(ctx, service)
				return
			}
			bounded, cancel := context.WithTimeout(ctx, identifyTimeout)
			defer cancel()
			if err := l.watch(bounded, service); ctx.Err() != nil || errors.Is(err, wire.ErrLinkEnded) {
				errs <- err
			}
		})
	}
	all.Wait()
	close(errs)
	var joined error
	for err := range errs {
		joined = errors.Join(joined, err)
	}
	return joined
}

// watch waits until a process serves a service's endpoint, and has the agent watch that process.
func (l *liveSandbox) watch(ctx context.Context, service string) error {
	l.mu.Lock()
	w, known := l.watched[service]
	l.mu.Unlock()
	if !known {
		return nil
	}
	for {
		identity, err := l.agent.Identify(ctx, agent.IdentifyParams{Endpoint: w.endpoint, SupervisorPID: l.opened.SupervisorPID})
		if err == nil {
			params := agent.WatchParams{Service: service, Incarnation: identity.Serving}
			if l.name == protocol.MainSandbox { // where the image's own services are faulted
				params.Endpoint = w.endpoint
			}
			err = l.agent.Watch(ctx, params)
		}
		if err == nil || errors.Is(err, wire.ErrLinkEnded) {
			return err
		}
		select {
		case <-time.After(pollInterval):
		case <-ctx.Done():
			return fmt.Errorf("wait for %s to serve: %w", service, err)
		}
	}
}

// adopt watches a service that was registered meanwhile.
func (l *liveSandbox) adopt(ctx context.Context, p protocol.AdoptParams) error {
	l.mu.Lock()
	l.watched[p.Service] = watchedService{p.Endpoint, p.Requires}
	l.mu.Unlock()
	return l.watch(ctx, p.Service)
}

// dismiss forgets a service that is about to be deleted.
func (l *liveSandbox) dismiss(ctx context.Context, service string) error {
	l.mu.Lock()
	delete(l.watched, service)
	l.mu.Unlock()
	return l.agent.Unwatch(ctx, service)
}

// requirements returns the services that a service depends on, directly or not, and itself.
func (l *liveSandbox) requirements(service string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := []string{service}
	for i := 0; i < len(all); i++ {
		for _, required := range l.watched[all[i]].requires {
			if !slices.Contains(all, required) {
				all = append(all, required)
			}
		}
	}
	return all
}

// required returns what a watched service was registered to require.
func (l *liveSandbox) required(service string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.watched[service].requires
}

// watchAgain watches a service's new process if it has one. A service that did not come back has been judged already.
func (l *liveSandbox) watchAgain(ctx context.Context, service string) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_ = l.watch(ctx, service)
}

// collect writes the evidence of the sandbox to a folder.
func (l *liveSandbox) collect(ctx context.Context, directory string) error {
	err := l.container.Collect(ctx, directory)
	if l.ended.Load() {
		return nil // less can be collected of a container that has ended
	}
	if l.link == nil || !l.opened.Found() || l.opened.Dialect == zinit.DialectBare {
		return err
	}
	supervisor, connectErr := l.supervisor(ctx)
	if connectErr != nil {
		return errors.Join(err, fmt.Errorf("collect the status: %w", connectErr))
	}
	defer func() { _ = supervisor.Close() }()
	statuses, statusErr := supervisor.List(ctx)
	if statusErr != nil {
		return errors.Join(err, fmt.Errorf("collect the status: %w", statusErr))
	}
	var table strings.Builder
	for _, status := range statuses {
		fmt.Fprintf(&table, "%s\t%s\tpid %d\t%s\t%s\n", status.Name, status.State, status.PID, status.Health, status.Error)
	}
	return errors.Join(err, l.write(ctx, filepath.Join(directory, "status.txt"), table.String()))
}

// write writes a text to a file without the container's secrets.
func (l *liveSandbox) write(ctx context.Context, path, text string) error {
	clean, err := l.container.Redact(ctx, text)
	if err != nil {
		return err
	}
	return os.WriteFile(path, []byte(clean), 0o600)
}

// close ends the link, by which the agent undoes what is open, and removes the container if it is ours.
func (l *liveSandbox) close(ctx context.Context) (err error) {
	if l.attached {
		err = l.awaitCleanup(ctx)
	}
	if l.link != nil {
		_ = l.link.Close()
	}
	if l.stream != nil {
		_ = l.stream.Close()
	}
	if l.attached {
		return err
	}
	return l.container.Remove(ctx)
}

// awaitCleanup ends the agent's input, and waits until the agent has removed what it brought into a container that somebody else
// started, and has ended.
func (l *liveSandbox) awaitCleanup(ctx context.Context) error {
	if l.stream == nil {
		return nil
	}
	if err := l.stream.CloseWrite(); err != nil {
		return fmt.Errorf("end the agent in container %s: %w", l.container.Name(), err)
	}
	code, err := l.stream.Wait(ctx)
	if err != nil {
		return err
	}
	if code != 0 {
		return fmt.Errorf("container %s is not as it was found: the agent ended with exit code %d: %s", l.container.Name(), code, lastLine(l.stream.Stderr()))
	}
	return nil
}
