package owner

import (
	"encoding/json"
	"strings"
	"testing"

	agent "forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
)

// TestAForeignContainerIsNotDamaged checks which faults are refused, in a container of ours and of somebody else.
func TestAForeignContainerIsNotDamaged(t *testing.T) {
	const shipped = "user.hero_osis_server"
	ours, theirs := config.Config{}, config.Config{Container: "hero-local"}
	allowed := config.Config{Container: "hero-local", AllowDestructive: true}
	command := fault.Fault{Name: "zinit-kill", Command: []string{"zinit", "kill", shipped}, Landing: fault.LandsByExit}
	stopping := fault.Fault{Name: "odd", Signal: "SIGTERM", Undo: "SIGCONT"}
	for _, c := range []struct {
		configuration config.Config
		service       string
		fault         fault.Fault
		refused       bool
	}{
		{theirs, shipped, fault.SIGTERM, false},
		{theirs, shipped, fault.SIGINT, false},
		{theirs, shipped, fault.SIGHUP, false},
		{theirs, shipped, fault.SIGKILL, true},
		{theirs, shipped, fault.SIGSEGV, true},
		{theirs, shipped, fault.SIGSTOP, true},
		{theirs, shipped, fault.SIGSTOPGroup, true},
		{theirs, shipped, command, true},
		{theirs, shipped, stopping, true},
		{theirs, "", fault.SIGKILL, true}, // a lease that nobody holds
		{theirs, protocol.VictimName("mine"), fault.SIGKILL, false},
		{allowed, shipped, fault.SIGKILL, false},
		{ours, shipped, fault.SIGKILL, false},
	} {
		owner := &Owner{configuration: c.configuration, leases: newLeases(agentClock{}, nil)}
		id := "lease-of-nobody"
		if c.service != "" {
			var err error
			if id, err = owner.leases.acquire(t.Context(), lease{subject: subject{protocol.MainSandbox, c.service}}); err != nil {
				t.Fatal(err)
			}
		}
		params, err := json.Marshal(agent.InjectParams{Lease: id, Fault: c.fault})
		if err != nil {
			t.Fatal(err)
		}
		err = owner.permit(protocol.AgentParams{Method: agent.MethodInject, Params: params})
		if (err != nil) != c.refused || (err != nil && !strings.Contains(err.Error(), "ALLOW_DESTRUCTIVE=1")) {
			t.Errorf("%s of %q in %q: %v", c.fault, c.service, c.configuration.Container, err)
		}
	}
}

func TestNothingIsWrittenIntoAForeignContainer(t *testing.T) {
	for path, refused := range map[string]bool{protocol.VictimHome + "/a": false, "/data/x": true, protocol.VictimHome + "/../data/x": true, protocol.VictimHome: true} {
		params, err := json.Marshal(agent.WriteParams{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			configuration config.Config
			refused       bool
		}{{config.Config{Container: "hero-local"}, refused}, {config.Config{}, false}, {config.Config{Container: "x", AllowDestructive: true}, false}} {
			owner := &Owner{configuration: c.configuration}
			if err := owner.permit(protocol.AgentParams{Method: agent.MethodWriteFile, Params: params}); (err != nil) != c.refused {
				t.Errorf("%s in %q: %v", path, c.configuration.Container, err)
			}
		}
	}
}
