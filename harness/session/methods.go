package session

import (
	"encoding/json"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// The methods that the owner answers.
const (
	methodOpen      = "sandbox.open"
	methodOpened    = "sandbox.opened"
	methodAgent     = "sandbox.agent"
	methodAdopt     = "sandbox.adopt"
	methodDismiss   = "sandbox.dismiss"
	methodContainer = "sandbox.container"
	methodFind      = "sandbox.find"
	methodAbout     = "sandbox.about"
	methodCanaries  = "sandbox.canaries"
	methodLogged    = "sandbox.logged"
	methodDisturbed = "sandbox.disturbed"
	methodPublished = "sandbox.published"
	methodLease     = "lease.acquire"
	methodRelease   = "lease.release"
	methodTurn      = "turn.take"
	methodResult    = "record.result"
	methodRecovery  = "record.recovery"
)

// opened is what a client has to know of a sandbox.
type opened struct {
	SupervisorPID int           `json:"supervisor_pid"`
	Zinit         string        `json:"zinit"` // the path of its socket
	Dialect       zinit.Dialect `json:"dialect"`
	// Program is zinit's command and Because why it is used, where the RPC is not understood.
	Program    string       `json:"program,omitempty"`
	Because    string       `json:"because,omitempty"`
	Bystanders []VictimPlan `json:"bystanders"`
	Jitter     int64        `json:"jitter_ns"`
	// Missing are the target's services that did not serve after Boot, when the boot budget was spent, with
	// what was wrong.
	Missing map[string]string `json:"missing,omitempty"`
	Boot    time.Duration     `json:"boot_ns"`
}

type sandboxParams struct {
	Sandbox string `json:"sandbox"`
	// Weight is for methodOpen.
	Weight weight `json:"weight,omitempty"`
}

type agentParams struct {
	Sandbox string          `json:"sandbox"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params,omitempty"`
}

type leaseParams struct {
	Sandbox string `json:"sandbox"`
	Service string `json:"service"`
}

type lease struct {
	ID string `json:"id"`
}

// disturbedParams asks for deaths between two points of the agent's clock that no lease explains.
type disturbedParams struct {
	Sandbox string `json:"sandbox"`
	From    int64  `json:"from"`
	To      int64  `json:"to"`
}

type publishedParams struct {
	Sandbox string `json:"sandbox"`
	Port    int    `json:"port"`
}

type published struct {
	Address string `json:"address"`
}

type resultParams struct {
	Result record.Result `json:"result"`
}

type recoveryParams struct {
	Recovery record.Recovery `json:"recovery"`
}

// adoptParams names a service that is to be watched from now on, or no longer.
type adoptParams struct {
	Sandbox  string            `json:"sandbox"`
	Service  string            `json:"service"`
	Endpoint protocol.Endpoint `json:"endpoint,omitzero"`
	Requires []string          `json:"requires,omitempty"`
}

// containerParams asks for something to be done to a sandbox's container through Docker.
type containerParams struct {
	Sandbox string        `json:"sandbox"`
	Order   Order         `json:"order"`
	For     time.Duration `json:"for_ns,omitempty"`
}
