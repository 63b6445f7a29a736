package agent_test

import (
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/ask"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
)

// TestAFaultIsAimedAtWorkersAndWrappers: the service answers on, and the landing says what was stopped.
func TestAFaultIsAimedAtWorkersAndWrappers(t *testing.T) {
	for name, tc := range map[string]struct {
		options victim.Options
		wrapped bool
		fault   fault.Fault
		proof   string
	}{
		"worker":  {victim.Options{Workers: 2}, false, fault.SIGSTOPWorker, "tasks of the worker"},
		"wrapper": {victim.Options{}, true, fault.SIGSTOPWrapper, "tasks of the wrapper"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			client, _ := linkAgent(t)
			tc.options.Socket = filepath.Join(t.TempDir(), "s.sock")
			argv := victimCommand(t, tc.options)
			if tc.wrapped {
				argv = []string{"/bin/sh", "-c", `"$@"; true`, "sh", argv[0], argv[1], argv[2]}
			}
			supervise(t, argv...)
			endpoint := protocol.Endpoint{Socket: tc.options.Socket}
			awaitServing(t, client, endpoint)
			g.Expect(ask.Ask(deadline(t), endpoint, outer).Err).NotTo(HaveOccurred(), "the socket listens before the first worker starts")
			observed := inject(t, client, endpoint, tc.fault, 400*time.Millisecond)
			g.Expect(observed.Landing).NotTo(BeNil())
			g.Expect(observed.Landing.Proof).To(ContainSubstring(tc.proof))
			g.Expect(observed.Exited).To(BeNil())
			awaitServing(t, client, endpoint)
		})
	}
}

func TestAnAimThatThereIsNotIsRefused(t *testing.T) {
	g := NewWithT(t)
	client, _ := linkAgent(t)
	socket := filepath.Join(t.TempDir(), "s.sock")
	supervise(t, victimCommand(t, victim.Options{Socket: socket})...)
	endpoint := protocol.Endpoint{Socket: socket}
	for reason, f := range map[string]fault.Fault{
		"no wrapper": fault.SIGSTOPWrapper, "no worker": fault.SIGSTOPWorker,
	} {
		_, err := client.Inject(deadline(t), protocol.InjectParams{
			Lease: "aim", Fault: f, Endpoint: endpoint, Victim: awaitServing(t, client, endpoint), ObservationLimit: time.Second,
		})
		g.Expect(err).To(MatchError(ContainSubstring(reason)))
	}
}
