package agent_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/clock"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/wire"
)

// outer bounds a test that has gone wrong; nothing is judged by it.
const outer = 30 * time.Second

// delay is the time for which the test's supervisor waits before it starts a service again.
const delay = 120 * time.Millisecond

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "victim" {
		os.Exit(victim.Main(context.Background(), os.Args[2:], os.Stderr))
	}
	os.Exit(m.Run())
}

// life holds what the supervisor itself saw of one process.
type life struct{ forking, forked, reaped int64 }

// supervised runs a command again whenever it ends, and stamps what it does: the truth to compare with.
type supervised struct {
	mu      sync.Mutex
	lives   []life
	process *os.Process
	ended   bool
	done    chan struct{}
}

// victimCommand returns the command line of a victim: this very test is one.
func victimCommand(t *testing.T, options victim.Options) []string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return append([]string{self, "victim"}, options.Args()...)
}

func supervise(t *testing.T, argv ...string) *supervised {
	t.Helper()
	s := &supervised{done: make(chan struct{})}
	go func() {
		defer close(s.done)
		for s.once(argv) {
			time.Sleep(delay) // the policy itself, not a wait for something
		}
	}()
	t.Cleanup(s.end)
	return s
}

// end kills the process, and starts none after it.
func (s *supervised) end() {
	s.mu.Lock()
	s.ended = true
	if s.process != nil {
		_ = syscall.Kill(-s.process.Pid, syscall.SIGKILL)
	}
	s.mu.Unlock()
	<-s.done
}

func (s *supervised) once(argv []string) bool {
	command := exec.Command(argv[0], argv[1:]...) //nolint:gosec // this very test
	command.Stderr = os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return false
	}
	l := life{forking: clock.Now()}
	err := command.Start()
	l.forked = clock.Now()
	s.process = command.Process
	s.lives = append(s.lives, l)
	index := len(s.lives) - 1
	s.mu.Unlock()
	if err != nil {
		return false
	}
	_ = command.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lives[index].reaped = clock.Now()
	return !s.ended
}

func (s *supervised) life(index int) life {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lives[index]
}

// linkAgent runs an agent in this process.
func linkAgent(t *testing.T) (client protocol.Client, unlink func()) {
	t.Helper()
	outside, inside := net.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- agent.Run(context.Background(), inside, nil) }()
	link, err := wire.NewLink(outside)
	if err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	unlink = func() {
		once.Do(func() {
			_ = link.Close()
			if err := <-ended; err != nil {
				t.Errorf("the agent: %v", err)
			}
		})
	}
	t.Cleanup(unlink)
	return protocol.Client{Call: link.Call}, unlink
}

func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), outer)
	t.Cleanup(cancel)
	return ctx
}

// awaitServing asks until somebody serves the endpoint.
func awaitServing(t *testing.T, client protocol.Client, endpoint protocol.Endpoint) protocol.Identity {
	t.Helper()
	ctx := deadline(t)
	for {
		identity, err := client.Identify(ctx, protocol.IdentifyParams{Endpoint: endpoint, SupervisorPID: os.Getpid()})
		if err == nil {
			return identity
		}
		if ctx.Err() != nil {
			t.Fatalf("nobody serves %v: %v", endpoint, err)
		}
		time.Sleep(time.Millisecond)
	}
}

func inject(t *testing.T, client protocol.Client, endpoint protocol.Endpoint, f fault.Fault, window time.Duration) protocol.Observation {
	t.Helper()
	identity := awaitServing(t, client, endpoint)
	observation, err := client.Inject(deadline(t), protocol.InjectParams{
		Lease: "test", Fault: f, Endpoint: endpoint, Victim: identity, SupervisorPID: os.Getpid(), ObservationLimit: window,
	})
	if err != nil {
		t.Fatal(err)
	}
	return observation
}

func journal(t *testing.T, path, event string) []int64 {
	t.Helper()
	data, err := os.ReadFile(path) //nolint:gosec // the test's own
	if err != nil {
		t.Fatal(err)
	}
	var stamps []int64
	for _, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		var e victim.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if e.Event == event {
			stamps = append(stamps, e.MonoNS)
		}
	}
	return stamps
}

// expectTruth fails where an interval of truth and a stated one have no point in common.
func expectTruth(t *testing.T, what string, stated *record.Interval, from, to int64) {
	t.Helper()
	if stated == nil {
		t.Fatalf("%s was not seen", what)
	}
	if stated.Lo > stated.Hi || to < stated.Lo || from > stated.Hi {
		t.Errorf("%s: the truth [%d, %d] is outside the stated [%d, %d]", what, from, to, stated.Lo, stated.Hi)
	}
}

