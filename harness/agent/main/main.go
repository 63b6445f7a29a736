// Command main is the agent: the one static binary that the harness brings into a container. It is also the victim and the probe, so
// that there is one thing to bring.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/claim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/guard"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/observe"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/probe"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/sandbox/reap"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
)

const usage = `usage: hero_chaos_agent link [HOLDER]          serve the session on stdin and stdout; alone in the container if HOLDER names it
       hero_chaos_agent guard                  undo the faults of an agent that was killed
       hero_chaos_agent victim [FLAG ...]      be a service that misbehaves on demand
       hero_chaos_agent probe SOCKET TIMEOUT   ask a victim once, as a sound health check does
       hero_chaos_agent reap SESSION SOCKET    remove a session's containers once stdin ends`

// guarding is the argument by which the agent is the guard of another.
const guarding = "guard"

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	var err error
	switch {
	case len(args) == 1 && args[0] == "link":
		err = link("")
	case len(args) == 2 && args[0] == "link":
		err = link(args[1])
	case len(args) == 1 && args[0] == guarding:
		err = guard.Run(os.Stdin)
	case len(args) >= 1 && args[0] == "victim":
		return victim.Main(context.Background(), args[1:], os.Stderr)
	case len(args) == 3 && args[0] == "probe":
		err = ask(args[1], args[2])
	case len(args) == 3 && args[0] == "reap":
		err = reap.Run(context.Background(), args[1], args[2], os.Stdin, os.Stdout)
	default:
		err = errors.New(usage)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// ask calls a socket's server.health once. The time limit covers the connection and the reply.
func ask(socket, limit string) error {
	timeout, err := time.ParseDuration(limit)
	if err != nil {
		return fmt.Errorf("probe %s: %w", socket, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", socket)
	if err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	defer func() { _ = conn.Close() }()
	return (&probe.JSONRPC{}).Ask(ctx, conn)
}

// link serves the session. The binary unlinks itself first, so that the container is left as it was found. A holder works in a container
// that is not ours, and one at a time.
func link(holder string) error {
	if self, err := os.Executable(); err == nil {
		_ = os.Remove(self) // a read-only place keeps it, and nothing else depends on it
	}
	var guarded *guard.Guard
	if holder != "" {
		if err := claim.Take("/"); err != nil {
			return err
		}
		var err error
		if guarded, err = guard.Start(guarding); err != nil {
			return err
		}
	}
	observe.AddProcessor()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	defer stop()
	return errors.Join(agent.Run(ctx, pipes{}, guarded), guarded.Close())
}

// pipes is the connection over the attached exec's stdin and stdout.
type pipes struct{}

func (pipes) Read(p []byte) (int, error)  { return os.Stdin.Read(p) }
func (pipes) Write(p []byte) (int, error) { return os.Stdout.Write(p) }
func (pipes) Close() error                { return errors.Join(os.Stdin.Close(), os.Stdout.Close()) }
