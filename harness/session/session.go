// Package session is what a spec holds: a client of the session that Ginkgo's first process owns.
package session

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"

	agent "forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/progress"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/wire"
)

// Session is a spec's connection to the session. It knows the target from the start, so that specs can be made from it.
type Session struct {
	Configuration config.Config
	Target        *target.Target

	link     *wire.Link
	progress *progress.Announcer

	mu        sync.Mutex
	sandboxes map[string]*Sandbox
	using     map[string]bool   // sandboxes that the present spec has opened
	faulted   map[string]string // the sandbox of each recovery, by its id
	examined  map[string]bool   // sandboxes that it has asked for disturbances
	labelled  string            // the sandbox that it is labelled with
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
	return &Session{Configuration: configuration, Target: t, sandboxes: map[string]*Sandbox{}, using: map[string]bool{}, examined: map[string]bool{}, faulted: map[string]string{}}
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

// Progress returns the announcer of what this process does. It is nil, and announces nothing, if nobody follows the run.
func (s *Session) Progress() *progress.Announcer { return s.progress }

// Disconnect ends the connection. The owner then undoes this process's faults and frees its leases.
func (s *Session) Disconnect() error {
	s.progress.Close()
	if s.link == nil {
		return nil
	}
	return s.link.Close()
}

// call calls a method of the owner. An error that is data keeps its type.
func (s *Session) call(ctx context.Context, method string, params, result any) error {
	return protocol.DecodeError(s.link.Call(ctx, method, params, result))
}

// Label says which sandbox the present spec is labelled with, empty for none beside the main one.
func (s *Session) Label(sandbox string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.labelled = sandbox
}

// Result adds a spec's result to the record with the sandboxes that the spec has opened, and gives these back.
func (s *Session) Result(ctx context.Context, result record.Result) error {
	s.mu.Lock()
	labelled := s.labelled
	s.labelled = ""
	result.Sandboxes = s.listSandboxes(result, labelled)
	clear(s.using)
	clear(s.examined)
	s.mu.Unlock()
	return s.call(ctx, protocol.MethodResult, protocol.ResultParams{Result: result, Sandbox: labelled}, nil)
}

// listSandboxes returns the sandboxes in which a result was found: those that its spec opened, examined or is labelled with, and those of
// its recoveries. An experiment may have been made for an earlier spec.
func (s *Session) listSandboxes(result record.Result, labelled string) []string {
	all := slices.AppendSeq(slices.Collect(maps.Keys(s.using)), maps.Keys(s.examined))
	if labelled != "" {
		all = append(all, labelled)
	}
	for _, id := range result.ListRecoveries() {
		all = append(all, s.faulted[id])
	}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(name string) bool { return name == "" })
}

// Sandbox returns the sandbox of that name, and starts it if no spec has asked for it before. The error is a
// *recovery.Inconclusive if the run is attached to a container, which is the main sandbox and cannot be started twice.
func (s *Session) Sandbox(ctx context.Context, name string) (*Sandbox, error) {
	return s.open(ctx, protocol.SandboxParams{Sandbox: name})
}

// Background returns a sandbox like Sandbox. If it starts it, its processes give way to those of the others: nothing is timed in it.
func (s *Session) Background(ctx context.Context, name string) (*Sandbox, error) {
	return s.open(ctx, protocol.SandboxParams{Sandbox: name, Weight: protocol.Yielding})
}

// Favoured returns a sandbox like Sandbox. If it starts it, its processes go before those of the others: what is timed in it takes so
// long that measuring again is expensive.
func (s *Session) Favoured(ctx context.Context, name string) (*Sandbox, error) {
	return s.open(ctx, protocol.SandboxParams{Sandbox: name, Weight: protocol.Favoured})
}

func (s *Session) open(ctx context.Context, p protocol.SandboxParams) (*Sandbox, error) {
	name := p.Sandbox
	if s.Configuration.Container != "" && name != protocol.MainSandbox {
		return nil, recovery.NotProved(fmt.Sprintf("needs a container of its own, and this run is attached to %s", s.Configuration.Container))
	}
	s.mu.Lock()
	existing, using := s.sandboxes[name], s.using[name]
	s.mu.Unlock()
	if existing != nil && using {
		return existing, nil
	}
	sandbox := &Sandbox{Name: name, session: s}
	s.progress.Await("the sandbox " + name)
	defer s.progress.Await("")
	if err := s.call(ctx, protocol.MethodOpen, p, &sandbox.opened); err != nil {
		return nil, err
	}
	if existing != nil && existing.opened.Generation == sandbox.opened.Generation {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.using[name] = true
		return existing, nil
	}
	var err error
	if sandbox.Supervisor, err = sandbox.opened.Supervisor(ctx, protocol.PortDialer(s.link, sandbox.Name, sandbox.opened.Zinit), sandbox.Agent()); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sandboxes[name], s.using[name] = sandbox, true
	return sandbox, nil
}

// Opened returns the names of the sandboxes that have been started so far, in order.
func (s *Session) Opened(ctx context.Context) ([]string, error) {
	var names []string
	err := s.call(ctx, protocol.MethodOpened, nil, &names)
	return names, err
}

// Disturbances returns the unexplained ends of watched processes in a sandbox so far. The sandbox's container may have ended.
func (s *Session) Disturbances(ctx context.Context, sandbox string) ([]record.Disturbance, error) {
	var unexplained []record.Disturbance
	err := s.call(ctx, protocol.MethodDisturbed, protocol.DisturbedParams{Sandbox: sandbox, To: 1<<63 - 1}, &unexplained)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.examined[sandbox] = true
	return unexplained, err
}

// Outages returns the outages in the main sandbox so far that no fault explains.
func (s *Session) Outages(ctx context.Context) (agent.Outages, error) {
	var seen agent.Outages
	err := s.call(ctx, protocol.MethodOutages, nil, &seen)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.examined[protocol.MainSandbox] = true
	return seen, err
}

// Shipped describes a service that the target brings.
func (s *Session) Shipped(service target.Service) protocol.Service {
	policy := s.Target.Policy
	if service.Policy != nil {
		policy = *service.Policy
	}
	return protocol.Service{Name: service.Name, Endpoint: protocol.EndpointOf(service), Policy: policy}
}

// nextID returns an identifier of a recovery in a sandbox that is unique in the session.
func (s *Session) nextID(promise, service, sandbox string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counter++
	id := fmt.Sprintf("%s/%s#%s.%d", promise, service, s.worker, s.counter)
	s.faulted[id] = sandbox
	return id
}