func TestARestartIsSeenInItsPhases(t *testing.T) {
	for _, f := range []fault.Fault{fault.SIGTERM, fault.SIGKILL} {
		t.Run(f.Name, func(t *testing.T) {
			dir := t.TempDir()
			options := victim.Options{Socket: filepath.Join(dir, "v.sock"), Journal: filepath.Join(dir, "journal")}
			supervisor := supervise(t, victimCommand(t, options)...)
			client, _ := linkAgent(t)
			o := inject(t, client, protocol.Endpoint{Socket: options.Socket}, f, outer)

			if o.Landing == nil || o.Landing.Proof != "exited" {
				t.Fatalf("landing %+v", o.Landing)
			}
			first, second := supervisor.life(0), supervisor.life(1)
			expectTruth(t, "the exit", o.Exited, o.Injected.Lo, first.reaped)
			expectTruth(t, "the reaping", o.Noticed, o.Exited.Lo, first.reaped)
			expectTruth(t, "the respawn", o.Respawned, second.forking, second.forked)
			serving := journal(t, options.Journal, victim.EventServing)
			expectTruth(t, "the service", o.Serving, serving[1], serving[1])
			if shortest, _ := o.Respawned.Since(*o.Exited); shortest > 0 && o.Respawned.Hi-o.Exited.Lo < int64(delay) {
				t.Errorf("respawned before the delay: %v", shortest)
			}
			if o.After == nil || o.After.Serving.PID == 0 || o.After.Root.PID != o.After.Serving.PID {
				t.Errorf("after: %+v", o.After)
			}
		})
	}
}

// TestAWrappedServiceIsSeenByItsRoot: the shell that the supervisor started is the root, what serves is its
// child. A service that is its own root is in TestARestartIsSeenInItsPhases.
func TestAWrappedServiceIsSeenByItsRoot(t *testing.T) {
	options := victim.Options{Socket: filepath.Join(t.TempDir(), "v.sock")}
	supervisor := supervise(t, "/bin/sh", "-c", strings.Join(victimCommand(t, options), " ")+"; true")
	client, _ := linkAgent(t)
	endpoint := protocol.Endpoint{Socket: options.Socket}
	identity := awaitServing(t, client, endpoint)
	if identity.Root.PID == identity.Serving.PID || identity.Root.Argv[0] != "/bin/sh" || identity.Serving.Argv[1] != "victim" {
		t.Fatalf("identity %+v", identity)
	}
	if identity.How != "peer of "+options.Socket {
		t.Errorf("how: %q", identity.How)
	}
	o := inject(t, client, endpoint, fault.SIGTERM, outer)
	if o.After == nil || o.After.Root.PID == identity.Root.PID || o.After.Root.Argv[0] != "/bin/sh" || o.After.Serving.PID == o.After.Root.PID {
		t.Fatalf("after: %+v", o.After)
	}
	expectTruth(t, "the respawn", o.Respawned, supervisor.life(1).forking, supervisor.life(1).forked)
	if len(o.Ends) != 1 {
		t.Fatalf("the shell around it ended, and %d ends were seen", len(o.Ends))
	}
	expectTruth(t, "the end of the shell", &o.Ends[0], o.Injected.Lo, supervisor.life(0).reaped)
}

