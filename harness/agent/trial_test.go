package agent_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
)

// staged is a service that serves and whose good reply is remembered.
func staged(t *testing.T, client protocol.Client, options victim.Options, endpoint protocol.Endpoint) (stop func()) {
	t.Helper()
	service := supervise(t, victimCommand(t, options)...)
	awaitServing(t, client, endpoint)
	recalled, err := client.Recall(deadline(t), endpoint)
	if err != nil || len(recalled.Failed) > 0 {
		t.Fatalf("recall: %v, %v", recalled.Failed, err)
	}
	return func() {
		service.mu.Lock()
		service.ended = true
		process := service.process
		service.mu.Unlock()
		_ = process.Kill()
	}
}

// unsound is a probe that asks nobody: it passes wherever there is a socket.
func unsound(socket string) string { return "test -S " + socket }

func TestATrialTellsWhatAProbeDoesAndPutsTheServiceBack(t *testing.T) {
	g := NewWithT(t)
	client, _ := linkAgent(t)
	socket := filepath.Join(t.TempDir(), "s.sock")
	endpoint := protocol.Endpoint{Socket: socket}
	staged(t, client, victim.Options{Socket: socket}, endpoint)
	before, err := os.Stat(socket)
	g.Expect(err).NotTo(HaveOccurred())

	for behaviour, exit := range map[victim.Behaviour]int{
		victim.Good: 0, protocol.Slow: 0, protocol.Stopped: 0, victim.Mute: 0, victim.AcceptClose: 0, victim.Error: 0,
		victim.WrongID: 0, victim.Half: 0, victim.Drip: 0, victim.Unhealthy: 0,
		protocol.Stale: 0, protocol.Backlog: 0, protocol.Missing: 1,
	} {
		delay := 100 * time.Millisecond
		if behaviour == victim.Drip {
			delay = time.Minute
		}
		tried, err := client.Try(deadline(t), protocol.TrialParams{
			Endpoint: endpoint, Behaviour: behaviour, Exec: unsound(socket), Limit: outer, Delay: delay,
		})
		g.Expect(err).NotTo(HaveOccurred(), string(behaviour))
		g.Expect(tried.Ran.ExitCode).To(Equal(exit), string(behaviour))
		g.Expect(tried.Control.ExitCode).To(Equal(0))
		g.Expect(tried.Landing).NotTo(BeEmpty())
		after, err := os.Stat(socket)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(os.SameFile(before, after)).To(BeTrue(), string(behaviour))
	}
	awaitServing(t, client, endpoint)
}

func TestATrialTakesThePortOfAServiceThatIsStopped(t *testing.T) {
	g := NewWithT(t)
	client, _ := linkAgent(t)
	port := freePort(t)
	endpoint := protocol.Endpoint{Port: port, Path: "/health"}
	stop := staged(t, client, victim.Options{Port: port}, endpoint)
	params := protocol.TrialParams{Endpoint: endpoint, Behaviour: victim.Mute, Exec: "exit 0", Limit: outer}
	_, err := client.Try(deadline(t), params)
	g.Expect(err).To(MatchError(ContainSubstring("put an impostor into the service's place")))

	stop()
	for _, behaviour := range []victim.Behaviour{
		victim.Good, protocol.Stopped, victim.Mute, victim.AcceptClose, victim.Error, victim.Half, victim.Drip,
		victim.Unhealthy, protocol.Backlog, protocol.Missing,
	} {
		params.Behaviour = behaviour
		g.Eventually(func() error { _, err := client.Try(deadline(t), params); return err }, outer).Should(Succeed(), string(behaviour))
	}
}

func TestATrialWithoutAGoodReplyIsRefused(t *testing.T) {
	client, _ := linkAgent(t)
	_, err := client.Try(deadline(t), protocol.TrialParams{Endpoint: protocol.Endpoint{Socket: "/nowhere.sock"}, Exec: "true", Limit: outer})
	NewWithT(t).Expect(err).To(MatchError(ContainSubstring("is not known: it was not asked")))
}

func TestAServiceThatDoesNotListenYetIsAskedAgainForItsGoodReply(t *testing.T) {
	g := NewWithT(t)
	client, _ := linkAgent(t)
	endpoint := protocol.Endpoint{Socket: filepath.Join(t.TempDir(), "s.sock")}
	recalled := make(chan protocol.RecallResult, 1)
	go func() {
		result, _ := client.Recall(deadline(t), endpoint)
		recalled <- result
	}()
	g.Consistently(recalled, 200*time.Millisecond).ShouldNot(Receive())
	supervise(t, victimCommand(t, victim.Options{Socket: endpoint.Socket})...)
	g.Eventually(recalled, outer).Should(Receive(HaveField("Failed", BeEmpty())))
	tried, err := client.Try(deadline(t), protocol.TrialParams{Endpoint: endpoint, Behaviour: victim.Good, Exec: "true", Limit: outer})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(tried.Landing).NotTo(BeEmpty())
}

// TestAnInterruptedTrialPutsTheServiceBack: by its caller, and by the end of the link.
func TestAnInterruptedTrialPutsTheServiceBack(t *testing.T) {
	for name, interrupt := range map[string]func(cancel, unlink func()){
		"withdrawn": func(cancel, _ func()) { cancel() },
		"link":      func(_, unlink func()) { unlink() },
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			client, unlink := linkAgent(t)
			socket := filepath.Join(t.TempDir(), "s.sock")
			staged(t, client, victim.Options{Socket: socket}, protocol.Endpoint{Socket: socket})
			before, err := os.Stat(socket)
			g.Expect(err).NotTo(HaveOccurred())
			same := func() bool {
				present, err := os.Stat(socket)
				return err == nil && os.SameFile(before, present)
			}
			ctx, cancel := context.WithCancel(deadline(t))
			defer cancel()
			ended := make(chan error, 1)
			waits := "if [ -e " + socket + ".waits ]; then sleep 30; fi"
			_, err = client.Try(ctx, protocol.TrialParams{Endpoint: protocol.Endpoint{Socket: socket}, Behaviour: victim.Mute, Exec: waits, Limit: outer})
			g.Expect(err).NotTo(HaveOccurred()) // the control is known from here on
			g.Expect(os.WriteFile(socket+".waits", nil, 0o600)).To(Succeed())
			go func() {
				_, err := client.Try(ctx, protocol.TrialParams{Endpoint: protocol.Endpoint{Socket: socket}, Behaviour: victim.Mute, Exec: waits, Limit: outer})
				ended <- err
			}()
			g.Eventually(same, outer).Should(BeFalse(), "somebody else is in the place")
			interrupt(cancel, unlink)
			g.Eventually(ended, outer).Should(Receive(HaveOccurred()))
			g.Eventually(same, outer).Should(BeTrue())
		})
	}
}
