package owner

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	agent "forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
)

// TestALastingFaultNeedsLeaveInAForeignContainer checks who may begin a lasting fault where.
func TestALastingFaultNeedsLeaveInAForeignContainer(t *testing.T) {
	for _, c := range []struct {
		configuration config.Config
		fault         fault.Lasting
		refusal       string
	}{
		{config.Config{}, fault.SupervisorStopped, ""},
		{config.Config{}, fault.CPUStarved, ""},
		{config.Config{Container: "hero-local"}, fault.SupervisorStopped, "set ALLOW_DESTRUCTIVE=1"},
		{config.Config{Container: "hero-local"}, fault.CPUStarved, "is done to the container as a whole"},
		{config.Config{Container: "hero-local", AllowDestructive: true}, fault.DescriptorsGone, ""},
		{config.Config{Container: "hero-local", AllowDestructive: true}, fault.CPUStarved, "is done to the container as a whole"},
	} {
		err := protocol.PermitLasting(c.configuration, c.fault)
		if (err == nil) != (c.refusal == "") || err != nil && !strings.Contains(err.Error(), c.refusal) {
			t.Errorf("%s in %q, destructive %v: %v, not %q", c.fault, c.configuration.Container, c.configuration.AllowDestructive, err, c.refusal)
		}
	}
}

// TestALastingFaultNeedsALease checks that a client begins a lasting fault only in a sandbox that it has leased, and not past the session.
func TestALastingFaultNeedsALease(t *testing.T) {
	o := &Owner{leases: newLeases(fixedClock{}, func(string, string, string) bool { return false })}
	mine, other := &heldLeases{owner: o, ids: map[string]struct{}{}}, &heldLeases{owner: o, ids: map[string]struct{}{}}
	id, err := o.leases.acquire(t.Context(), lease{subject: subject{protocol.HostSandbox, protocol.WholeSandbox}, client: mine})
	if err != nil {
		t.Fatal(err)
	}
	mine.ids[id] = struct{}{}
	for _, c := range []struct {
		client  *heldLeases
		sandbox string
		lease   string
	}{{other, protocol.HostSandbox, id}, {mine, "another", id}, {mine, protocol.HostSandbox, "lease-99"}} {
		_, err := c.client.beginLasting(context.Background(), protocol.LastingParams{Sandbox: c.sandbox, Lease: c.lease, Fault: fault.SupervisorStopped})
		if err == nil || !strings.Contains(err.Error(), "has no lease") {
			t.Errorf("in %s under %s: %v", c.sandbox, c.lease, err)
		}
	}
	params, err := json.Marshal(agent.LastingParams{Lease: id, Fault: fault.SupervisorStopped})
	if err != nil {
		t.Fatal(err)
	}
	if err := o.permit(protocol.AgentParams{Sandbox: protocol.HostSandbox, Method: agent.MethodBeginLasting, Params: params}); err == nil {
		t.Error("a client began a lasting fault past the session")
	}
}

// fixedClock does not go on.
type fixedClock struct{}

func (fixedClock) earliest() int64 { return 1 }
func (fixedClock) latest() int64   { return 1 }

// TestALimitThatDockerLacksIsRefused checks that no container is touched for a fault that is not known.
func TestALimitThatDockerLacksIsRefused(t *testing.T) {
	live := &liveSandbox{}
	if err := live.setLimit(context.Background(), fault.DiskFull.Name, 1); err == nil || !strings.Contains(err.Error(), "no limit for it") {
		t.Errorf("error %v", err)
	}
}
