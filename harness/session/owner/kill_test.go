package owner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/sandbox"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/sandbox/reap"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
)

const (
	// roleVariable makes the test binary play a part in another process: "harness" opens a session,
	// "worker" connects to the one whose socket is in socketVariable. Both then stop a victim, and wait.
	roleVariable   = "HERO_CHAOS_TEST_ROLE"
	socketVariable = "HERO_CHAOS_TEST_SOCKET"

	// testTimeout bounds a test that has gone wrong; nothing is judged by it.
	testTimeout = 3 * time.Minute
	// hangLimit is the time for which the victims would be stopped if nobody killed the harness.
	hangLimit = 10 * time.Minute
)

// TestARoleInAnotherProcess is no test by itself: the others run it in a process and kill that.
func TestARoleInAnotherProcess(t *testing.T) {
	role := os.Getenv(roleVariable)
	if role == "" {
		t.Skip("the tests of a killed harness run it in a process of its own")
	}
	ctx := t.Context()
	configuration, err := config.FromEnvironment()
	if err != nil {
		t.Fatal(err)
	}
	chaos, err := session.New(configuration)
	if err != nil {
		t.Fatal(err)
	}
	socket := os.Getenv(socketVariable)
	if role == "harness" {
		owner, err := Open(ctx, configuration, chaos.Target)
		if err != nil {
			t.Fatal(err)
		}
		socket = owner.Socket()
		fmt.Println(owner.id)
	}
	if err := chaos.Connect(ctx, socket, role); err != nil {
		t.Fatal(err)
	}
	box, err := chaos.Sandbox(ctx, protocol.MainSandbox)
	if err != nil {
		t.Fatal(err)
	}
	_, err = box.Inject(ctx, session.Injection{
		Promise: promise.HangControl, Service: protocol.BaseVictim(chaos.Target), Fault: fault.SIGSTOP, ObservationLimit: hangLimit,
	})
	t.Fatalf("nobody has killed this process: %v", err)
}

// TestAKilledHarnessLeavesNothing checks that container, volume and reaper go with the process.
func TestAKilledHarnessLeavesNothing(t *testing.T) {
	t.Parallel()
	daemon, configuration := prepareSession(t)
	ctx := deadline(t)
	harness, id := playRole(t, configuration, "harness")
	ours := client.ContainerListOptions{All: true, Filters: make(client.Filters).Add("label", reap.Label+"="+id)}
	t.Cleanup(func() { removeLeftovers(t, daemon, ours) })

	boxes := list(ctx, t, daemon, ours)
	if len(boxes) != 1 {
		t.Fatalf("the session has %d containers, not 1", len(boxes))
	}
	box := attach(ctx, t, daemon, boxes[0].ID)
	awaitProcess(ctx, t, box, "a stopped victim", func(p process) bool { return p.isBase() && p.isStopped() })
	kill(t, harness)

	reapers := client.ContainerListOptions{All: true, Filters: make(client.Filters).Add("label", "hero_chaos.reaper="+id)}
	await(ctx, t, "the containers to go", func() (left string) {
		for _, box := range append(list(ctx, t, daemon, ours), list(ctx, t, daemon, reapers)...) {
			left += fmt.Sprintf("%v is %s; ", box.Names, box.State)
		}
		return left
	})
	volumes, err := daemon.Client().VolumeList(ctx, client.VolumeListOptions{Filters: ours.Filters})
	if err != nil || len(volumes.Items) != 0 {
		t.Errorf("volumes left: %v, %v", volumes.Items, err)
	}
}

// TestAKilledHarnessLeavesAnAttachedContainerAsItWas checks that the container goes on, and that nothing of ours is left in it.
func TestAKilledHarnessLeavesAnAttachedContainerAsItWas(t *testing.T) {
	t.Parallel()
	daemon, configuration := prepareSession(t)
	ctx := deadline(t)
	configuration.Container = foreignContainer(ctx, t, daemon, configuration.Image)
	box := attach(ctx, t, daemon, configuration.Container)
	harness, id := playRole(t, configuration, "harness")
	awaitProcess(ctx, t, box, "a stopped victim", func(p process) bool { return p.isBase() && p.isStopped() })
	kill(t, harness)

	expectAsItWas(ctx, t, daemon, box, id)
}

