package recovery_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
)

// fakeSandbox is a sandbox without a container: a service that says status, and an agent that answers by method.
type fakeSandbox struct {
	status string
	agent  map[string]any // a result, or an error
	calls  []string
	params map[string]any
}

func (g *fakeSandbox) Agent() protocol.Client {
	return protocol.Client{Call: func(_ context.Context, method string, params, result any) error {
		g.calls = append(g.calls, method)
		g.params[method] = params
		answer := g.agent[method]
		if err, failed := answer.(error); failed {
			return err
		}
		if result == nil {
			return nil
		}
		text, err := json.Marshal(answer)
		if err != nil {
			return err
		}
		return json.Unmarshal(text, result)
	}}
}

func (g *fakeSandbox) Dial(context.Context, protocol.Endpoint) (net.Conn, error) {
	if g.status == "" {
		return nil, errors.New("connection refused")
	}
	client, server := net.Pipe()
	go func() {
		_, _ = bufio.NewReader(server).ReadString('\n')
		_, _ = fmt.Fprintf(server, `{"id":1,"result":{"status":%q}}`, g.status)
		_, _ = io.Copy(io.Discard, server)
	}()
	return client, nil
}

func (*fakeSandbox) StatusText(context.Context, string) string { return "running" }
func (*fakeSandbox) SupervisorPID() int                        { return 7 }

func at(milliseconds int64) *record.Interval {
	return &record.Interval{Lo: milliseconds * 1e6, Hi: milliseconds*1e6 + 1000}
}

var (
	before = protocol.Identity{
		Serving: record.Incarnation{PID: 41, StartTime: 100, Argv: []string{"server"}},
		Root:    record.Incarnation{PID: 40, StartTime: 99, Argv: []string{"sh"}}, How: "peer of /s.sock",
	}
	after = protocol.Identity{Serving: record.Incarnation{PID: 51, StartTime: 200}, Root: record.Incarnation{PID: 50, StartTime: 199}}
)

// healthy returns a sandbox in which everything goes well.
func healthy() *fakeSandbox {
	return &fakeSandbox{status: "ok", params: map[string]any{}, agent: map[string]any{
		protocol.MethodIdentify: before,
		protocol.MethodInject: protocol.Observation{
			Injected: *at(1), Landing: &record.Landing{At: *at(2), Proof: "exited"},
			Exited: at(2), Noticed: at(3), Respawned: at(4), Accepting: at(5), Serving: at(6),
			After: &after, Ended: 7e6, WorstGap: 1234,
		},
		protocol.MethodUndo: nil,
	}}
}

// experiment returns what is known of a fault before it is injected.
func experiment(f fault.Fault) (*record.Recovery, protocol.InjectParams) {
	seen := &record.Recovery{ID: "restart.sigterm/user.x#1.1", Promise: "restart.sigterm", Sandbox: "main", Service: "user.x", Fault: f.Name}
	return seen, protocol.InjectParams{Lease: "lease-1", Endpoint: protocol.Endpoint{Socket: "/s.sock"}, Fault: f, ObservationLimit: 3 * time.Second}
}

func TestRunRecordsTheObservation(t *testing.T) {
	g := healthy()
	seen, params := experiment(fault.SIGTERM)
	if err := recovery.Run(t.Context(), g, seen, params); err != nil {
		t.Fatal(err)
	}
	want := record.Recovery{
		ID: seen.ID, Promise: "restart.sigterm", Service: "user.x", Sandbox: "main", Fault: "SIGTERM",
		Before: before.Serving, Steady: "healthy", Identity: "peer of /s.sock",
		Injected: *at(1), Landing: &record.Landing{At: *at(2), Proof: "exited"},
		Exited: at(2), Noticed: at(3), Respawned: at(4), Accepting: at(5), Serving: at(6),
		Observed: record.Interval{Lo: 1e6, Hi: 7e6}, After: after.Serving, WorstGap: 1234, Status: "running",
	}
	if !reflect.DeepEqual(*seen, want) {
		t.Errorf("the recovery is\n%+v, not\n%+v", *seen, want)
	}
	if calls := []string{protocol.MethodIdentify, protocol.MethodInject, protocol.MethodUndo}; !slices.Equal(g.calls, calls) {
		t.Errorf("the agent was called %v, not %v", g.calls, calls)
	}
	wantInject := protocol.InjectParams{
		Lease: "lease-1", Fault: fault.SIGTERM, Endpoint: params.Endpoint, Victim: before, SupervisorPID: 7, ObservationLimit: params.ObservationLimit,
	}
	if got := g.params[protocol.MethodInject]; !reflect.DeepEqual(got, wantInject) {
		t.Errorf("injected %+v, not %+v", got, wantInject)
	}
	if got := g.params[protocol.MethodUndo]; !reflect.DeepEqual(got, protocol.UndoParams{Lease: "lease-1"}) {
		t.Errorf("undone %+v", got)
	}
}