func TestAServiceIsIdentifiedByItsPort(t *testing.T) {
	options := victim.Options{Port: freePort(t)}
	supervisor := supervise(t, victimCommand(t, options)...)
	client, _ := linkAgent(t)
	endpoint := protocol.Endpoint{Port: options.Port, Path: "/health"}
	identity := awaitServing(t, client, endpoint)
	if identity.How != fmt.Sprintf("inode of port %d", options.Port) || identity.Serving.PID != identity.Root.PID || identity.Serving.Argv[1] != "victim" {
		t.Fatalf("identity %+v", identity)
	}
	o := inject(t, client, endpoint, fault.SIGKILL, outer)
	if o.Serving == nil || o.After == nil || o.After.Serving.PID == identity.Serving.PID {
		t.Fatalf("after: %+v", o)
	}
	expectTruth(t, "the respawn", o.Respawned, supervisor.life(1).forking, supervisor.life(1).forked)
	other, err := client.Identify(deadline(t), protocol.IdentifyParams{Endpoint: protocol.Endpoint{Port: freePort(t)}})
	if err == nil || !strings.Contains(err.Error(), "nobody listens on it") {
		t.Errorf("a free port is %+v's: %v", other, err)
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port
}

// TestALateExitIsNoEarlyOne: from the signal to the exit is a phase of its own.
func TestALateExitIsNoEarlyOne(t *testing.T) {
	const late = 300 * time.Millisecond
	dir := t.TempDir()
	options := victim.Options{Socket: filepath.Join(dir, "v.sock"), Journal: filepath.Join(dir, "journal"), TermDelay: late}
	supervisor := supervise(t, victimCommand(t, options)...)
	client, _ := linkAgent(t)
	o := inject(t, client, protocol.Endpoint{Socket: options.Socket}, fault.SIGTERM, outer)

	expectTruth(t, "the exit", o.Exited, o.Injected.Lo, supervisor.life(0).reaped)
	asked := journal(t, options.Journal, victim.EventTerminating)[0]
	if asked < o.Injected.Lo {
		t.Errorf("the victim was asked to end at %d, before the injection %d", asked, o.Injected.Lo)
	}
	if _, longest := o.Exited.Since(o.Injected); longest < late {
		t.Errorf("an exit %s after the signal is said to have come %s after it at most", late, longest)
	}
	if o.Landing == nil || o.Landing.At != *o.Exited {
		t.Errorf("landing %+v, exit %+v", o.Landing, o.Exited)
	}
}

// TestALateListenerIsSeenInItsPhases: a process that is there does not accept yet, and one that accepts does
// not serve yet.
func TestALateListenerIsSeenInItsPhases(t *testing.T) {
	const late = 200 * time.Millisecond
	dir := t.TempDir()
	options := victim.Options{
		Socket: filepath.Join(dir, "v.sock"), Journal: filepath.Join(dir, "journal"), StartDelay: late, ReadyDelay: late,
	}
	supervisor := supervise(t, victimCommand(t, options)...)
	client, _ := linkAgent(t)
	o := inject(t, client, protocol.Endpoint{Socket: options.Socket}, fault.SIGKILL, outer)

	expectTruth(t, "the respawn", o.Respawned, supervisor.life(1).forking, supervisor.life(1).forked)
	started := last(journal(t, options.Journal, victim.EventStarted))
	listening := last(journal(t, options.Journal, victim.EventListening))
	serving := last(journal(t, options.Journal, victim.EventServing))
	expectTruth(t, "accepting", o.Accepting, started+int64(late), listening)
	expectTruth(t, "serving", o.Serving, serving, serving)
	if _, longest := o.Accepting.Since(*o.Respawned); longest < late {
		t.Errorf("accepting is said to have come %s after the respawn at most", longest)
	}
	if _, longest := o.Serving.Since(*o.Accepting); longest < late {
		t.Errorf("serving is said to have come %s after accepting at most", longest)
	}
}

// last is of the second life: the first one may have been killed before it served.
func last(stamps []int64) int64 { return stamps[len(stamps)-1] }

// TestAWithdrawnFaultIsUndone: the caller may be dead, and the link goes on.
func TestAWithdrawnFaultIsUndone(t *testing.T) {
	options := victim.Options{Socket: filepath.Join(t.TempDir(), "v.sock")}
	supervise(t, victimCommand(t, options)...)
	client, _ := linkAgent(t)
	endpoint := protocol.Endpoint{Socket: options.Socket}
	identity := awaitServing(t, client, endpoint)
	ctx, withdraw := context.WithCancel(deadline(t))
	returned := make(chan error, 1)
	go func() {
		_, err := client.Inject(ctx, protocol.InjectParams{
			Lease: "test", Fault: fault.SIGSTOP, Endpoint: endpoint, Victim: identity, ObservationLimit: time.Hour,
		})
		returned <- err
	}()
	awaitState(t, identity.Serving.PID, func(state string) bool { return state == "T" })
	withdraw()
	if err := <-returned; err == nil {
		t.Error("a withdrawn call returned no error")
	}
	awaitState(t, identity.Serving.PID, func(state string) bool { return state != "T" })
}

func awaitState(t *testing.T, pid int, is func(state string) bool) {
	t.Helper()
	ctx := deadline(t)
	for !is(stateOf(t, pid)) {
		if ctx.Err() != nil {
			t.Fatalf("the process is in state %s", stateOf(t, pid))
		}
		time.Sleep(time.Millisecond)
	}
}

func TestAStopLandsAndIsUndone(t *testing.T) {
	dir := t.TempDir()
	options := victim.Options{Socket: filepath.Join(dir, "v.sock")}
	supervise(t, victimCommand(t, options)...)
	client, unlink := linkAgent(t)
	endpoint := protocol.Endpoint{Socket: options.Socket}
	identity := awaitServing(t, client, endpoint)
	o := inject(t, client, endpoint, fault.SIGSTOP, time.Second)
	if o.Landing == nil || !strings.Contains(o.Landing.Proof, "state T in ") || !strings.Contains(o.Landing.Proof, "no reply for 250ms") {
		t.Fatalf("landing %+v", o.Landing)
	}
	if o.Exited != nil || o.Serving != nil {
		t.Fatalf("a stopped process was taken for replaced: %+v", o)
	}
	if state := stateOf(t, identity.Serving.PID); state != "T" {
		t.Fatalf("the process is in state %s before the undo", state)
	}
	unlink() // the end of the link undoes it
	if state := stateOf(t, identity.Serving.PID); state == "T" {
		t.Fatal("the process is still stopped after the link has ended")
	}
}

func stateOf(t *testing.T, pid int) string {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))[0]
}

