package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/testcontainers/testcontainers-go"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/owner"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/stats"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

const (
	// stampsVariable tells the stand-in where to write down when it truly did what, stampsPath is on its volume.
	stampsVariable = "ZINIT_STAMPS"
	stampsPath     = "/data/stamps.jsonl"
	// linkRepetitions is how many injections go through the link for each one by the other ways: they cost little.
	linkRepetitions = 10
	// restDelay is left between two ways, so that none pays for what the daemon still tidies up after the other.
	restDelay = 20 * time.Millisecond
	// retryDelay is the time for which the victim stays down: enough to tell the phases apart.
	retryDelay = 30 * time.Millisecond
	// observationLimit is the time for which a recovery is observed at most, on a machine as busy as it may be.
	observationLimit = 20 * time.Second
	// stampsTimeout is the longest time that the stamps of what has happened may take to be in their files.
	stampsTimeout = 5 * time.Second
)

// harmless is a fault that changes nothing: the process was not stopped.
var harmless = fault.Fault{Name: "SIGCONT", Signal: "SIGCONT", Landing: fault.LandsByExit}

// BenchmarkHarness measures on one started embedded image, and prints a table with the goals at its end. What
// a busy machine misses is no failure; a truth that is outside of what is stated is one.
func BenchmarkHarness(b *testing.B) {
	chaos, sandbox, agent := openImage(b)
	victim := registerVictim(b, sandbox)
	var r report
	b.Run("injection", func(b *testing.B) { r.injection = measureInjection(b, agent, victim) })
	var gap int64
	b.Run("observation", func(b *testing.B) { r.observation, gap = measureObservation(b, sandbox, victim) })
	r.host = describeHost(b.Context(), sandbox, gap)
	fmt.Printf("\n%s: %s\n\n%s\n", b.Name(), chaos.Target.Description, r.text())
}

// openImage starts the embedded image, which stamps, and connects to it.
func openImage(b *testing.B) (*session.Session, *session.Sandbox, protocol.Client) {
	b.Helper()
	configuration, err := config.Default()
	if err != nil {
		b.Fatal(err)
	}
	configuration.Output = b.TempDir()
	chaos, err := session.New(configuration)
	if err != nil {
		b.Fatal(err)
	}
	chaos.Target.Container.Env[stampsVariable] = stampsPath
	owner, err := owner.Open(b.Context(), configuration, chaos.Target)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := errors.Join(chaos.Disconnect(), owner.Close(context.Background())); err != nil {
			b.Error(err)
		}
	})
	if err := chaos.Connect(b.Context(), owner.Socket(), "bench"); err != nil {
		b.Fatal(err)
	}
	sandbox, err := chaos.Sandbox(b.Context(), session.MainSandbox)
	if err != nil {
		b.Fatal(err)
	}
	main, err := owner.Main(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	return chaos, sandbox, main.Agent()
}

// registerVictim makes the service that is measured.
func registerVictim(b *testing.B, sandbox *session.Sandbox) session.Service {
	b.Helper()
	policy := zinit.RetryPolicy{Delay: zinit.Milliseconds(retryDelay), Backoff: zinit.BackoffNone}
	service, err := sandbox.Register(b.Context(), session.NewVictim("bench", policy))
	if err != nil {
		b.Fatal(err)
	}
	return service
}

// way is one way to send a signal into the container, and how often it is gone in a round.
type way struct {
	name  string
	times int
	send  func(context.Context) error
}

// measureInjection sends the signal by all ways in turn, so that they share whatever else the machine does. What a
// benchmark's own ns/op says of it means nothing.
func measureInjection(b *testing.B, agent protocol.Client, victim session.Service) []latency {
	ways := openWays(b, agent, victim)
	found := make([]latency, len(ways))
	for b.Loop() {
		for i, way := range ways {
			found[i].way = way.name
			time.Sleep(restDelay)
			for range way.times {
				began := time.Now()
				err := way.send(b.Context())
				found[i].took = append(found[i].took, time.Since(began))
				if err != nil {
					b.Fatalf("send %s through %s: %v", harmless, way.name, err)
				}
			}
		}
	}
	for _, latency := range found {
		reportMetrics(b, latency.way, latency.took)
	}
	return found
}