func TestAnUnprovedFaultIsInconclusive(t *testing.T) {
	const steady, identified, injected, undone = 0, 1, 2, 3
	for name, c := range map[string]struct {
		fault  fault.Fault
		spoil  func(*fakeSandbox)
		reason string
		calls  int // of the agent: what had to come first has not been done
	}{
		"nobody answers": {fault.SIGTERM, func(g *fakeSandbox) { g.status = "" }, "user.x was not healthy before the fault: connection refused", steady},
		"unhealthy":      {fault.SIGTERM, func(g *fakeSandbox) { g.status = "unhealthy" }, `user.x was not healthy before the fault: server.health says status "unhealthy"`, steady},
		"not identified": {
			fault.SIGTERM, func(g *fakeSandbox) { g.agent[protocol.MethodIdentify] = errors.New("nobody listens on it") },
			"user.x could not be identified: nobody listens on it", identified,
		},
		"not injected": {
			fault.SIGTERM, func(g *fakeSandbox) { g.agent[protocol.MethodInject] = errors.New("no longer the one") },
			"SIGTERM could not be injected into user.x: no longer the one", injected,
		},
		"not permitted": {
			fault.SIGTERM, func(g *fakeSandbox) {
				g.agent[protocol.MethodInject] = recovery.NotProved("it may leave damage behind")
			},
			"it may leave damage behind", injected,
		},
		"not landed by an exit": {
			fault.SIGTERM, func(g *fakeSandbox) {
				g.agent[protocol.MethodInject] = protocol.Observation{Injected: *at(1), Ended: 9e6}
			},
			"SIGTERM did not land on user.x: the process had not exited 3s later", undone,
		},
		"not landed by a stop": {
			fault.SIGSTOP, func(g *fakeSandbox) {
				g.agent[protocol.MethodInject] = protocol.Observation{Injected: *at(1), Ended: 9e6}
			},
			"SIGSTOP did not land on user.x: it was not stopped in every task, or answered all the same", undone,
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := healthy()
			c.spoil(g)
			seen, params := experiment(c.fault)
			err := recovery.Run(t.Context(), g, seen, params)
			var nothing *recovery.Inconclusive
			if !errors.As(err, &nothing) || nothing.Error() != c.reason {
				t.Errorf("%v, not inconclusive: %s", err, c.reason)
			}
			if len(g.calls) != c.calls {
				t.Errorf("the agent was called %v", g.calls)
			}
			if seen.ID == "" || seen.Service != "user.x" || (seen.Steady != "") != (c.calls > steady) || (seen.Before.PID != 0) != (c.calls > identified) {
				t.Errorf("what was seen until then is %+v", *seen)
			}
		})
	}
}

// TestAFaultThatCannotBeUndoneIsAnError checks that the error says nothing about the target, and that what was seen is kept.
func TestAFaultThatCannotBeUndoneIsAnError(t *testing.T) {
	g := healthy()
	g.agent[protocol.MethodUndo] = errors.New("the link has ended")
	seen, params := experiment(fault.SIGSTOP)
	err := recovery.Run(t.Context(), g, seen, params)
	var nothing *recovery.Inconclusive
	if err == nil || errors.As(err, &nothing) || !strings.Contains(err.Error(), "undo SIGSTOP of user.x: the link has ended") {
		t.Errorf("%v", err)
	}
	if seen.Serving == nil {
		t.Error("what was seen is lost")
	}
}
