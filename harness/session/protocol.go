package session

import (
	agent "forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// The types of the protocol that specs use. A theme imports this package alone.
type (
	// VictimPlan is a plan for a victim: a service of the harness that is registered in the target.
	VictimPlan = protocol.VictimPlan
	// Service is a service in a sandbox: shipped by the target, or a victim.
	Service = protocol.Service
	// Order names an operation of Docker on a whole container.
	Order = protocol.Order
	// Interruption is the result of an order to a container.
	Interruption = protocol.Interruption
	// Published is where a port of the container answers.
	Published = protocol.Published
	// Canaries are made-up secrets by the names of their variables.
	Canaries = protocol.Canaries
)

// The sandboxes that have a meaning of their own, the orders to a container, the victim that has a dependent, and the folder of all victims.
const (
	MainSandbox   = protocol.MainSandbox
	WholeSandbox  = protocol.WholeSandbox
	CanarySandbox = protocol.CanarySandbox
	HostSandbox   = protocol.HostSandbox
	Pause         = protocol.Pause
	Restart       = protocol.Restart
	KillFirst     = protocol.KillFirst
	Base          = protocol.Base
	VictimHome    = protocol.VictimHome

	UpgradeSandbox = protocol.UpgradeSandbox
	Upgrade        = protocol.Upgrade
	Rollback       = protocol.Rollback
	UpgradeKilled  = protocol.UpgradeKilled
	RollbackKilled = protocol.RollbackKilled
)

// NewVictim returns a plan for a well-behaved victim at its own socket, without a health check.
func NewVictim(name string, policy zinit.RetryPolicy) VictimPlan {
	return protocol.NewVictim(name, policy)
}

// VictimCommand returns the command that runs a victim with options, for an action that is none of a plan.
func VictimCommand(options victim.Options) string {
	return protocol.CommandLine(append([]string{protocol.VictimBinary, "victim"}, options.Args()...))
}

// CommandLine quotes words for a POSIX shell, as the exec of an action.
func CommandLine(words ...string) string { return protocol.CommandLine(words) }

// VictimName returns the name of a victim.
func VictimName(name string) string { return protocol.VictimName(name) }

// BaseVictim returns the victim of every sandbox that a bystander depends on: it exits 0 on SIGTERM.
func BaseVictim(t *target.Target) Service { return protocol.BaseVictim(t) }

// EndpointOf returns the endpoint at which a service of the target answers.
func EndpointOf(service target.Service) agent.Endpoint { return protocol.EndpointOf(service) }
