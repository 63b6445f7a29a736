package owner

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/creachadair/jrpc2/handler"

	agent "forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/sandbox"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/wire"
)

// Owner owns a session: the daemon, the sandboxes and their links, the leases, the undo journal and the
// record. It serves clients on a unix socket.
type Owner struct {
	configuration config.Config
	target        *target.Target
	id            string
	daemon        *sandbox.Daemon
	reaper        *sandbox.Reaper
	image         string
	agent         []byte
	writer        *record.Writer

	leases   *leases
	turns    turns
	listener net.Listener
	serving  sync.WaitGroup
	stop     context.CancelFunc

	starts    sync.Mutex
	mu        sync.Mutex
	sandboxes map[string]*opening
	trouble   []error
	worstGap  int64 // of the observers of all sandboxes, in nanoseconds
}

// opening is a sandbox that is there, or on its way.
type opening struct {
	ready   chan struct{}
	sandbox *liveSandbox
	err     error
}

// Open starts a session and its main sandbox, and serves it at the returned owner's Socket. The context bounds
// the start only. The error is one line; nothing is left behind then.
func Open(ctx context.Context, configuration config.Config, t *target.Target) (_ *Owner, err error) {
	o := &Owner{
		configuration: configuration, target: t, sandboxes: map[string]*opening{},
		// Whoever has the same id removes our containers: neither a second nor a process's number is unique, in two containers
		// that share a daemon.
		id: fmt.Sprintf("%d-%s", time.Now().Unix(), strings.ToLower(rand.Text()[:8])),
	}
	o.leases = newLeases(o.clock)
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	o.stop = stop
	defer func() {
		if err != nil {
			_ = o.Close(context.WithoutCancel(ctx))
		}
	}()
	if o.daemon, err = sandbox.Connect(ctx); err != nil {
		return nil, err
	}
	if err = o.prepare(ctx); err != nil {
		return nil, err
	}
	main, err := o.open(ctx, protocol.MainSandbox)
	if err != nil {
		return nil, err
	}
	if err = o.startRecord(ctx, main); err != nil {
		return nil, err
	}
	return o, o.listen(background)
}

// prepare makes what every sandbox needs: the image, the agent, and the reaper that will clean up after us.
func (o *Owner) prepare(ctx context.Context) error {
	var work sync.WaitGroup
	var imageErr, agentErr error
	if o.configuration.Container == "" {
		work.Go(func() { o.image, imageErr = ImageOf(ctx, o.configuration, o.target) })
	}
	work.Go(func() {
		if o.agent, agentErr = agentBinary(ctx, o.configuration); agentErr == nil {
			o.reaper, agentErr = o.daemon.StartReaper(ctx, o.id, o.agent)
		}
	})
	work.Wait()
	return errors.Join(imageErr, agentErr)
}

// clock is the agent's clock as far as we can tell from here; 0 before there is one.
func (o *Owner) clock() int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, opening := range o.sandboxes {
		if opening.sandbox != nil {
			return opening.sandbox.clock()
		}
	}
	return 0
}

func (o *Owner) startRecord(ctx context.Context, main *liveSandbox) error {
	redactor, err := o.redactor()
	if err != nil {
		return err
	}
	writer, err := record.Create(o.configuration.RecordPath(), o.run(ctx, main), redactor)
	if err != nil {
		return err
	}
	o.writer = writer
	return nil
}

// listen serves clients until the session is closed.
func (o *Owner) listen(ctx context.Context) error {
	directory, err := os.MkdirTemp("", "hero_chaos-")
	if err != nil {
		return fmt.Errorf("open the session's socket: %w", err)
	}
	if o.listener, err = net.Listen("unix", filepath.Join(directory, "session.sock")); err != nil {
		return fmt.Errorf("open the session's socket: %w", err)
	}
	o.serving.Go(func() {
		for {
			conn, err := o.listener.Accept()
			if err != nil {
				return
			}
			o.serving.Go(func() { o.serve(ctx, conn) })
		}
	})
	return nil
}

// Agent is the hand inside a sandbox, straight over the link: without the way through the session's socket that
// every client takes.
func (o *Owner) Agent(ctx context.Context, sandbox string) (agent.Client, error) {
	live, err := o.open(ctx, sandbox)
	if err != nil {
		return agent.Client{}, err
	}
	return live.agent, nil
}

