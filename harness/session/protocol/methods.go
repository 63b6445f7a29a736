// Package protocol defines what the clients of a session and its owner say to each other over a unix socket: methods, parameters,
// results and errors. It also holds what both sides must agree on: sandboxes, victims, and how the supervisor is reached.
package protocol

import (
	"encoding/json"
	"time"

	agent "forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// The methods that the owner answers.
const (
	MethodOpen      = "sandbox.open"
	MethodOpened    = "sandbox.opened"
	MethodAgent     = "sandbox.agent"
	MethodAdopt     = "sandbox.adopt"
	MethodDismiss   = "sandbox.dismiss"
	MethodContainer = "sandbox.container"
	MethodFind      = "sandbox.find"
	MethodAbout     = "sandbox.about"
	MethodCanaries  = "sandbox.canaries"
	MethodLogged    = "sandbox.logged"
	MethodDisturbed = "sandbox.disturbed"
	MethodOutages   = "sandbox.outages"
	MethodPublished = "sandbox.published"
	MethodLease     = "lease.acquire"
	MethodRelease   = "lease.release"
	MethodTurn      = "turn.take"
	MethodResult    = "record.result"
	MethodRecovery  = "record.recovery"
)

// Opened describes a started sandbox to a client.
type Opened struct {
	SupervisorPID int           `json:"supervisor_pid"`
	Zinit         string        `json:"zinit"` // the path of its socket
	Dialect       zinit.Dialect `json:"dialect"`
	// Program is zinit's command, and Because says why it is used: the RPC is not understood.
	Program string `json:"program,omitempty"`
	Because string `json:"because,omitempty"`
	// Spelling is the supervisor's, if it was learned.
	Spelling   *zinit.Spelling `json:"spelling,omitempty"`
	Bystanders []VictimPlan    `json:"bystanders"`
	Jitter     int64           `json:"jitter_ns"`
	// Missing says what is wrong with each service of the target that did not serve after BootPeriod, which then is the boot budget.
	Missing    map[string]string `json:"missing,omitempty"`
	BootPeriod time.Duration     `json:"boot_ns"`
	// Generation counts from 1 how often a sandbox of this name was started: one that was removed to make room is started again.
	Generation int `json:"generation,omitempty"`
}

// SandboxParams names a sandbox.
type SandboxParams struct {
	Sandbox string `json:"sandbox"`
	// Weight is for MethodOpen.
	Weight Weight `json:"weight,omitempty"`
}

// AgentParams is a call of the agent in a sandbox.
type AgentParams struct {
	Sandbox string          `json:"sandbox"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params,omitempty"`
}

// LeaseParams names a service to reserve.
type LeaseParams struct {
	Sandbox string `json:"sandbox"`
	Service string `json:"service"`
	// Together allows others at the same time that are together as well, though one depends on the other.
	Together bool `json:"together,omitempty"`
}

// Lease is the right of one client to fault a service, until it releases it.
type Lease struct {
	ID string `json:"id"`
}

// DisturbedParams asks for the ends of processes between two points of the agent's clock that no lease explains.
type DisturbedParams struct {
	Sandbox string `json:"sandbox"`
	From    int64  `json:"from"`
	To      int64  `json:"to"`
}

// PublishedParams names a port of the container.
type PublishedParams struct {
	Sandbox string `json:"sandbox"`
	Port    int    `json:"port"`
}

// Published is where a published port answers.
type Published struct {
	// Address is the host's.
	Address string `json:"address"`
	// Inside is the container's own on its network, empty if it has none.
	Inside string `json:"inside,omitempty"`
}

// ResultParams is a result for the record. The spec has ended: the client gives back every sandbox that it has opened.
type ResultParams struct {
	Result record.Result `json:"result"`
	// Sandbox is the one that the spec was labelled with, empty if that is none beside the main one.
	Sandbox string `json:"sandbox,omitempty"`
}

// RecoveryParams is a recovery for the record.
type RecoveryParams struct {
	Recovery record.Recovery `json:"recovery"`
}

// AdoptParams names a service to watch from now on, or no longer.
type AdoptParams struct {
	Sandbox  string         `json:"sandbox"`
	Service  string         `json:"service"`
	Endpoint agent.Endpoint `json:"endpoint,omitzero"`
	Requires []string       `json:"requires,omitempty"`
}

// ContainerParams is an order for a sandbox's container.
type ContainerParams struct {
	Sandbox string `json:"sandbox"`
	Order   Order  `json:"order"`
	// Limit is how long a pause lasts, or how long `docker stop` waits before it kills.
	Limit time.Duration `json:"limit_ns,omitempty"`
}