func TestASignalThatIsIgnoredDoesNotLand(t *testing.T) {
	dir := t.TempDir()
	options := victim.Options{Socket: filepath.Join(dir, "v.sock"), OnTerm: victim.TermIgnore}
	supervise(t, victimCommand(t, options)...)
	client, _ := linkAgent(t)
	o := inject(t, client, protocol.Endpoint{Socket: options.Socket}, fault.SIGTERM, 300*time.Millisecond)
	if o.Landing != nil || o.Exited != nil {
		t.Fatalf("an ignored signal has landed: %+v", o)
	}
}

func TestAnotherIncarnationIsNotTouched(t *testing.T) {
	dir := t.TempDir()
	options := victim.Options{Socket: filepath.Join(dir, "v.sock")}
	supervise(t, victimCommand(t, options)...)
	client, _ := linkAgent(t)
	identity := awaitServing(t, client, protocol.Endpoint{Socket: options.Socket})
	identity.Serving.StartTime--
	_, err := client.Inject(deadline(t), protocol.InjectParams{
		Fault: fault.SIGKILL, Endpoint: protocol.Endpoint{Socket: options.Socket}, Victim: identity, ObservationLimit: outer,
	})
	if err == nil || !strings.Contains(err.Error(), "no longer the one") {
		t.Fatalf("inject: %v", err)
	}
	if err := syscall.Kill(identity.Serving.PID, 0); err != nil {
		t.Fatalf("the other incarnation is gone: %v", err)
	}
}

// TestACensusReportsAnOutage puts a process that lives out of reach: an outage, and no death.
func TestACensusReportsAnOutage(t *testing.T) {
	for what, harm := range map[string]func(pid int, socket string) error{
		"its process was stopped": func(pid int, _ string) error { return syscall.Kill(pid, syscall.SIGSTOP) },
		"it took no connection":   func(_ int, socket string) error { return os.Remove(socket) },
	} {
		t.Run(what, func(t *testing.T) {
			options := victim.Options{Socket: filepath.Join(t.TempDir(), "v.sock")}
			supervise(t, victimCommand(t, options)...)
			client, _ := linkAgent(t)
			endpoint := protocol.Endpoint{Socket: options.Socket}
			identity := awaitServing(t, client, endpoint)
			ctx := deadline(t)
			if err := client.Watch(ctx, protocol.WatchParams{Service: "bystander", Incarnation: identity.Serving, Endpoint: endpoint}); err != nil {
				t.Fatal(err)
			}
			for isHarmed := false; ; time.Sleep(20 * time.Millisecond) {
				seen, err := client.Outages(ctx)
				switch {
				case err != nil:
					t.Fatal(err)
				case isHarmed && len(seen.Outages) == 1 && seen.Outages[0].What == what:
					if deaths, err := client.Deaths(ctx); err != nil || len(deaths) > 0 {
						t.Fatalf("deaths %+v, %v", deaths, err)
					}
					return
				case !isHarmed && len(seen.Outages) > 0:
					t.Fatalf("while it is in reach: %+v", seen)
				case !isHarmed && seen.Looks > 0:
					if err := harm(identity.Serving.PID, options.Socket); err != nil {
						t.Fatal(err)
					}
					isHarmed = true
				}
			}
		})
	}
}

func TestACensusReportsADeath(t *testing.T) {
	dir := t.TempDir()
	options := victim.Options{Socket: filepath.Join(dir, "v.sock")}
	supervise(t, victimCommand(t, options)...)
	client, _ := linkAgent(t)
	identity := awaitServing(t, client, protocol.Endpoint{Socket: options.Socket})
	ctx := deadline(t)
	if err := client.Watch(ctx, protocol.WatchParams{Service: "bystander", Incarnation: identity.Serving}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(identity.Serving.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for {
		deaths, err := client.Deaths(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if len(deaths) == 1 && deaths[0].Service == "bystander" && deaths[0].Incarnation.PID == identity.Serving.PID {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func TestTheVictimIsInstalledForAsLongAsTheLink(t *testing.T) {
	client, unlink := linkAgent(t)
	path := filepath.Join(t.TempDir(), "bin", "victim")
	if err := client.InstallVictim(deadline(t), path, false); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o111 == 0 {
		t.Fatalf("installed: %v, %v", info, err)
	}
	unlink()
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Fatalf("after the link: %v", err)
	}
}
