package protocol

import (
	"context"
	"fmt"
	"net"
	"strings"

	agent "forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// Programs lists where zinit's command may be: in the container's PATH, or beside the image's other binaries
// (suites/contract/hero_zero.md#image).
func Programs() []string {
	return []string{"zinit", "/root/hero/bin/zinit", "/usr/bin/zinit", "/usr/local/bin/zinit"}
}

// Supervisor connects to the supervisor in the dialect that was found. dial reaches its socket, and the container's ports.
func (o Opened) Supervisor(ctx context.Context, dial zinit.PortDialer, inside agent.Client) (zinit.Supervisor, error) {
	switch o.Dialect {
	case zinit.DialectCLI:
		return zinit.NewCommandLine(Program(inside, o.Program), o.Because), nil
	case zinit.DialectBare:
		return zinit.NewBare(o.Because), nil
	case zinit.DialectLearned:
		return zinit.ConnectAs(dial, *o.Spelling), nil
	}
	return zinit.Connect(ctx, func(ctx context.Context) (net.Conn, error) { return dial(ctx, 0) })
}

// Found reports whether it is known how to speak with the supervisor, or that nobody can.
func (o Opened) Found() bool { return o.Dialect != "" }

// Program returns a program that runs zinit's command inside the container.
func Program(inside agent.Client, path string) zinit.Program {
	return func(ctx context.Context, arguments ...string) (string, int, error) {
		ran, err := inside.Run(ctx, zinit.CallTimeout, append([]string{path}, arguments...)...)
		if err == nil && ran.TimedOut {
			err = fmt.Errorf("it had not ended %s later", zinit.CallTimeout)
		}
		return ran.Output, ran.ExitCode, err
	}
}

// Describe says how the supervisor is reached.
func (o Opened) Describe() string {
	switch o.Dialect {
	case zinit.DialectCLI:
		return fmt.Sprintf("by its command line alone, so nothing can be registered: %s", o.Because)
	case zinit.DialectLearned:
		at := o.Zinit
		if port := o.Spelling.Dialect.Transport.Port; port != 0 {
			at = fmt.Sprintf("port %d", port)
		}
		return fmt.Sprintf("in a spelling that was learned, at %s: %s", at, o.Because)
	case zinit.DialectBare:
		return fmt.Sprintf("not at all, so only what needs no word with it is judged: %s", o.Because)
	}
	return strings.TrimSuffix(fmt.Sprintf("dialect %s at %s; %s", o.Dialect, o.Zinit, o.Because), "; ")
}

// SupervisorEndpoint returns the endpoint of the supervisor itself, which is asked whether it still answers.
func SupervisorEndpoint(socket string) agent.Endpoint {
	return agent.Endpoint{Socket: socket, Method: "system.ping"}
}
