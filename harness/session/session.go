package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	agent "forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/progress"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/wire"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// Session is what a spec holds: the target's description from the start, so that specs can be made from it,
// and once it is connected the sandboxes.
type Session struct {
	Configuration config.Config
	Target        *target.Target

	link     *wire.Link
	progress *progress.Announcer

	mu        sync.Mutex
	sandboxes map[string]*Sandbox
	counter   int
	worker    string
}

// New returns a session that is not connected yet.
func New(configuration config.Config) (*Session, error) {
	t, err := target.Load(configuration.Target)
	if err != nil {
		return nil, err
	}
	return For(configuration, t), nil
}

// For returns a session of a target that is not connected yet.
func For(configuration config.Config, t *target.Target) *Session {
	return &Session{Configuration: configuration, Target: t, sandboxes: map[string]*Sandbox{}}
}

// Connect connects to the owner's socket. worker names this process in the record.
func (s *Session) Connect(ctx context.Context, socket, worker string) error {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", socket)
	if err != nil {
		return fmt.Errorf("connect to the session: %w", err)
	}
	s.worker = worker
	if path := s.Configuration.Progress; path != "" {
		s.progress = progress.Announce(path, worker)
	}
	s.link, err = wire.NewLink(conn)
	return err
}

// Progress announces what this process does, to whoever follows the run; where nobody does it is nil, and announces
// nothing.
func (s *Session) Progress() *progress.Announcer { return s.progress }

// Disconnect ends the connection: what this process still holds is undone and given back.
func (s *Session) Disconnect() error {
	s.progress.Close()
	if s.link == nil {
		return nil
	}
	return s.link.Close()
}

// Result writes a spec's result down.
func (s *Session) Result(ctx context.Context, result record.Result) error {
	return s.link.Call(ctx, protocol.MethodResult, protocol.ResultParams{Result: result}, nil)
}

// Sandbox returns a started target of that name, and waits for it where it is not ready yet. What must be
// alone has a sandbox of its own. A target that cannot be started again (a container that we are attached to)
// has protocol.MainSandbox only: the error is an *Inconclusive then.
func (s *Session) Sandbox(ctx context.Context, name string) (*Sandbox, error) {
	return s.open(ctx, protocol.SandboxParams{Sandbox: name})
}

// Background is Sandbox for one in which nothing is timed: where it is started by this, its processes leave the
// processors to those of the others.
func (s *Session) Background(ctx context.Context, name string) (*Sandbox, error) {
	return s.open(ctx, protocol.SandboxParams{Sandbox: name, Weight: protocol.Yielding})
}

// Favoured is Sandbox for one in which something is timed for so long that it is not measured again lightly: where it
// is started by this, its processes go before those of the others.
func (s *Session) Favoured(ctx context.Context, name string) (*Sandbox, error) {
	return s.open(ctx, protocol.SandboxParams{Sandbox: name, Weight: protocol.Favoured})
}

func (s *Session) open(ctx context.Context, p protocol.SandboxParams) (*Sandbox, error) {
	name := p.Sandbox
	if s.Configuration.Container != "" && name != protocol.MainSandbox {
		return nil, recovery.NotProved(fmt.Sprintf("needs a container of its own, and this run is attached to %s", s.Configuration.Container))
	}
	s.mu.Lock()
	existing := s.sandboxes[name]
	s.mu.Unlock()
	if existing != nil {
		return existing, nil
	}
	sandbox := &Sandbox{Name: name, session: s}
	s.progress.Await("the sandbox " + name)
	defer s.progress.Await("")
	if err := s.link.Call(ctx, protocol.MethodOpen, p, &sandbox.opened); err != nil {
		return nil, err
	}
	var err error
	if sandbox.Supervisor, err = sandbox.opened.Supervisor(ctx, sandbox.ZinitDialer(), sandbox.Agent()); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sandboxes[name] = sandbox
	return sandbox, nil
}

// Opened are the names of the sandboxes that have been started so far, in order.
func (s *Session) Opened(ctx context.Context) ([]string, error) {
	var names []string
	err := s.link.Call(ctx, protocol.MethodOpened, nil, &names)
	return names, err
}

// id makes an identifier that is unique in the session.
func (s *Session) id(promise, service string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counter++
	return fmt.Sprintf("%s/%s#%s.%d", promise, service, s.worker, s.counter)
}

// Shipped is a service that the target brings.
func (s *Session) Shipped(service target.Service) protocol.Service {
	policy := s.Target.Policy
	if service.Policy != nil {
		policy = *service.Policy
	}
	return protocol.Service{Name: service.Name, Endpoint: protocol.EndpointOf(service), Policy: policy}
}

