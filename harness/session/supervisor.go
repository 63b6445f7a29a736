package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// socketPatience is how long zinit's socket is waited for before its commands are tried, where nothing has answered
// at a socket yet: a command could start a supervisor of its own.
const socketPatience = 20 * time.Second

// programs are where zinit's command may be: in the container's PATH, or beside the image's other binaries
// (contract hero_zero, "The image").
func programs() []string {
	return []string{"zinit", "/root/hero/bin/zinit", "/usr/bin/zinit", "/usr/local/bin/zinit"}
}

// supervisor reaches the supervisor in the dialect that was found.
func (o opened) supervisor(ctx context.Context, dial zinit.Dialer, agent protocol.Client) (zinit.Supervisor, error) {
	if o.Dialect == zinit.DialectCLI {
		return zinit.NewCommandLine(program(agent, o.Program), o.Because), nil
	}
	return zinit.Connect(ctx, dial)
}

func (l *liveSandbox) supervisor(ctx context.Context) (zinit.Supervisor, error) {
	return l.opened.supervisor(ctx, l.zinitDialer(), l.agent)
}

// found tells whether a supervisor has answered.
func (o opened) found() bool { return o.Zinit != "" || o.Dialect == zinit.DialectCLI }

// program runs zinit's command inside the container.
func program(agent protocol.Client, path string) zinit.Program {
	return func(ctx context.Context, arguments ...string) (string, int, error) {
		ran, err := agent.Run(ctx, zinit.CallTimeout, append([]string{path}, arguments...)...)
		if err == nil && ran.TimedOut {
			err = fmt.Errorf("it had not ended %s later", zinit.CallTimeout)
		}
		return ran.Output, ran.ExitCode, err
	}
}

// findSupervisor takes the first socket that answers as zinit does. Where none does, but something else answers, or
// nothing for long, it takes zinit's commands (contract zinit-0.4, "Dialect"). The error says what is waited for.
func (o *Owner) findSupervisor(ctx context.Context, live *liveSandbox) error {
	live.opened.Zinit, live.opened.Dialect = "", ""
	misunderstood, waiting := o.findSocket(ctx, live)
	if waiting == nil || (misunderstood == "" && time.Since(live.began) < socketPatience) {
		return waiting
	}
	for _, path := range programs() {
		if _, err := zinit.NewCommandLine(program(live.agent, path), "").Ping(ctx); err != nil {
			continue
		}
		_, again := o.findSocket(ctx, live) // it may have come up meanwhile
		if again == nil {
			return nil
		}
		live.opened.Dialect, live.opened.Program, live.opened.Because = zinit.DialectCLI, path, because(again)
		live.opened.SupervisorPID = live.peerOf(ctx, misunderstood)
		return nil
	}
	return waiting
}

// findSocket tries the candidates; the error says what is waited for. misunderstood is one that answered, in words that are not zinit's.
func (o *Owner) findSocket(ctx context.Context, live *liveSandbox) (misunderstood string, waiting error) {
	candidates := o.target.Zinit.Sockets
	if len(candidates) == 0 {
		candidates = zinit.SocketCandidates("")
	}
	var tried []string
	for _, pattern := range candidates {
		paths, err := live.agent.Glob(ctx, pattern)
		if err != nil {
			return "", err
		}
		for _, path := range paths {
			supervisor, err := zinit.Connect(ctx, dialerTo(live.link, live.name, path))
			if err == nil {
				live.opened.Zinit, live.opened.Dialect = path, supervisor.Dialect()
				live.opened.SupervisorPID = live.peerOf(ctx, path)
				return "", supervisor.Close()
			}
			tried = append(tried, fmt.Sprintf("%s: %v", path, err))
			if answer := new(zinit.Error); errors.As(err, &answer) {
				misunderstood = path
			}
		}
	}
	if len(tried) > 0 {
		return misunderstood, fmt.Errorf("zinit to answer (%s)", strings.Join(tried, "; "))
	}
	return "", fmt.Errorf("zinit's socket at one of %s", strings.Join(candidates, ", "))
}

// because says in one line what was wrong with what answered.
func because(waiting error) string {
	return strings.TrimSuffix(strings.TrimPrefix(oneLine(waiting), "zinit to answer ("), ")")
}

// peerOf is the process that serves a socket, 0 where that is not known.
func (l *liveSandbox) peerOf(ctx context.Context, socket string) int {
	if socket == "" {
		return 0
	}
	identity, err := l.agent.Identify(ctx, protocol.IdentifyParams{Endpoint: protocol.Endpoint{Socket: socket}})
	if err != nil {
		return 0
	}
	return identity.Serving.PID
}

// registrable are the plans that the supervisor can be told of: none where only its commands are left.
func (l *liveSandbox) registrable(plans []VictimPlan) []VictimPlan {
	if l.opened.Dialect == zinit.DialectCLI {
		return nil
	}
	return plans
}

// registered says that a service of ours cannot be there, as an *recovery.Inconclusive, where that is so.
func (b *Sandbox) registered(service string) error {
	ours := strings.HasPrefix(service, victimPrefix)
	if b.opened.Dialect != zinit.DialectCLI || !ours {
		return nil
	}
	_, err := b.Supervisor.Register(context.Background(), zinit.Definition{})
	return &recovery.Inconclusive{Reason: err.Error()}
}

// ZinitSocket is the path at which zinit's RPC answers; empty where only its commands are understood.
func (b *Sandbox) ZinitSocket() string { return b.opened.Zinit }

// ZinitDialer reaches zinit's socket.
func (b *Sandbox) ZinitDialer() zinit.Dialer { return dialerTo(b.session.link, b.Name, b.opened.Zinit) }

// ZinitCommand runs zinit's command line in the sandbox.
func (b *Sandbox) ZinitCommand() zinit.Program {
	return program(b.Agent(), cmp.Or(b.opened.Program, programs()[0]))
}

// ProbeCommand is a sound health check of a socket that gives up after a limit, and needs no program of the image.
func ProbeCommand(socket string, limit time.Duration) string {
	return commandLine([]string{victimBinary, "probe", socket, limit.String()})
}

// Zinit is the sandbox's supervisor.
func (b *Sandbox) Zinit() zinit.Supervisor { return b.Supervisor }
