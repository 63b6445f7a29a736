// Package recovery leads one fault through its life: steady before, identified, injected, landed, observed
// in phases, undone, settled. What came of it is data; whether it is good enough is for others to judge.
package recovery

import (
	"context"
	"fmt"
	"net"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// steadyPatience is how long a healthy service may take to answer before a fault: the slowest healthy reply
// that a promise grants is 1 s, and a host may be busy.
const steadyPatience = 5 * time.Second

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

// Ground is the sandbox that an experiment takes place in.
type Ground interface {
	// Agent is the hand inside the container.
	Agent() protocol.Client
	Dialer
	// Word is what the supervisor itself says of a service, in a few words.
	Word(ctx context.Context, service string) string
	// SupervisorPID is the supervisor's process, 0 where it is not known.
	SupervisorPID() int
}

// Experiment is one fault as planned.
type Experiment struct {
	ID, Promise, Sandbox, Service string
	// Lease is the key under which the fault is undone.
	Lease    string
	Endpoint protocol.Endpoint
	Fault    fault.Fault
	// Window is how long to observe at most, from the injection on.
	Window time.Duration
	// Due is how long after the exit the new process is due.
	Due time.Duration
}

// Run leads an experiment through its life. The error is an *Inconclusive where the service was not steady
// before, could not be identified, or the fault did not land; the recovery holds what was seen until then.
func Run(ctx context.Context, ground Ground, e Experiment) (record.Recovery, error) {
	seen := record.Recovery{ID: e.ID, Promise: e.Promise, Service: e.Service, Sandbox: e.Sandbox, Fault: e.Fault.Name}
	if err := Steady(ctx, ground, e.Endpoint); err != nil {
		return seen, NotProved(fmt.Sprintf("%s was not healthy before the fault: %v", e.Service, err))
	}
	seen.Steady = "healthy"
	identity, err := ground.Agent().Identify(ctx, protocol.IdentifyParams{Endpoint: e.Endpoint, SupervisorPID: ground.SupervisorPID()})
	if err != nil {
		return seen, NotProved(fmt.Sprintf("%s could not be identified: %v", e.Service, err))
	}
	seen.Before, seen.Identity = identity.Serving, identity.How

	observation, err := ground.Agent().Inject(ctx, protocol.InjectParams{
		Lease: e.Lease, Fault: e.Fault, Endpoint: e.Endpoint, Victim: identity,
		SupervisorPID: ground.SupervisorPID(), Window: e.Window, Due: e.Due,
	})
	if err != nil {
		return seen, NotProved(fmt.Sprintf("%s could not be injected into %s: %v", e.Fault, e.Service, err))
	}
	fill(&seen, observation)
	seen.Status = ground.Word(ctx, e.Service)
	if err := ground.Agent().Undo(ctx, e.Lease); err != nil {
		return seen, fmt.Errorf("undo %s of %s: %w", e.Fault, e.Service, err)
	}
	if seen.Landing == nil {
		return seen, &Inconclusive{Cause: record.Cause{Kind: record.CauseNoLanding, Detail: fmt.Sprintf("%s did not land on %s: %s", e.Fault, e.Service, notLanded(e))}}
	}
	return seen, nil
}

func notLanded(e Experiment) string {
	if e.Fault.Landing != fault.LandsByExit {
		return "it was not stopped in every task, or answered all the same"
	}
	return fmt.Sprintf("the process had not exited %s later", e.Window)
}

// Dialer connects to an endpoint inside a sandbox.
type Dialer interface {
	Dial(ctx context.Context, endpoint protocol.Endpoint) (net.Conn, error)
}

// Steady asks a service the harness's own question: the supervisor's word is no evidence.
func Steady(ctx context.Context, ground Dialer, endpoint protocol.Endpoint) error {
	ctx, cancel := context.WithTimeout(ctx, steadyPatience)
	defer cancel()
	conn, err := ground.Dial(ctx, endpoint)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	return endpoint.Question().Ask(ctx, conn)
}

func fill(seen *record.Recovery, o protocol.Observation) {
	seen.Injected, seen.Landing = o.Injected, o.Landing
	seen.Exited, seen.Noticed, seen.Respawned = o.Exited, o.Noticed, o.Respawned
	seen.Accepting, seen.Serving = o.Accepting, o.Serving
	seen.Observed = record.Interval{Lo: o.Injected.Lo, Hi: o.Ended}
	seen.WorstGap, seen.Pressure = o.WorstGap, int64(o.Pressure)
	if o.After != nil {
		seen.After = o.After.Serving
	}
}
