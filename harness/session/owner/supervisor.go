package owner

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	agent "forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/learn"
)

// socketTimeout bounds the wait for zinit's socket before its commands are tried, if nothing has answered at a socket yet. A command
// could start a supervisor of its own.
const socketTimeout = 20 * time.Second

// supervisor connects to the sandbox's supervisor.
func (l *liveSandbox) supervisor(ctx context.Context) (zinit.Supervisor, error) {
	return l.opened.Supervisor(ctx, l.portDialer(l.opened.Zinit), l.agent)
}

// findSupervisor takes the first socket that answers as zinit does. If none does, and something else answers or the timeout is over,
// it takes zinit's commands (suites/contract/zinit-0.4.md#dialect). The error says what is waited for.
func (o *Owner) findSupervisor(ctx context.Context, live *liveSandbox) error {
	live.opened.Zinit, live.opened.Dialect = "", ""
	if found := o.understood.found.Load(); found != nil && found.Level != learn.None {
		return o.speakAsLearned(ctx, live, *found)
	}
	misunderstood, waiting := o.findSocket(ctx, live)
	if waiting == nil || (misunderstood == "" && time.Since(live.began) < socketTimeout) {
		return waiting
	}
	for _, path := range protocol.Programs() {
		if _, err := zinit.NewCommandLine(protocol.Program(live.agent, path), "").Ping(ctx); err != nil {
			continue
		}
		_, again := o.findSocket(ctx, live) // it may have come up meanwhile
		if again == nil {
			return nil
		}
		live.opened.Dialect, live.opened.Program, live.opened.Because = zinit.DialectCLI, path, explainUnusable(again)
		live.opened.SupervisorPID = live.peerOf(ctx, misunderstood)
		return nil
	}
	return waiting
}

// takeBare goes on without a word with the supervisor, which stays silent or is not understood. why is what was waited for.
func (l *liveSandbox) takeBare(ctx context.Context, services []target.Service, why error) {
	l.opened.Dialect, l.opened.Because = zinit.DialectBare, explainUnusable(why)
	l.opened.SupervisorPID = l.findParent(ctx, services)
}

// findParent returns the process that is the parent of most services' processes, 0 if there is none but the first process.
func (l *liveSandbox) findParent(ctx context.Context, services []target.Service) int {
	table, err := l.agent.Processes(ctx)
	if err != nil {
		return 0
	}
	parents := map[int]int{}
	for _, process := range table {
		parents[process.PID] = process.Parent
	}
	children := map[int]int{}
	best := 0
	for _, service := range services {
		identity, err := l.agent.Identify(ctx, agent.IdentifyParams{Endpoint: protocol.EndpointOf(service)})
		if err != nil {
			continue
		}
		parent := parents[identity.Serving.PID]
		if children[parent]++; children[parent] > children[best] {
			best = parent
		}
	}
	return best
}

// findSocket tries the candidates. misunderstood is one whose answers are not zinit's. The error says what is waited for.
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
			spoken, err := connect(ctx, protocol.ZinitDialer(live.link, live.name, path))
			if err == nil {
				live.opened.Zinit, live.opened.Dialect = path, spoken
				live.opened.SupervisorPID = live.peerOf(ctx, path)
				return "", nil
			}
			tried = append(tried, fmt.Sprintf("%s: %v", path, err))
			if isMisunderstood(err) {
				misunderstood = path
			}
		}
	}
	if len(tried) > 0 {
		return misunderstood, fmt.Errorf("zinit to answer (%s)", strings.Join(tried, "; "))
	}
	return "", fmt.Errorf("zinit's socket at one of %s", strings.Join(candidates, ", "))
}

// connect finds out which builtin dialect a supervisor speaks. An answer that has another form is an error: another spelling can have methods
// of the same names.
func connect(ctx context.Context, dial zinit.Dialer) (zinit.Dialect, error) {
	supervisor, err := zinit.Connect(ctx, dial)
	if err != nil {
		return "", err
	}
	defer func() { _ = supervisor.Close() }()
	if _, err := supervisor.List(ctx); isMisunderstood(err) {
		return "", err
	}
	return supervisor.Dialect(), nil
}

// isMisunderstood reports whether a supervisor answered, and not what was asked.
func isMisunderstood(err error) bool {
	answer := new(zinit.Error)
	return errors.As(err, &answer) || errors.Is(err, zinit.ErrForm)
}

// explainUnusable returns in one line what was wrong with the answers.
func explainUnusable(waiting error) string {
	return strings.TrimSuffix(strings.TrimPrefix(oneLine(waiting), "zinit to answer ("), ")")
}

// peerOf returns the process that serves a socket, 0 if it is not known.
func (l *liveSandbox) peerOf(ctx context.Context, socket string) int {
	if socket == "" {
		return 0
	}
	identity, err := l.agent.Identify(ctx, agent.IdentifyParams{Endpoint: agent.Endpoint{Socket: socket}})
	if err != nil {
		return 0
	}
	return identity.Serving.PID
}

// filterRegistrable returns the plans that the supervisor can be told of: none if its RPC is not understood.
func (l *liveSandbox) filterRegistrable(plans []protocol.VictimPlan) []protocol.VictimPlan {
	if !l.opened.Dialect.Registers() {
		return nil
	}
	return plans
}