// Socket is the path at which clients connect.
func (o *Owner) Socket() string { return o.listener.Addr().String() }

// serve answers one client. What it holds when its connection ends is undone and given back: a worker that
// dies leaves nothing stopped behind.
func (o *Owner) serve(ctx context.Context, conn net.Conn) {
	held := &heldLeases{owner: o, ids: map[string]struct{}{}}
	defer held.releaseAll(ctx)
	_ = wire.Far{Methods: o.methods(held), Dial: o.dial}.Serve(ctx, conn)
}

func (o *Owner) methods(held *heldLeases) handler.Map {
	return handler.Map{
		protocol.MethodOpen: handler.New(func(ctx context.Context, p protocol.SandboxParams) (protocol.Opened, error) {
			live, err := o.openAs(ctx, p)
			if err != nil {
				return protocol.Opened{}, err
			}
			return live.opened, nil
		}),
		protocol.MethodOpened: handler.New(func(context.Context) ([]string, error) {
			return slices.Sorted(maps.Keys(o.live())), nil
		}),
		protocol.MethodAgent: handler.New(func(ctx context.Context, p protocol.AgentParams) (json.RawMessage, error) {
			live, err := o.open(ctx, p.Sandbox)
			if err != nil {
				return nil, err
			}
			if err := o.permit(p); err != nil {
				return nil, err
			}
			return live.link.CallRaw(ctx, p.Method, p.Params)
		}),
		protocol.MethodAdopt: handler.New(func(ctx context.Context, p protocol.AdoptParams) error {
			live, err := o.open(ctx, p.Sandbox)
			if err != nil {
				return err
			}
			return live.adopt(ctx, p)
		}),
		protocol.MethodDismiss: handler.New(func(ctx context.Context, p protocol.AdoptParams) error {
			live, err := o.open(ctx, p.Sandbox)
			if err != nil {
				return err
			}
			return live.dismiss(ctx, p.Service)
		}),
		protocol.MethodContainer: handler.New(o.interrupt),
		protocol.MethodFind:      handler.New(o.find),
		protocol.MethodAbout:     handler.New(o.about),
		protocol.MethodCanaries:  handler.New(o.canaries),
		protocol.MethodLogged:    handler.New(o.logged),
		protocol.MethodDisturbed: handler.New(o.disturbed),
		protocol.MethodPublished: handler.New(o.published),
		protocol.MethodLease:     handler.New(held.acquire),
		protocol.MethodRelease:   handler.New(held.release),
		protocol.MethodTurn:      handler.New(o.turns.take),
		protocol.MethodResult: handler.New(func(_ context.Context, p protocol.ResultParams) error {
			return o.writer.Result(p.Result)
		}),
		protocol.MethodRecovery: handler.New(func(_ context.Context, p protocol.RecoveryParams) error {
			o.noteGap(p.Recovery.WorstGap)
			return o.writer.Recovery(p.Recovery)
		}),
	}
}

func (o *Owner) dial(ctx context.Context, address wire.Address) (net.Conn, error) {
	live, err := o.open(ctx, address.Sandbox)
	if err != nil {
		return nil, err
	}
	return live.link.Dial(ctx, address)
}

func (o *Owner) published(ctx context.Context, p protocol.PublishedParams) (protocol.Published, error) {
	live, err := o.open(ctx, p.Sandbox)
	if err != nil {
		return protocol.Published{}, err
	}
	address, err := live.container.HostAddr(ctx, p.Port)
	return protocol.Published{Address: address}, err
}

// disturbed returns the ends of watched processes in a sandbox that no lease explains.
func (o *Owner) disturbed(ctx context.Context, p protocol.DisturbedParams) ([]record.Disturbance, error) {
	live, err := o.open(ctx, p.Sandbox)
	if err != nil {
		return nil, err
	}
	if live.over.Load() {
		return nil, nil
	}
	deaths, err := live.agent.Deaths(ctx)
	if err != nil {
		return nil, err
	}
	var unexplained []record.Disturbance
	for _, death := range deaths {
		inside := death.At.Hi >= p.From && death.At.Lo <= p.To
		if inside && !o.explained(live, death) {
			unexplained = append(unexplained, record.Disturbance{
				Service: death.Service, Before: death.Incarnation, At: death.At, What: "its process ended",
			})
		}
	}
	return unexplained, nil
}

