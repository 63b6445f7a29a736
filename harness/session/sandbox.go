package session

import (
	"cmp"
	"context"
	"encoding/json"
	"net"
	"strings"
	"sync"
	"time"

	agent "forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/sandbox"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/wire"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// Sandbox is a started target as a spec sees it.
type Sandbox struct {
	Name string
	// Supervisor is its zinit.
	Supervisor zinit.Supervisor

	session *Session
	opened  protocol.Opened

	mu   sync.Mutex
	held map[string]string // the leases of Hold, by service
}

// Jitter returns the observer's worst scheduling gap while the idle sandbox was calibrated.
func (b *Sandbox) Jitter() time.Duration { return time.Duration(b.opened.Jitter) }

// Boot returns what is wrong with each service that did not serve after the start. took is how long the start took: until all
// served, or until the boot budget was spent.
func (b *Sandbox) Boot() (missing map[string]string, took time.Duration) {
	return b.opened.Missing, b.opened.BootPeriod
}

// Bystanders returns the victims that nobody faults.
func (b *Sandbox) Bystanders() []protocol.Service {
	var services []protocol.Service
	for _, plan := range b.opened.Bystanders {
		if plan.Name != protocol.Base {
			services = append(services, plan.Of())
		}
	}
	return services
}

// Agent returns a client of the agent inside the container.
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
		if err := b.session.call(ctx, protocol.MethodAgent, protocol.AgentParams{Sandbox: b.Name, Method: method, Params: text}, &raw); err != nil {
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

// Published returns where a port of the container answers.
func (b *Sandbox) Published(ctx context.Context, port int) (protocol.Published, error) {
	var published protocol.Published
	err := b.session.call(ctx, protocol.MethodPublished, protocol.PublishedParams{Sandbox: b.Name, Port: port}, &published)
	return published, err
}

// DialAddress connects inside the sandbox to a TCP address (host:port).
func (b *Sandbox) DialAddress(ctx context.Context, address string) (net.Conn, error) {
	return b.session.link.Dial(ctx, wire.Address{Sandbox: b.Name, Network: "tcp", Address: address})
}

// SupervisorPID returns the supervisor's process inside the container, 0 if it is not known.
func (b *Sandbox) SupervisorPID() int { return b.opened.SupervisorPID }

// StatusText returns in a few words what the supervisor says of a service.
func (b *Sandbox) StatusText(ctx context.Context, service string) string {
	status, err := b.Supervisor.Status(ctx, service)
	if err != nil {
		return "no status: " + err.Error()
	}
	text := strings.ToLower(string(status.State))
	if status.Error != "" {
		text += ": " + status.Error
	}
	return text
}

// ZinitSocket returns the path at which zinit's RPC answers, empty if only its commands are understood.
func (b *Sandbox) ZinitSocket() string { return b.opened.Zinit }

// SupervisorService returns the supervisor as what a fault is injected into.
func (b *Sandbox) SupervisorService() protocol.Service {
	return protocol.Service{Name: "zinit", Endpoint: protocol.SupervisorEndpoint(b.opened.Zinit)}
}

// ZinitDialer returns a dialer of zinit's socket.
func (b *Sandbox) ZinitDialer() zinit.Dialer {
	return protocol.ZinitDialer(b.session.link, b.Name, b.opened.Zinit)
}

// ZinitCommand returns a program that runs zinit's command line in the sandbox.
func (b *Sandbox) ZinitCommand() zinit.Program {
	return protocol.Program(b.Agent(), cmp.Or(b.opened.Program, protocol.Programs()[0]))
}

// About returns how the sandbox's container was made.
func (b *Sandbox) About(ctx context.Context) (sandbox.About, error) {
	var about sandbox.About
	err := b.session.call(ctx, protocol.MethodAbout, protocol.SandboxParams{Sandbox: b.Name}, &about)
	return about, err
}
