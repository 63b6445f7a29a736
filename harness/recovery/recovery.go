// Package recovery leads one fault through its life: steady before, identified, injected, landed, observed in phases, undone. The
// result is data. Whether it is good enough is judged elsewhere.
package recovery

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// steadyTimeout is the longest time that a healthy service may take to answer before a fault. The slowest healthy reply that a promise grants
// is 1 s, and a host may be busy.
const steadyTimeout = 5 * time.Second

// Inconclusive is the error of an experiment that proved nothing about the target. It is neither a success nor a failure.
type Inconclusive struct{ Cause record.Cause }

// Error returns the cause as a sentence.
func (i *Inconclusive) Error() string { return i.Cause.Sentence() }

// NotExpressible returns an *Inconclusive of something that the supervisor has no words for, as err says.
func NotExpressible(err error) error {
	return &Inconclusive{Cause: record.Cause{Kind: record.CauseNotExpressible, Detail: err.Error()}}
}

// NotProved returns an *Inconclusive of an experiment that could not be made. why is one line.
func NotProved(why string) error { return &Inconclusive{Cause: record.NotProved(why)} }

// Sandbox is a started target in which a fault is injected.
type Sandbox interface {
	Dialer
	// Agent returns a client of the agent inside the container.
	Agent() protocol.Client
	// StatusText returns in a few words what the supervisor says of a service.
	StatusText(ctx context.Context, service string) string
	// SupervisorPID returns the supervisor's process, 0 if it is not known.
	SupervisorPID() int
}

// Dialer connects to an endpoint inside a sandbox.
type Dialer interface {
	Dial(ctx context.Context, endpoint protocol.Endpoint) (net.Conn, error)
}

// Run leads a fault on the service of seen through its life, and adds to seen what it observes. It fills in the victim. The
// error is an *Inconclusive if the service was not steady before, could not be identified, or the fault did not land.
func Run(ctx context.Context, sandbox Sandbox, seen *record.Recovery, params protocol.InjectParams) error {
	if err := CheckSteady(ctx, sandbox, params.Endpoint); err != nil {
		return NotProved(fmt.Sprintf("%s was not healthy before the fault: %v", seen.Service, err))
	}
	seen.Steady = "healthy"
	params.SupervisorPID = sandbox.SupervisorPID()
	identity, err := sandbox.Agent().Identify(ctx, protocol.IdentifyParams{Endpoint: params.Endpoint, SupervisorPID: params.SupervisorPID})
	if err != nil {
		return NotProved(fmt.Sprintf("%s could not be identified: %v", seen.Service, err))
	}
	seen.Before, seen.Identity, params.Victim = identity.Serving, identity.How, identity

	observation, err := sandbox.Agent().Inject(ctx, params)
	var inconclusive *Inconclusive
	if errors.As(err, &inconclusive) {
		return err
	}
	if err != nil {
		return NotProved(fmt.Sprintf("%s could not be injected into %s: %v", params.Fault, seen.Service, err))
	}
	addObservation(seen, observation)
	seen.Status = sandbox.StatusText(ctx, seen.Service)
	if err := sandbox.Agent().Undo(ctx, params.Lease); err != nil {
		return fmt.Errorf("undo %s of %s: %w", params.Fault, seen.Service, err)
	}
	if seen.Landing == nil {
		return &Inconclusive{Cause: record.Cause{
			Kind: record.CauseNoLanding, Detail: fmt.Sprintf("%s did not land on %s: %s", params.Fault, seen.Service, explainNoLanding(params)),
		}}
	}
	return nil
}

func explainNoLanding(params protocol.InjectParams) string {
	if params.Fault.Landing != fault.LandsByExit {
		return "it was not stopped in every task, or answered all the same"
	}
	return fmt.Sprintf("the process had not exited %s later", params.ObservationLimit)
}

// CheckSteady asks a service the harness's own question. The supervisor's status is no evidence.
func CheckSteady(ctx context.Context, dialer Dialer, endpoint protocol.Endpoint) error {
	ctx, cancel := context.WithTimeout(ctx, steadyTimeout)
	defer cancel()
	conn, err := dialer.Dial(ctx, endpoint)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	return endpoint.Question().Ask(ctx, conn)
}

func addObservation(seen *record.Recovery, o protocol.Observation) {
	seen.Injected, seen.Landing = o.Injected, o.Landing
	seen.Exited, seen.Noticed, seen.Respawned = o.Exited, o.Noticed, o.Respawned
	seen.Accepting, seen.Serving, seen.Ends = o.Accepting, o.Serving, o.Ends
	seen.Observed = record.Interval{Lo: o.Injected.Lo, Hi: o.Ended}
	seen.WorstGap, seen.Pressure = o.WorstGap, int64(o.Pressure)
	if o.After != nil {
		seen.After = o.After.Serving
	}
}
