package protocol

import (
	"context"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
)

// The methods by which registered probes are tried.
const (
	MethodRecall = "trial.recall"
	MethodTrial  = "trial.run"
)

// What is found in a service's place besides the behaviours of a victim.
const (
	// Slow is the good reply, TrialParams.Delay after the question.
	Slow victim.Behaviour = "slow"
	// Stopped is what a process in state T leaves to its clients: a connection that is accepted, because the
	// kernel does that, and of which nothing is ever read.
	Stopped victim.Behaviour = "stopped"
	// Backlog is a listener whose backlog is full: a connection is not even accepted.
	Backlog victim.Behaviour = "backlog"
	// Stale is a socket file that nobody listens on.
	Stale victim.Behaviour = "stale"
	// Missing is no socket file, or a port that nobody listens on.
	Missing victim.Behaviour = "missing"
)

// RecallParams names the services whose good replies are to be remembered.
type RecallParams struct {
	Endpoints []Endpoint `json:"endpoints"`
}

// Recalled says which services could not be asked, with what was wrong: by their socket or port.
type Recalled struct {
	Failed map[string]string `json:"failed,omitempty"`
}

// TrialParams is a command that is to be run while somebody else is in the place of the service that it asks.
type TrialParams struct {
	Endpoint  Endpoint         `json:"endpoint"`
	Behaviour victim.Behaviour `json:"behaviour"`
	// Delay is before each reply of a slow service, and how long a reply that drips takes until it is complete.
	Delay time.Duration `json:"delay_ns,omitempty"`
	// Exec is run by /bin/sh -c with the supervisor's environment, Env and Dir, as a supervisor would.
	Exec          string            `json:"exec"`
	Env           map[string]string `json:"env,omitempty"`
	Dir           string            `json:"dir,omitempty"`
	SupervisorPID int               `json:"supervisor_pid,omitempty"`
	// Limit is how long it may run.
	Limit time.Duration `json:"limit_ns"`
}

// Tried is how a trial went.
type Tried struct {
	// Landing says in words what the agent's own question met in the service's place.
	Landing string `json:"landing"`
	Ran     Ran    `json:"ran"`
	// Control is how the same command ended before a service that behaves well.
	Control Ran `json:"control"`
}

// Recall has the good replies of services remembered, the first time that it is called; they serve as the model
// of what is put in their place.
func (c Client) Recall(ctx context.Context, endpoints ...Endpoint) (Recalled, error) {
	var recalled Recalled
	err := c.Call(ctx, MethodRecall, RecallParams{Endpoints: endpoints}, &recalled)
	return recalled, err
}

// Try runs a command with somebody in the place of the service that it asks. What was there before is back when
// it returns, also where the caller or the link ends meanwhile.
func (c Client) Try(ctx context.Context, params TrialParams) (Tried, error) {
	var tried Tried
	err := c.Call(ctx, MethodTrial, params, &tried)
	return tried, err
}
