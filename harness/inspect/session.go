package inspect

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"path"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/probe"
	session "forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/learn"
)

// replyTimeout bounds a service's reply to server.health.
const replyTimeout = 5 * time.Second

// Sandbox is a started target.
type Sandbox interface {
	dialer
	Agent() protocol.Client
	Zinit() zinit.Supervisor
	// ZinitSocket returns the path of zinit's RPC, empty if only its commands are understood.
	ZinitSocket() string
	ZinitDialer() zinit.Dialer
	ZinitCommand() zinit.Program
	// Published returns the address of the host at which a port of the container answers.
	Published(ctx context.Context, port int) (string, error)
	// Understood returns what was learned of how the supervisor is spoken to; nil if it speaks as the contract has it.
	Understood() *learn.Understanding
	// Boot returns the services that did not serve after the start, and how long the start took.
	Boot() (missing map[string]string, took time.Duration)
	// Attached reports whether somebody else started the container.
	Attached() bool
	// RepeatCommand returns the command that runs the suites on the same image, for some promises.
	RepeatCommand(focus string) string
}

// dialer connects to an endpoint inside a sandbox.
type dialer interface {
	Dial(ctx context.Context, endpoint protocol.Endpoint) (net.Conn, error)
}

// NewSubject returns the subject of a started target. started is when its start began.
func NewSubject(t *target.Target, box Sandbox, started time.Time) Subject {
	subject := Subject{
		Target: t, Supervisor: box.Zinit(), Socket: box.ZinitSocket(),
		Health: func(ctx context.Context, socket string) (string, error) { return askHealth(ctx, box, socket) },
		Zombies: func(ctx context.Context) ([]string, error) {
			table, err := box.Agent().Processes(ctx)
			return namesOfZombies(table), err
		},
		Command: box.ZinitCommand(),
		Victim: func(options victim.Options) string {
			plan := session.VictimPlan{Name: Prefix, Options: options}
			return plan.Definition().Actions[0].Exec
		},
		Probe: session.ProbeCommand, Understood: box.Understood(), RepeatCommand: box.RepeatCommand,
	}
	if box.Zinit().Dialect() == zinit.Dialect04 {
		subject.Client = zinit.NewClient(box.ZinitDialer())
	}
	if port := t.Container.Port; port != 0 {
		subject.Smoke = func(ctx context.Context, asked string) (int, error) {
			address, err := box.Published(ctx, port)
			if err != nil {
				return 0, err
			}
			return probe.Route{}.Status(ctx, "http://"+address+asked)
		}
	}
	if !box.Attached() {
		subject.Boot = box.Boot
		subject.Age = func() time.Duration { return time.Since(started) }
	}
	return subject
}

// askHealth sends server.health to a service and returns the raw result.
func askHealth(ctx context.Context, box dialer, socket string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, replyTimeout)
	defer cancel()
	conn, err := box.Dial(ctx, protocol.Endpoint{Socket: socket})
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return "", err
	}
	if _, err := fmt.Fprintf(conn, `{"jsonrpc":"2.0","method":%q,"id":1}`+"\n", probe.Health); err != nil {
		return "", err
	}
	defer probe.CloseWriteLater(conn)()
	const longest = 64 << 10
	var reply struct {
		Result json.RawMessage `json:"result"`
		Error  json.RawMessage `json:"error"`
	}
	if err := json.NewDecoder(bufio.NewReader(io.LimitReader(conn, longest))).Decode(&reply); err != nil {
		return "", fmt.Errorf("read its reply: %w", err)
	}
	if len(reply.Result) == 0 {
		return "", fmt.Errorf("it answers with the error %.80s", reply.Error)
	}
	return string(reply.Result), nil
}

// namesOfZombies returns the pid and the name of each zombie.
func namesOfZombies(table []protocol.Process) []string {
	var names []string
	for _, process := range table {
		if process.State == "Z" {
			names = append(names, strings.TrimSpace(fmt.Sprintf("pid %d %s", process.PID, path.Base(strings.Join(process.Argv, " ")))))
		}
	}
	return names
}
