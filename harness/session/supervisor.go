package session

import (
	"cmp"
	"context"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// registered says that a service of ours cannot be there, as an *recovery.Inconclusive, where that is so.
func (b *Sandbox) registered(service string) error {
	ours := strings.HasPrefix(service, protocol.VictimPrefix)
	if b.opened.Dialect != zinit.DialectCLI || !ours {
		return nil
	}
	_, err := b.Supervisor.Register(context.Background(), zinit.Definition{})
	return recovery.NotExpressible(err)
}

// ZinitSocket is the path at which zinit's RPC answers; empty where only its commands are understood.
func (b *Sandbox) ZinitSocket() string { return b.opened.Zinit }

// ZinitDialer reaches zinit's socket.
func (b *Sandbox) ZinitDialer() zinit.Dialer {
	return protocol.ZinitDialer(b.session.link, b.Name, b.opened.Zinit)
}

// ZinitCommand runs zinit's command line in the sandbox.
func (b *Sandbox) ZinitCommand() zinit.Program {
	return protocol.Program(b.Agent(), cmp.Or(b.opened.Program, protocol.Programs()[0]))
}
