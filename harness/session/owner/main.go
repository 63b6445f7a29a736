package owner

import (
	"cmp"
	"context"
	"slices"
	"time"

	agent "forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/learn"
)

// Main is the main sandbox for a command that runs no specs. It uses the link to the container itself, not the session's socket.
type Main struct {
	*liveSandbox
	supervisor zinit.Supervisor
	understood *learn.Understanding
	owner      *Owner
}

// Main returns the main sandbox. The end of the session ends it.
func (o *Owner) Main(ctx context.Context) (*Main, error) {
	live, err := o.open(ctx, protocol.MainSandbox)
	if err != nil {
		return nil, err
	}
	supervisor, err := live.supervisor(ctx)
	return &Main{live, supervisor, o.understood.found.Load(), o}, err
}

// Agent returns the client of the agent inside the container.
func (m *Main) Agent() agent.Client { return m.agent }

// Zinit returns the sandbox's supervisor.
func (m *Main) Zinit() zinit.Supervisor { return m.supervisor }

// ZinitSocket returns the path of zinit's RPC, empty if only its commands are understood.
func (m *Main) ZinitSocket() string { return m.opened.Zinit }

// ZinitDialer returns a dialer of zinit's socket.
func (m *Main) ZinitDialer() zinit.Dialer { return m.zinitDialer() }

// ZinitCommand returns a program that runs zinit's command line in the sandbox.
func (m *Main) ZinitCommand() zinit.Program {
	return protocol.Program(m.agent, cmp.Or(m.opened.Program, protocol.Programs()[0]))
}

// Published returns the address of the host at which a port of the container answers.
func (m *Main) Published(ctx context.Context, port int) (string, error) {
	address, _, err := m.container.HostAddr(ctx, port)
	return address, err
}

// Understood returns what was learned of how the supervisor is spoken to; nil if it speaks as the contract has it.
func (m *Main) Understood() *learn.Understanding { return m.understood }

// Conversation returns what was asked and answered while the supervisor's spelling was learned, without secrets; nil if nothing was.
func (m *Main) Conversation() []string {
	m.owner.understood.mu.Lock()
	defer m.owner.understood.mu.Unlock()
	return slices.Clone(m.owner.understood.conversation)
}

// Because returns how it was found in which way the supervisor is spoken to, one line.
func (m *Main) Because() string { return m.opened.Because }

// Boot returns what is wrong with each service that did not serve after the start, and how long the start took.
func (m *Main) Boot() (missing map[string]string, took time.Duration) {
	return m.opened.Missing, m.opened.BootPeriod
}

// RepeatCommand returns the command that runs the suites on the same image, for some promises.
func (m *Main) RepeatCommand(focus string) string { return m.owner.configuration.RepeatCommand(focus) }

// Attached reports whether somebody else started the container.
func (m *Main) Attached() bool { return m.attached }
