package owner

import (
	"errors"
	"testing"
	"time"

	"github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// newAlienSession returns a session of the embedded target with an RPC that we do not understand.
func newAlienSession(t *testing.T, configuration config.Config) *session.Session {
	t.Helper()
	described, err := target.Load(configuration.Target)
	if err != nil {
		t.Fatal(err)
	}
	described.Container.Env["ZINIT_RPC"] = "alien"
	return session.For(configuration, described)
}

// TestTheCommandLineIsEnoughToJudge checks a target whose RPC is not understood: shipped services are judged, and what needs
// registration is inconclusive and says why.
func TestTheCommandLineIsEnoughToJudge(t *testing.T) {
	t.Parallel()
	_, configuration := prepareSession(t)
	ctx, g := deadline(t), gomega.NewWithT(t)
	chaos := newAlienSession(t, configuration)
	owner, err := Open(ctx, configuration, chaos.Target)
	g.Expect(err).NotTo(gomega.HaveOccurred())
	defer func() { g.Expect(owner.Close(ctx)).To(gomega.Succeed()) }()
	g.Expect(chaos.Connect(ctx, owner.Socket(), "test")).To(gomega.Succeed())
	defer func() { _ = chaos.Disconnect() }()
	box, err := chaos.Sandbox(ctx, protocol.MainSandbox)
	g.Expect(err).NotTo(gomega.HaveOccurred())

	g.Expect(box.Supervisor.Dialect()).To(gomega.Equal(zinit.DialectCLI))
	g.Expect(box.SupervisorPID()).NotTo(gomega.BeZero())
	g.Expect(box.Bystanders()).To(gomega.BeEmpty())
	missing, _ := box.Boot()
	g.Expect(missing).To(gomega.BeEmpty())
	shipped := chaos.Shipped(chaos.Target.Services[0])
	seen, err := box.Inject(ctx, session.Injection{Promise: promise.RestartSIGTERM, Service: shipped, Fault: fault.SIGTERM, ObservationLimit: 20 * time.Second})
	g.Expect(err).NotTo(gomega.HaveOccurred())
	g.Expect(seen.Serving).NotTo(gomega.BeNil())
	g.Expect(box.StatusText(ctx, shipped.Name)).To(gomega.Equal("running"))
	g.Expect(box.Supervisor.Logs(ctx, shipped.Name, 5)).NotTo(gomega.BeEmpty())

	var nothing *recovery.Inconclusive
	_, err = box.Register(ctx, protocol.NewVictim("impossible", chaos.Target.Policy))
	g.Expect(errors.As(err, &nothing)).To(gomega.BeTrue())
	g.Expect(nothing.Error()).To(gomega.And(gomega.ContainSubstring("service.set"), gomega.ContainSubstring(`no method "system.ping" (code -32601)`)))
	_, err = box.Inject(ctx, session.Injection{Promise: promise.RestartExit0, Service: protocol.BaseVictim(chaos.Target), Fault: fault.SIGTERM})
	g.Expect(errors.As(err, &nothing)).To(gomega.BeTrue())
}
