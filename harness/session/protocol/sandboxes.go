package protocol

import (
	"context"
	"fmt"
	"net"
	"slices"
	"time"

	agent "forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/wire"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// MainSandbox is the sandbox that every session has.
const MainSandbox = "main"

// WholeSandbox is the name by which all of a sandbox is leased: its supervisor or its container.
const WholeSandbox = ""

// CanarySandbox is the sandbox whose secrets are canaries: values that are made up for this session. It gets no real secret, so
// it may be searched for them.
const CanarySandbox = "canaries"

// Weight is a container's share of scarce processors: Docker's --cpu-shares, or 0 for Docker's default of 1024.
type Weight int64

// The weights of containers in which nothing is timed, and in which something is timed for minutes.
const (
	Yielding Weight = 64
	Favoured Weight = 16384
)

// Order names an operation of Docker on a whole container.
type Order string

// The orders. Each ends with the container running again and the agent back in it.
const (
	// Pause freezes every process for a while.
	Pause Order = "pause"
	// Restart stops the container as `docker stop` does, within a time, and starts it again.
	Restart Order = "restart"
	// KillFirst sends SIGKILL to the container's first process, and starts the container again if that ended it.
	KillFirst Order = "kill-pid1"
	// Revive starts the container again that has ended with its supervisor. It refuses one that goes on.
	Revive Order = "revive"
	// Upgrade and Rollback stop the container within a time, and start one of the other image on the same data.
	Upgrade  Order = "upgrade"
	Rollback Order = "rollback"
	// UpgradeKilled and RollbackKilled kill the container in place of stopping it.
	UpgradeKilled  Order = "upgrade-killed"
	RollbackKilled Order = "rollback-killed"
)

// Replaces reports whether an order replaces the container by one of the other image.
func (o Order) Replaces() bool {
	return slices.Contains([]Order{Upgrade, UpgradeKilled, Rollback, RollbackKilled}, o)
}

// UpgradeSandbox is the sandbox whose first container is of the image that is upgraded from.
const UpgradeSandbox = "upgrade"

// Interruption is the result of an order.
type Interruption struct {
	// Took is the time from the order to its effect: how long `docker stop` took, or the pause lasted.
	Took time.Duration `json:"took_ns"`
	// ExitCode is that of the container's first process, if it ended.
	ExitCode int `json:"exit_code"`
	// AnswerDelay is the time from the start of the container to the supervisor's first answer.
	AnswerDelay time.Duration `json:"answer_delay_ns"`
	// Refused says why the container or its supervisor did not come up again; it holds the container's last lines if that ended.
	// It is empty if they came up.
	Refused string `json:"refused,omitempty"`
}

// AddressOf returns the address of an endpoint on the other side of a link.
func AddressOf(sandbox string, endpoint agent.Endpoint) wire.Address {
	if endpoint.Socket == "" {
		return wire.Address{Sandbox: sandbox, Network: "tcp", Address: fmt.Sprintf("127.0.0.1:%d", endpoint.Port)}
	}
	return wire.Address{Sandbox: sandbox, Network: "unix", Address: endpoint.Socket}
}

// PortDialer returns a dialer of a socket inside a sandbox, and of the TCP ports on its loopback address.
func PortDialer(link *wire.Link, sandbox, path string) zinit.PortDialer {
	return func(ctx context.Context, port int) (net.Conn, error) {
		endpoint := agent.Endpoint{Socket: path}
		if port != 0 {
			endpoint = agent.Endpoint{Port: port}
		}
		return link.Dial(ctx, AddressOf(sandbox, endpoint))
	}
}

// ZinitDialer returns a dialer of zinit's socket inside a sandbox.
func ZinitDialer(link *wire.Link, sandbox, path string) zinit.Dialer {
	return func(ctx context.Context) (net.Conn, error) {
		return link.Dial(ctx, wire.Address{Sandbox: sandbox, Network: "unix", Address: path})
	}
}
