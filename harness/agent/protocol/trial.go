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

// What can be in a service's place besides the behaviours of a victim.
const (
	// Slow is the good reply, TrialParams.Delay after the question.
	Slow victim.Behaviour = "slow"
	// Stopped is a process in state T: the kernel accepts connections, and nothing reads them.
	Stopped victim.Behaviour = "stopped"
	// Backlog is a listener with a full backlog, which accepts no connection.
	Backlog victim.Behaviour = "backlog"
	// Stale is a socket file without a listener.
	Stale victim.Behaviour = "stale"
	// Missing is no socket file, or a port without a listener.
	Missing victim.Behaviour = "missing"
)

// RecallParams names the services whose good replies are remembered.
type RecallParams struct {
	Endpoints []Endpoint `json:"endpoints"`
}

// RecallResult says what was wrong with each service that could not be asked, by its socket or port.
type RecallResult struct {
	Failed map[string]string `json:"failed,omitempty"`
}

// TrialParams is a command that is run while an impostor is in the place of the service that it asks.
type TrialParams struct {
	Endpoint  Endpoint         `json:"endpoint"`
	Behaviour victim.Behaviour `json:"behaviour"`
	// Delay is the time before each reply of a slow service, and the time that a dripping reply takes until it is complete.
	Delay time.Duration `json:"delay_ns,omitempty"`
	// Exec is run by /bin/sh -c with the supervisor's environment, Env and Dir, as a supervisor would.
	Exec          string            `json:"exec"`
	Env           map[string]string `json:"env,omitempty"`
	Dir           string            `json:"dir,omitempty"`
	SupervisorPID int               `json:"supervisor_pid,omitempty"`
	// Limit bounds its run.
	Limit time.Duration `json:"limit_ns"`
}

// TrialResult is the result of a trial.
type TrialResult struct {
	// Landing says in words what the agent's own question met.
	Landing string        `json:"landing"`
	Ran     CommandResult `json:"ran"`
	// Control is the result of the same command before a service that behaves well.
	Control CommandResult `json:"control"`
}

// Recall remembers the good replies of services the first time that it is called. They are the model for the impostors.
func (c Client) Recall(ctx context.Context, endpoints ...Endpoint) (RecallResult, error) {
	return call[RecallResult](ctx, c, MethodRecall, RecallParams{Endpoints: endpoints})
}

// Try runs a command with an impostor in the place of the service that it asks. The service's own socket is back when Try returns, also if
// the caller or the link ends meanwhile.
func (c Client) Try(ctx context.Context, params TrialParams) (TrialResult, error) {
	return call[TrialResult](ctx, c, MethodTrial, params)
}
