package zinit_test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// startReal starts the zinit 0.3.9 that fixtures/zinit039/build has built. Without it the test is skipped.
func startReal(t *testing.T) zinit.Supervisor {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Skip(err)
	}
	binary := filepath.Join(cache, "hero_chaos", "zinit-0.3.9", "bin", "zinit-server")
	if _, err := os.Stat(binary); err != nil {
		t.Skip("no zinit 0.3.9 here: go run ./fixtures/zinit039/build makes one")
	}
	dir := t.TempDir()
	socket := filepath.Join(dir, "zinit.sock")
	server := exec.CommandContext(t.Context(), binary, "--config-dir", filepath.Join(dir, "services"), "--socket", socket) //nolint:gosec // the program under test
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	dial := func(ctx context.Context) (net.Conn, error) { return new(net.Dialer).DialContext(ctx, "unix", socket) }
	var supervisor zinit.Supervisor
	NewWithT(t).Eventually(func() (err error) {
		supervisor, err = zinit.Connect(t.Context(), dial)
		return err
	}).WithTimeout(20 * time.Second).Should(Succeed())
	return supervisor
}

// TestReal039 checks the legacy dialect against the real zinit 0.3.9.
func TestReal039(t *testing.T) {
	g := NewWithT(t)
	supervisor := startReal(t)
	g.Expect(supervisor.Dialect()).To(Equal(zinit.Dialect03))
	g.Expect(supervisor.Ping(t.Context())).To(Equal("0.3.9"))

	policy := zinit.RetryPolicy{MaxAttempts: 3, Delay: ms(50), Backoff: zinit.BackoffNone, StabilityPeriod: ms(60_000)}
	definition := zinit.Define("chaos.sleeper",
		zinit.RunAction("chaos.sleeper", "sleep 1000", policy),
		zinit.HealthAction("chaos.sleeper", "true", zinit.Schedule{Interval: ms(100)}, ms(1000)))
	t.Cleanup(func() { _ = supervisor.Delete(context.WithoutCancel(t.Context()), "chaos.sleeper") })
	for range 2 { // the second time it is replaced while it runs
		_, err := supervisor.Register(t.Context(), definition)
		g.Expect(err).NotTo(HaveOccurred())
		first := awaitState(t, supervisor, zinit.StateRunning, 0)
		g.Expect(supervisor.Kill(t.Context(), "chaos.sleeper", "SIGTERM")).To(Succeed())
		second := awaitState(t, supervisor, zinit.StateRunning, first.PID)
		g.Expect(supervisor.Kill(t.Context(), "chaos.sleeper", "")).To(Succeed())
		awaitState(t, supervisor, zinit.StateRunning, second.PID)
	}
	status, err := supervisor.List(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(status).To(HaveLen(1))

	actions, err := supervisor.Actions(t.Context(), "chaos.sleeper")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(actions).To(HaveLen(2))
	g.Expect(*actions[0].Retry).To(Equal(zinit.RetryPolicy{
		MaxAttempts: 3, Delay: ms(50), MaxDelay: ms(50), Backoff: zinit.BackoffNone, StabilityPeriod: ms(60_000),
	}))
	g.Expect(supervisor.Logs(t.Context(), "chaos.sleeper", 5)).To(BeEmpty())

	g.Expect(supervisor.Stop(t.Context(), "chaos.sleeper")).To(Succeed())
	awaitState(t, supervisor, zinit.StateExited, 0)
	g.Expect(supervisor.Kill(t.Context(), "chaos.sleeper", "SIGTERM")).To(MatchError(zinit.ErrAlreadyInState))
	g.Expect(supervisor.Start(t.Context(), "chaos.sleeper")).To(Succeed())
	awaitState(t, supervisor, zinit.StateRunning, 0)
	g.Expect(supervisor.Delete(t.Context(), "chaos.sleeper")).To(Succeed())
	_, err = supervisor.Status(t.Context(), "chaos.sleeper")
	g.Expect(err).To(MatchError(zinit.ErrNotFound))
	g.Expect(supervisor.Start(t.Context(), "chaos.sleeper")).To(MatchError(zinit.ErrNotFound))
}

// TestReal039Refuses checks which error each code of the real zinit 0.3.9 stands for.
func TestReal039Refuses(t *testing.T) {
	g := NewWithT(t)
	supervisor := startReal(t)
	define := func(exec string, requires ...string) zinit.Definition {
		definition := zinit.Define("chaos.bad", zinit.RunAction("chaos.bad", exec, zinit.RetryPolicy{Delay: ms(50)}))
		definition.Service.Dependencies.Requires = requires
		return definition
	}
	_, err := supervisor.Register(t.Context(), define("no-such-program"))
	g.Expect(err).To(MatchError(zinit.ErrInvalidConfig))
	_, err = supervisor.Register(t.Context(), define("sleep 1", "chaos.nobody"))
	g.Expect(err).To(MatchError(zinit.ErrInvalidConfig))
	_, err = supervisor.Register(t.Context(), define(""))
	g.Expect(err).To(MatchError(ContainSubstring("exec cannot be empty")))
	g.Expect(supervisor.Kill(t.Context(), "chaos.nobody", "SIGTERM")).To(MatchError(zinit.ErrNotFound))
}

// awaitState waits until the sleeper is in a state and its pid is not the given one.
func awaitState(t *testing.T, supervisor zinit.Supervisor, state zinit.State, not int) zinit.Status {
	t.Helper()
	var status zinit.Status
	NewWithT(t).Eventually(func() (ok bool, err error) {
		status, err = supervisor.Status(t.Context(), "chaos.sleeper")
		return status.State == state && status.PID != not || (not == 0 && status.State == state), err
	}).WithTimeout(20*time.Second).WithPolling(20*time.Millisecond).Should(BeTrue(), "waiting for %s", state)
	return status
}