// Sandbox is a started target as a spec sees it.
type Sandbox struct {
	Name string
	// Supervisor is its zinit.
	Supervisor zinit.Supervisor

	session *Session
	opened  protocol.Opened

	mu   sync.Mutex
	held map[string]string // leases by service, of Hold
}

// Jitter is the observer's worst scheduling gap while the idle sandbox was calibrated.
func (b *Sandbox) Jitter() time.Duration { return time.Duration(b.opened.Jitter) }

// Boot says which of the target's services did not serve after the start, with what was wrong, and when that
// was looked at last: when all served, or the boot budget was spent.
func (b *Sandbox) Boot() (missing map[string]string, took time.Duration) {
	return b.opened.Missing, b.opened.Boot
}

// Bystanders are the victims that nobody faults.
func (b *Sandbox) Bystanders() []protocol.Service {
	var services []protocol.Service
	for _, plan := range b.opened.Bystanders {
		if plan.Name != protocol.Base {
			services = append(services, plan.Of())
		}
	}
	return services
}

// Agent is the hand inside the container.
func (b *Sandbox) Agent() agent.Client {
	return agent.Client{Call: func(ctx context.Context, method string, params, result any) error {
		text, err := json.Marshal(params)
		if err != nil {
			return err
		}
		if params == nil {
			text = nil
		}
		var raw json.RawMessage
		if err := b.session.link.Call(ctx, protocol.MethodAgent, protocol.AgentParams{Sandbox: b.Name, Method: method, Params: text}, &raw); err != nil {
			return err
		}
		if result == nil {
			return nil
		}
		return json.Unmarshal(raw, result)
	}}
}

// Dial connects to an endpoint inside the sandbox.
func (b *Sandbox) Dial(ctx context.Context, endpoint agent.Endpoint) (net.Conn, error) {
	return b.session.link.Dial(ctx, protocol.AddressOf(b.Name, endpoint))
}

// Published returns the address of the host at which a port of the container answers.
func (b *Sandbox) Published(ctx context.Context, port int) (string, error) {
	var address protocol.Published
	err := b.session.link.Call(ctx, protocol.MethodPublished, protocol.PublishedParams{Sandbox: b.Name, Port: port}, &address)
	return address.Address, err
}

// SupervisorPID is the supervisor's process inside the container, 0 where it is not known.
func (b *Sandbox) SupervisorPID() int { return b.opened.SupervisorPID }

// Word is what the supervisor says of a service, in a few words.
func (b *Sandbox) Word(ctx context.Context, service string) string {
	status, err := b.Supervisor.Status(ctx, service)
	if err != nil {
		return "no status: " + err.Error()
	}
	word := strings.ToLower(string(status.State))
	if status.Error != "" {
		word += ": " + status.Error
	}
	return word
}

// pollInterval is the pause between two looks at something that reports no event.
const pollInterval = 50 * time.Millisecond

// Register registers a victim and waits until it serves and the supervisor calls it running: a supervisor may
// run its health checks to gate the start, and a fault before that would prove something else. The caller
// deletes it with Delete.
func (b *Sandbox) Register(ctx context.Context, plan protocol.VictimPlan) (protocol.Service, error) {
	if _, err := b.Supervisor.Register(ctx, plan.Definition()); err != nil {
		if errors.Is(err, zinit.ErrNotExpressible) {
			return protocol.Service{}, recovery.NotExpressible(err)
		}
		return protocol.Service{}, fmt.Errorf("register %s: %w", plan.Name, err)
	}
	for {
		waiting := b.running(ctx, plan)
		if waiting == nil {
			return plan.Of(), b.session.link.Call(ctx, protocol.MethodAdopt, protocol.AdoptParams{
				Sandbox: b.Name, Service: plan.Name, Endpoint: plan.Endpoint(), Requires: plan.Requires,
			}, nil)
		}
		select {
		case <-time.After(pollInterval):
		case <-ctx.Done():
			return protocol.Service{}, recovery.NotProved(fmt.Sprintf("%s was registered and does not run: %v; zinit says %q",
				plan.Name, waiting, b.Word(context.WithoutCancel(ctx), plan.Name)))
		}
	}
}

// running says what a victim lacks to be called running, nil for nothing.
func (b *Sandbox) running(ctx context.Context, plan protocol.VictimPlan) error {
	status, err := b.Supervisor.Status(ctx, plan.Name)
	if err != nil {
		return err
	}
	if status.State != zinit.StateRunning {
		return fmt.Errorf("it is %s", status.State)
	}
	return recovery.Steady(ctx, b, plan.Endpoint())
}

// Discard deletes a service of ours that nobody needs any more. With zinit 0.3 it stays where it is until its container
// goes: that one answers nobody for up to 5 s while it deletes, and loses sight of others (registration.delete-neighbours).
func (b *Sandbox) Discard(ctx context.Context, name string) error {
	if b.Supervisor.Dialect() == zinit.Dialect03 {
		return b.Dismiss(ctx, name)
	}
	return b.Delete(ctx, name)
}