func openWays(b *testing.B, agent protocol.Client, victim session.Service) []way {
	b.Helper()
	identity, err := agent.Identify(b.Context(), protocol.IdentifyParams{Endpoint: victim.Endpoint})
	if err != nil {
		b.Fatal(err)
	}
	hostname, err := agent.ReadFile(b.Context(), "/etc/hostname", 0) // by default the container's id
	if err != nil {
		b.Fatal(err)
	}
	id := strings.TrimSpace(string(hostname))
	kill := []string{"kill", "-CONT", strconv.Itoa(identity.Serving.PID)}
	ways := []way{
		{"the link", linkRepetitions, func(ctx context.Context) error {
			_, err := agent.Inject(ctx, protocol.InjectParams{
				Lease: "bench", Fault: harmless, Endpoint: victim.Endpoint, Victim: identity, ObservationLimit: 1,
			})
			return err
		}},
		{"testcontainers exec", 1, testcontainersExec(b, id, kill)},
	}
	if docker, err := exec.LookPath("docker"); err == nil {
		ways = append(ways, way{"docker exec", 1, func(ctx context.Context) error {
			output, err := exec.CommandContext(ctx, docker, append([]string{"exec", id}, kill...)...).CombinedOutput() //nolint:gosec // measuring it is the purpose
			if err != nil {
				return fmt.Errorf("%w: %s", err, output)
			}
			return nil
		}})
	}
	return ways
}

func testcontainersExec(b *testing.B, id string, command []string) func(context.Context) error {
	b.Helper()
	provider, err := testcontainers.NewDockerProvider()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = provider.Close() })
	box, err := provider.ContainerFromType(b.Context(), container.Summary{ID: id, State: container.StateRunning})
	if err != nil {
		b.Fatal(err)
	}
	return func(ctx context.Context) error {
		code, output, err := box.Exec(ctx, command)
		if err == nil && code != 0 {
			said, _ := io.ReadAll(output)
			err = fmt.Errorf("exit code %d: %q", code, said)
		}
		return err
	}
}

// measureObservation kills the victim over and over, and then compares what was seen with the truth. It also returns
// the longest that the observer was not scheduled meanwhile, in nanoseconds.
func measureObservation(b *testing.B, sandbox *session.Sandbox, victim session.Service) (found []accuracy, gap int64) {
	var recoveries []record.Recovery
	for b.Loop() {
		seen, err := sandbox.Inject(b.Context(), session.Injection{
			Promise: "bench", Service: victim, Fault: fault.SIGKILL, ObservationLimit: observationLimit,
		})
		if err != nil {
			b.Fatal(err)
		}
		recoveries = append(recoveries, seen)
		gap = max(gap, seen.WorstGap)
	}
	found, err := compareWithFiles(b.Context(), sandbox, victim, recoveries)
	if err != nil {
		b.Fatal(err)
	}
	for _, phase := range found {
		reportMetrics(b, phase.phase, phase.errors)
		for _, outside := range phase.outside {
			b.Errorf("%s is stated where it was not: %s", phase.phase, outside)
		}
	}
	return found, gap
}

// compareWithFiles reads the stamps until those of the last recovery have arrived as well.
func compareWithFiles(ctx context.Context, sandbox *session.Sandbox, victim session.Service, recoveries []record.Recovery) ([]accuracy, error) {
	ctx, cancel := context.WithTimeout(ctx, stampsTimeout)
	defer cancel()
	for {
		supervisor, err := readStampsOf(ctx, sandbox, stampsPath, victim.Name)
		journal, journalErr := readStampsOf(ctx, sandbox, victim.Journal, "")
		if err := errors.Join(err, journalErr); err != nil {
			return nil, err
		}
		found, err := compare(recoveries, supervisor, journal)
		if err == nil {
			return found, nil
		}
		select {
		case <-time.After(retryDelay):
		case <-ctx.Done():
			return nil, err
		}
	}
}

func readStampsOf(ctx context.Context, sandbox *session.Sandbox, path, service string) ([]stamp, error) {
	const all = 64 << 20
	data, err := sandbox.Agent().ReadFile(ctx, path, all)
	if err != nil {
		return nil, err
	}
	return readStamps(data, service)
}

// reportMetrics reports durations in the benchmark's own line.
func reportMetrics(b *testing.B, name string, durations []time.Duration) {
	summary := stats.Summarize(durations)
	unit := strings.ReplaceAll(name, " ", "-")
	b.ReportMetric(float64(summary.Median)/float64(time.Millisecond), unit+"-p50-ms")
	if summary.P99 != nil {
		b.ReportMetric(float64(*summary.P99)/float64(time.Millisecond), unit+"-p99-ms")
	}
}

// describeHost says how idle the machine was.
func describeHost(ctx context.Context, sandbox *session.Sandbox, gap int64) string {
	load := "unknown"
	if data, err := sandbox.Agent().ReadFile(ctx, "/proc/loadavg", 0); err == nil {
		load, _, _ = strings.Cut(string(data), " ")
	}
	return fmt.Sprintf("%d cores, load %s in the last minute, the observer not scheduled for up to %s",
		runtime.NumCPU(), load, span.Text(time.Duration(gap)))
}