// explained tells whether somebody held the service that a process belonged to when it ended. Where it is not
// known of the target that dependents stay as they are, what happens to a service that it depends on
// explains its end as well.
func (o *Owner) explained(live *liveSandbox, death agent.Death) bool {
	services := []string{death.Service}
	if !o.target.Confirms(dependentsStay) {
		services = live.requirements(death.Service)
	}
	return slices.ContainsFunc(services, func(service string) bool {
		return o.leases.explain(subject{live.name, service}, death.At.Lo, death.At.Hi)
	})
}

// dependentsStay is the id of the assumption that dependents are not restarted with their base.
const dependentsStay = "dependents-stay"

// open returns a sandbox, and starts it where nobody has asked for it before.
func (o *Owner) open(ctx context.Context, name string) (*liveSandbox, error) {
	return o.openAs(ctx, protocol.SandboxParams{Sandbox: name})
}

// openAs is open for a sandbox that is started with a weight. Everybody who asks meanwhile waits for the
// same one.
func (o *Owner) openAs(ctx context.Context, p protocol.SandboxParams) (*liveSandbox, error) {
	name := p.Sandbox
	o.mu.Lock()
	existing, ok := o.sandboxes[name]
	if !ok {
		existing = &opening{ready: make(chan struct{})}
		o.sandboxes[name] = existing
		go func() {
			o.starts.Lock() // one at a time: a boot takes all processors, and what runs already is being timed
			live, err := o.start(context.WithoutCancel(ctx), p)
			o.starts.Unlock()
			o.mu.Lock()
			existing.sandbox, existing.err = live, err
			o.mu.Unlock()
			close(existing.ready)
		}()
	}
	o.mu.Unlock()
	select {
	case <-existing.ready:
		return existing.sandbox, existing.err
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for sandbox %s: %w", name, ctx.Err())
	}
}

// heldLeases are what one client holds.
type heldLeases struct {
	owner *Owner
	mu    sync.Mutex
	ids   map[string]struct{}
}

func (h *heldLeases) acquire(ctx context.Context, p protocol.LeaseParams) (protocol.Lease, error) {
	id, err := h.owner.leases.acquire(ctx, subject{p.Sandbox, p.Service})
	if err != nil {
		return protocol.Lease{}, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ids[id] = struct{}{}
	return protocol.Lease{ID: id}, nil
}

func (h *heldLeases) release(ctx context.Context, l protocol.Lease) error {
	h.mu.Lock()
	_, ours := h.ids[l.ID]
	delete(h.ids, l.ID)
	h.mu.Unlock()
	if !ours {
		return fmt.Errorf("give back %s: it is not held by this client", l.ID)
	}
	return h.owner.giveBack(ctx, l.ID)
}

func (h *heldLeases) releaseAll(ctx context.Context) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for id := range h.ids {
		h.owner.note(h.owner.giveBack(context.WithoutCancel(ctx), id))
	}
}

// redactor knows the values of the target's secrets.
func (o *Owner) redactor() (record.Redactor, error) {
	values := map[string]string{}
	for _, name := range o.target.Container.Secrets {
		values[name] = os.Getenv(name)
	}
	return record.NewRedactor(values)
}

// giveBack undoes a lease's faults, watches the service's new process, and only then frees the service.
func (o *Owner) giveBack(ctx context.Context, id string) error {
	s, held := o.leases.of(id)
	if !held {
		return nil
	}
	defer o.leases.release(id)
	ctx, cancel := context.WithTimeout(ctx, settling)
	defer cancel()
	live, err := o.open(ctx, s.sandbox)
	if err != nil {
		return err
	}
	if err := live.agent.Undo(ctx, id); err != nil && !errors.Is(err, wire.ErrLinkEnded) {
		return fmt.Errorf("undo the faults of %s: %w", s.service, err)
	}
	live.watchAgain(ctx, s.service)
	return nil
}

// settling bounds how long a service that was given back is waited for before it is watched again.
const settling = 15 * time.Second

// protocolCall is how a agent.Client reaches an agent over a link.
func protocolCall(link *wire.Link) agent.Client { return agent.Client{Call: link.Call} }

// oneLine joins an error's lines.
func oneLine(err error) string {
	if err == nil {
		return ""
	}
	return strings.ReplaceAll(err.Error(), "\n", "; ")
}