// Delete deletes a service of ours.
func (b *Sandbox) Delete(ctx context.Context, name string) error {
	if !strings.HasPrefix(name, protocol.VictimPrefix) {
		return fmt.Errorf("delete %s: it is not ours", name)
	}
	if err := b.Dismiss(ctx, name); err != nil {
		return fmt.Errorf("delete it: %w", err)
	}
	return b.Supervisor.Delete(ctx, name)
}

// Injection is a fault that a spec wants done.
type Injection struct {
	Promise string
	Service protocol.Service
	Fault   fault.Fault
	// Window is how long to observe at most.
	Window time.Duration
	// Policy says in words what is due and when, for the text of a failure.
	Policy string
	// InTurn keeps the injection apart from all others that wait for their turn: what they bring about would
	// otherwise come due in one instant.
	InTurn bool
}

// Inject leads a fault on a service through its life and writes the recovery down. It waits until the service
// is free. The error is an *recovery.Inconclusive where nothing was proved.
func (b *Sandbox) Inject(ctx context.Context, i Injection) (record.Recovery, error) {
	if err := b.registered(i.Service.Name); err != nil {
		return record.Recovery{}, err
	}
	if err := protocol.Permit(b.session.Configuration, i.Service.Name, i.Fault); err != nil {
		return record.Recovery{}, recovery.NotProved(err.Error())
	}
	held, release, err := b.hold(ctx, i.Service.Name)
	if err != nil {
		return record.Recovery{}, err
	}
	if i.InTurn {
		if err := b.session.link.Call(ctx, protocol.MethodTurn, nil, nil); err != nil {
			return record.Recovery{}, errors.Join(err, release(context.WithoutCancel(ctx)))
		}
	}
	b.session.progress.Due(i.Window)
	seen, err := recovery.Run(ctx, b, recovery.Experiment{
		ID: b.session.id(i.Promise, i.Service.Name), Promise: i.Promise, Sandbox: b.Name, Service: i.Service.Name,
		Lease: held, Endpoint: i.Service.Endpoint, Fault: i.Fault, Window: i.Window,
		Due: i.Service.Policy.DelayOfRetry(1),
	})
	seen.Seed, seen.Policy = b.session.Configuration.Seed, i.Policy
	if err == nil {
		err = b.session.link.Call(ctx, protocol.MethodDisturbed,
			protocol.DisturbedParams{Sandbox: b.Name, From: seen.Injected.Lo, To: seen.Observed.Hi}, &seen.Disturbed)
	}
	releaseErr := release(context.WithoutCancel(ctx))
	recordErr := b.session.link.Call(context.WithoutCancel(ctx), protocol.MethodRecovery, protocol.RecoveryParams{Recovery: seen}, nil)
	return seen, errors.Join(err, releaseErr, recordErr)
}

// Hold keeps a service for this process until release is called, over any number of injections: what happens to
// it meanwhile is explained. It waits until the service is free.
func (b *Sandbox) Hold(ctx context.Context, service string) (release func(context.Context) error, err error) {
	id, giveBack, err := b.hold(ctx, service)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.held == nil {
		b.held = map[string]string{}
	}
	b.held[service] = id
	return func(ctx context.Context) error {
		b.mu.Lock()
		delete(b.held, service)
		b.mu.Unlock()
		return giveBack(ctx)
	}, nil
}

// hold acquires a lease, or takes the one that Hold has acquired, which is not given back here then.
func (b *Sandbox) hold(ctx context.Context, service string) (id string, release func(context.Context) error, err error) {
	b.mu.Lock()
	id, ours := b.held[service]
	b.mu.Unlock()
	if ours {
		return id, func(context.Context) error { return nil }, nil
	}
	b.session.progress.Await("its turn at " + service)
	defer b.session.progress.Await("")
	var acquired protocol.Lease
	err = b.session.link.Call(ctx, protocol.MethodLease, protocol.LeaseParams{Sandbox: b.Name, Service: service}, &acquired)
	release = func(ctx context.Context) error {
		return b.session.link.Call(ctx, protocol.MethodRelease, acquired, nil)
	}
	return acquired.ID, release, err
}

// Disturbances are the ends of watched processes so far, in the sandbox of that name, that no fault explains. The
// sandbox may have come to its end.
func (s *Session) Disturbances(ctx context.Context, sandbox string) ([]record.Disturbance, error) {
	var unexplained []record.Disturbance
	err := s.link.Call(ctx, protocol.MethodDisturbed, protocol.DisturbedParams{Sandbox: sandbox, To: 1<<63 - 1}, &unexplained)
	return unexplained, err
}