// TestAnAttachedContainerIsLeftAsItWas checks the same after an orderly end, which waits for it.
func TestAnAttachedContainerIsLeftAsItWas(t *testing.T) {
	t.Parallel()
	daemon, configuration := prepareSession(t)
	ctx := deadline(t)
	configuration.Container = foreignContainer(ctx, t, daemon, configuration.Image)
	described, err := target.Load(configuration.Target)
	if err != nil {
		t.Fatal(err)
	}
	owner, err := Open(ctx, configuration, described)
	if err != nil {
		t.Fatal(err)
	}
	box := attach(ctx, t, daemon, configuration.Container)
	awaitProcess(ctx, t, box, "a victim", process.isOurs)
	expectNoDamage(ctx, t, configuration, owner.Socket())
	if err := owner.Close(ctx); err != nil {
		t.Errorf("close: %v", err)
	}
	expectAsItWas(ctx, t, daemon, box, owner.id)
}

// TestASecondRunOnAContainerIsRefused checks that the error names the first run.
func TestASecondRunOnAContainerIsRefused(t *testing.T) {
	t.Parallel()
	daemon, configuration := prepareSession(t)
	ctx := deadline(t)
	configuration.Container = foreignContainer(ctx, t, daemon, configuration.Image)
	first := openSession(ctx, t, configuration)
	second := configuration
	second.Output = t.TempDir()
	described, err := target.Load(second.Target)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(ctx, second, described); err == nil ||
		!strings.Contains(err.Error(), "another run is at work in this container (session "+first.id) {
		t.Errorf("a second run: %v", err)
	}
	box := attach(ctx, t, daemon, configuration.Container)
	if table := processTable(t, box); !slices.ContainsFunc(table, process.isOurs) {
		t.Errorf("the second has ended what is the first's: %s", describe(table))
	}
	if err := first.Close(ctx); err != nil {
		t.Errorf("close: %v", err)
	}
	expectAsItWas(ctx, t, daemon, box, first.id)
}

// TestWhatALostAgentLeftIsTakenBack checks a container that is restarted while a run is attached, and one whose agent is killed while a
// service is stopped.
func TestWhatALostAgentLeftIsTakenBack(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(ctx context.Context, t *testing.T, owner *Owner, box *sandbox.Sandbox){
		"container restarted": func(ctx context.Context, t *testing.T, _ *Owner, box *sandbox.Sandbox) {
			t.Helper()
			if err := errors.Join(box.Stop(ctx, 0), box.Start(ctx)); err != nil {
				t.Fatal(err)
			}
		},
		"agent killed": func(ctx context.Context, t *testing.T, owner *Owner, box *sandbox.Sandbox) {
			t.Helper()
			stopShipped(ctx, t, owner, box)
			live, err := owner.open(ctx, protocol.MainSandbox)
			if err != nil {
				t.Fatal(err)
			}
			hello, err := live.agent.Hello(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if output, err := runOnce(ctx, box, "kill", "-9", strconv.Itoa(hello.PID)); err != nil {
				t.Fatalf("kill the agent: %v: %s", err, output)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			daemon, configuration := prepareSession(t)
			ctx := deadline(t)
			configuration.AllowDestructive = true
			configuration.Container = foreignContainer(ctx, t, daemon, configuration.Image)
			owner := openSession(ctx, t, configuration)
			box := attach(ctx, t, daemon, configuration.Container)
			awaitProcess(ctx, t, box, "a victim", process.isOurs)
			lose(ctx, t, owner, box)
			if err := owner.Close(ctx); err != nil && strings.Contains(err.Error(), "not as it was found") {
				t.Errorf("close: %v", err)
			}
			expectAsItWas(ctx, t, daemon, box, owner.id)
		})
	}
}

// openSession opens a session, which the test closes.
func openSession(ctx context.Context, t *testing.T, configuration config.Config) *Owner {
	t.Helper()
	described, err := target.Load(configuration.Target)
	if err != nil {
		t.Fatal(err)
	}
	owner, err := Open(ctx, configuration, described)
	if err != nil {
		t.Fatal(err)
	}
	return owner
}

// stopShipped stops a service of the image, and returns once it is stopped.
func stopShipped(ctx context.Context, t *testing.T, owner *Owner, box *sandbox.Sandbox) {
	t.Helper()
	chaos, err := session.New(owner.configuration)
	if err != nil {
		t.Fatal(err)
	}
	if err := chaos.Connect(ctx, owner.Socket(), "stops"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = chaos.Disconnect() })
	theirs, err := chaos.Sandbox(ctx, protocol.MainSandbox)
	if err != nil {
		t.Fatal(err)
	}
	shipped := chaos.Shipped(chaos.Target.Restartable()[0])
	go func() {
		_, _ = theirs.Inject(ctx, session.Injection{Promise: promise.HangControl, Service: shipped, Fault: fault.SIGSTOP, ObservationLimit: testTimeout})
	}()
	awaitProcess(ctx, t, box, "a stopped service", process.isStopped)
}

