// Package owner is what Ginkgo's first process runs, and what the commands open: it owns the session.
package owner

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	agent "forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/sandbox"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/admission"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/wire"
)

// Owner is the owner of a session: of the daemon, the sandboxes and their links, the leases and the record. It serves clients on a
// unix socket.
type Owner struct {
	understood    understood
	configuration config.Config
	target        *target.Target
	id            string
	daemon        *sandbox.Daemon
	reaper        *sandbox.Reaper
	image         string
	agent         []byte
	agentSum      string // SHA-256, in hexadecimal
	writer        *record.Writer

	clock    agentClock // set before the first client is served
	plan     plan
	leases   *leases
	queue    injectionQueue
	listener net.Listener
	serving  sync.WaitGroup
	stop     context.CancelFunc

	sandboxes    *sandboxes
	admission    admission.Plan
	absent       map[string]string // what was wrong with services that did not serve in the main sandbox within the boot budget
	starting     context.Context   // of sandboxes that are being started
	cancelStarts context.CancelFunc

	mu       sync.Mutex
	errs     []error // of the harness itself
	worstGap int64   // of the observers of all sandboxes, in nanoseconds
}

// Open starts a session and its main sandbox, and serves it at the returned owner's Socket. The context bounds the start only. The
// error is one line, and nothing is left behind then.
func Open(ctx context.Context, configuration config.Config, t *target.Target) (_ *Owner, err error) {
	o := &Owner{
		configuration: configuration, target: t, sandboxes: newSandboxes(configuration.Sandboxes),
		// A session with the same id would remove our containers. Neither a second nor a process id is unique if two containers
		// share a daemon.
		id: fmt.Sprintf("%d-%s", time.Now().Unix(), strings.ToLower(rand.Text()[:8])),
	}
	o.leases = newLeases(&o.clock, o.needs)
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	o.stop = stop
	o.starting, o.cancelStarts = context.WithCancel(background)
	defer func() {
		if err != nil {
			o.addError(err)
			_ = o.Close(context.WithoutCancel(ctx))
		}
	}()
	if err = o.startRecord(); err != nil {
		return nil, err
	}
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
	o.absent = main.opened.Missing
	o.plan = o.planTurns(ctx, main)
	if err = o.planAdmission(ctx, main); err != nil {
		return nil, err
	}
	if err = o.writer.Run(o.describeRun(ctx, main)); err != nil {
		return nil, err
	}
	return o, o.listen(background)
}

// prepare prepares what every sandbox needs: the image, the agent, and the reaper that cleans up after the session.
func (o *Owner) prepare(ctx context.Context) error {
	var work sync.WaitGroup
	var imageErr, agentErr error
	if o.configuration.Container == "" {
		work.Go(func() { o.image, imageErr = ImageOf(ctx, o.configuration, o.target) })
	}
	work.Go(func() {
		if o.agent, agentErr = readAgent(ctx, o.configuration); agentErr == nil {
			o.agentSum = fmt.Sprintf("%x", sha256.Sum256(o.agent))
			o.reaper, agentErr = o.daemon.StartReaper(ctx, o.id, o.agent)
		}
	})
	work.Wait()
	return errors.Join(imageErr, agentErr)
}

// setClock sets the agents' clock by the first agent that answers.
func (o *Owner) setClock(ctx context.Context, live *liveSandbox) error {
	if o.clock.set {
		return nil
	}
	var err error
	if o.clock, err = measureClock(ctx, live.agent.Hello); err != nil {
		return fmt.Errorf("read the clock of the agent in %s: %w", live.container.Name(), err)
	}
	return nil
}

// startRecord creates the record before anything can go wrong that it should tell of.
func (o *Owner) startRecord() error {
	redactor, err := o.redactor()
	if err != nil {
		return err
	}
	writer, err := record.Create(o.configuration.RecordPath(), o.describePlanned(), redactor)
	if err != nil {
		return err
	}
	o.writer = writer
	return nil
}

// Socket returns the path at which clients connect.
func (o *Owner) Socket() string { return o.listener.Addr().String() }

// open returns a sandbox, and starts it if nobody has asked for it before.
func (o *Owner) open(ctx context.Context, name string) (*liveSandbox, error) {
	existing, err := o.sandboxes.find(name)
	if err != nil {
		return nil, fmt.Errorf("use sandbox %s: %w", name, err)
	}
	if existing == nil {
		return o.openAs(ctx, protocol.SandboxParams{Sandbox: name}, nil)
	}
	return existing.await(ctx, name)
}

// openAs returns a sandbox for a client's spec, and starts it with a weight. Clients that ask meanwhile wait for the same sandbox.
func (o *Owner) openAs(ctx context.Context, p protocol.SandboxParams, client *heldLeases) (*liveSandbox, error) {
	opening, isNew := o.sandboxes.use(p.Sandbox, client)
	if isNew {
		go o.start(opening, p)
	}
	return opening.await(ctx, p.Sandbox)
}

// start starts a sandbox as soon as it is admitted.
func (o *Owner) start(opening *opening, p protocol.SandboxParams) {
	defer close(opening.ready)
	if p.Sandbox == protocol.MainSandbox { // the first: nothing else has started yet
		o.sandboxes.set(opening)(o.boot(o.starting, p, opening.generation))
		return
	}
	gate := o.sandboxes.gate
	if err := gate.enter(o.starting, o.sandboxes.demandOf(p.Sandbox), o.makeRoom); err != nil {
		o.sandboxes.set(opening)(nil, fmt.Errorf("wait until there is room for the sandbox %s: %w", p.Sandbox, err))
		return
	}
	live, err := o.boot(o.starting, p, opening.generation)
	o.sandboxes.set(opening)(live, err)
	gate.booted(err == nil)
}

// makeRoom removes a sandbox that no spec uses now.
func (o *Owner) makeRoom() {
	if name, found := o.sandboxes.findIdle(time.Now()); found {
		o.remove(o.starting, name)
	}
}

// redactor returns a redactor of the values of the target's secrets.
func (o *Owner) redactor() (record.Redactor, error) {
	return record.NewRedactor(o.target.Container.SecretValues())
}

// newAgentClient returns a client of the agent at the other end of a link.
func newAgentClient(link *wire.Link) agent.Client { return agent.Client{Call: link.Call} }

// oneLine returns an error's text in one line, empty if there is none.
func oneLine(err error) string {
	if err == nil {
		return ""
	}
	return strings.ReplaceAll(err.Error(), "\n", "; ")
}