// expectNoDamage checks that a service of somebody else is not faulted in a way that may leave damage behind.
func expectNoDamage(ctx context.Context, t *testing.T, configuration config.Config, socket string) {
	t.Helper()
	chaos, err := session.New(configuration)
	if err != nil {
		t.Fatal(err)
	}
	if err := chaos.Connect(ctx, socket, "destructive"); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = chaos.Disconnect() }()
	theirs, err := chaos.Sandbox(ctx, protocol.MainSandbox)
	if err != nil {
		t.Fatal(err)
	}
	shipped := chaos.Target.Restartable()[0]
	var nothing *recovery.Inconclusive
	_, err = theirs.Inject(ctx, session.Injection{Promise: promise.RestartSIGKILL, Service: chaos.Shipped(shipped), Fault: fault.SIGKILL, ObservationLimit: testTimeout})
	if !errors.As(err, &nothing) || !strings.Contains(nothing.Error(), "ALLOW_DESTRUCTIVE=1") {
		t.Errorf("SIGKILL of %s: %v", shipped.Name, err)
	}
	if err := theirs.Agent().WriteFile(ctx, "/data/of-ours", []byte("x")); err == nil || !strings.Contains(err.Error(), "ALLOW_DESTRUCTIVE=1") {
		t.Errorf("write beside what is ours: %v", err)
	}
	victim := protocol.BaseVictim(chaos.Target)
	if seen, err := theirs.Inject(ctx, session.Injection{Promise: promise.RestartSIGKILL, Service: victim, Fault: fault.SIGKILL, ObservationLimit: testTimeout}); err != nil || seen.Landing == nil {
		t.Errorf("SIGKILL of %s, which is ours: %v", victim.Name, err)
	}
}

func expectAsItWas(ctx context.Context, t *testing.T, daemon *sandbox.Daemon, box *sandbox.Sandbox, session string) {
	t.Helper()
	await(ctx, t, "the processes to go", func() (left string) {
		return describe(slices.DeleteFunc(processTable(t, box), func(p process) bool { return !p.isOurs() && !p.isStopped() }))
	})
	if err := box.Running(ctx); err != nil {
		t.Fatalf("the container does not run any more: %v", err)
	}
	for _, path := range []string{"/" + agentName + "-" + session, protocol.VictimHome} {
		_, err := daemon.Client().ContainerStatPath(ctx, box.ID(), client.ContainerStatPathOptions{Path: path})
		if !errdefs.IsNotFound(err) {
			t.Errorf("%s is left in the container: %v", path, err)
		}
	}
	listed, err := runOnce(ctx, box, "zinit", "list")
	if err != nil || !strings.Contains(listed, "user.hero_redis_server") || strings.Contains(listed, protocol.VictimPrefix) {
		t.Errorf("zinit lists after the harness's death (%v):\n%s", err, listed)
	}
}

// TestAKilledWorkerFreesItsVictim checks that the session goes on, and that another may fault the service.
func TestAKilledWorkerFreesItsVictim(t *testing.T) {
	t.Parallel()
	daemon, configuration := prepareSession(t)
	ctx := deadline(t)
	chaos, err := session.New(configuration)
	if err != nil {
		t.Fatal(err)
	}
	owner, err := Open(ctx, configuration, chaos.Target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(chaos.Disconnect(), owner.Close(context.Background())); err != nil {
			t.Errorf("close the session: %v", err)
		}
	})
	worker, _ := playRole(t, configuration, "worker", socketVariable+"="+owner.Socket())
	box := attach(ctx, t, daemon, fmt.Sprintf("hero_chaos-%s-%s", owner.id, protocol.MainSandbox))
	awaitProcess(ctx, t, box, "a stopped victim", func(p process) bool { return p.isBase() && p.isStopped() })
	kill(t, worker)
	awaitProcess(ctx, t, box, "the victim to go on", func(p process) bool { return p.isBase() && !p.isStopped() })

	if err := chaos.Connect(ctx, owner.Socket(), "another"); err != nil {
		t.Fatal(err)
	}
	main, err := chaos.Sandbox(ctx, protocol.MainSandbox)
	if err != nil {
		t.Fatal(err)
	}
	seen, err := main.Inject(ctx, session.Injection{
		Promise: promise.RestartExit0, Service: protocol.BaseVictim(chaos.Target), Fault: fault.SIGTERM, ObservationLimit: testTimeout,
	})
	if err != nil || seen.Serving == nil {
		t.Fatalf("the next fault on the same service: %v, %+v", err, seen)
	}
	if disturbed, err := chaos.Disturbances(ctx, protocol.MainSandbox); err != nil || len(disturbed) != 0 {
		t.Errorf("disturbed: %v, %v", disturbed, err)
	}
}
