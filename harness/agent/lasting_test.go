package agent_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
)

// begin begins a lasting fault and returns whether it landed.
func begin(t *testing.T, client protocol.Client, params protocol.LastingParams) (protocol.Landed, error) {
	t.Helper()
	params.Lease = "test"
	if _, err := client.BeginLasting(deadline(t), params); err != nil {
		return protocol.Landed{}, err
	}
	return client.ProveLasting(deadline(t), "test")
}

// mustLand begins a fault that has to land with a proof that holds a text.
func mustLand(t *testing.T, client protocol.Client, params protocol.LastingParams, proof string) {
	t.Helper()
	landed, err := begin(t, client, params)
	if err != nil || landed.Landing == nil || !strings.Contains(landed.Landing.Proof, proof) {
		t.Fatalf("%s: %+v, %v; no proof with %q", params.Fault, landed, err, proof)
	}
}

// mustRelease ends a fault, which has to leave all as it was.
func mustRelease(t *testing.T, client protocol.Client) {
	t.Helper()
	released, err := client.EndLasting(deadline(t), "test")
	if err != nil || released.Proof == "" || released.Reverted.Hi < released.Reverted.Lo || released.At.Lo < released.Reverted.Hi || released.At.Hi < released.At.Lo {
		t.Fatalf("released %+v, %v", released, err)
	}
}

// serveVictim starts a service that stands in for a supervisor: it answers on a socket.
func serveVictim(t *testing.T) (endpoint protocol.Endpoint, pid int) {
	t.Helper()
	options := victim.Options{Socket: filepath.Join(t.TempDir(), "v.sock")}
	supervise(t, victimCommand(t, options)...)
	client, _ := linkAgent(t)
	endpoint = protocol.Endpoint{Socket: options.Socket}
	return endpoint, awaitServing(t, client, endpoint).Serving.PID
}

func TestAStoppedSupervisorGoesOnAfterTheRevertAndWithTheLink(t *testing.T) {
	_, pid := serveVictim(t)
	client, unlink := linkAgent(t)
	params := protocol.LastingParams{Fault: fault.SupervisorStopped, SupervisorPID: pid}
	mustLand(t, client, params, "state T in ")
	if _, err := client.BeginLasting(deadline(t), protocol.LastingParams{Lease: "test", Fault: fault.SupervisorStopped, SupervisorPID: pid}); err == nil {
		t.Error("a second fault began under the same lease")
	}
	mustRelease(t, client)
	if state := stateOf(t, pid); state == "T" {
		t.Fatal("it is still stopped after the revert")
	}
	mustLand(t, client, params, "state T in ")
	unlink()
	if state := stateOf(t, pid); state == "T" {
		t.Fatal("it is still stopped after the link has ended")
	}
}

// TestAStopFromOutsideIsNotTheAgents checks that the agent looks for a stop that Docker is to bring about, and takes it back with the link.
func TestAStopFromOutsideIsNotTheAgents(t *testing.T) {
	_, pid := serveVictim(t)
	client, unlink := linkAgent(t)
	params := protocol.LastingParams{Fault: fault.SupervisorStopped.ThroughDocker(), SupervisorPID: pid}
	if landed, err := begin(t, client, params); err != nil || landed.Landing != nil || !strings.Contains(landed.Missing, "did not stop") {
		t.Fatalf("nobody stopped it: %+v, %v", landed, err)
	}
	if err := unix.Kill(pid, unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if landed, err := client.ProveLasting(deadline(t), "test"); err != nil || landed.Landing == nil {
		t.Fatalf("it was stopped: %+v, %v", landed, err)
	}
	unlink()
	if state := stateOf(t, pid); state == "T" {
		t.Fatal("it is still stopped after the link has ended")
	}
}

func TestAStopOfAZombieDoesNotLand(t *testing.T) {
	command := exec.Command("/bin/true")
	if err := command.Start(); err != nil {
		t.Skip(err)
	}
	defer func() { _ = command.Wait() }()
	for stateOf(t, command.Process.Pid) != "Z" { //nolint:revive // it ends by itself
	}
	client, _ := linkAgent(t)
	landed, err := begin(t, client, protocol.LastingParams{Fault: fault.SupervisorStopped, SupervisorPID: command.Process.Pid})
	if err == nil && (landed.Landing != nil || !strings.Contains(landed.Missing, "did not stop")) {
		t.Fatalf("landed: %+v", landed)
	}
	if _, err := begin(t, client, protocol.LastingParams{Fault: fault.SupervisorStopped}); err == nil {
		t.Fatal("a fault began on a supervisor that is not known")
	}
}

// mountMemory mounts a small file system in memory, or skips the test.
func mountMemory(t *testing.T, options string) string {
	t.Helper()
	folder := t.TempDir()
	if err := unix.Mount("tmpfs", folder, "tmpfs", 0, options); err != nil {
		t.Skip("mount a file system in memory: ", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(folder, unix.MNT_DETACH) })
	return folder
}

func TestAFullDiskHasRoomAgainAfterTheRevertAndWithTheLink(t *testing.T) {
	folder := mountMemory(t, "size=4m,nr_inodes=200")
	for _, c := range []struct {
		fault fault.Lasting
		proof string
	}{{fault.DiskFull, "fails with ENOSPC"}, {fault.InodesGone, "a new file fails with ENOSPC"}} {
		client, unlink := linkAgent(t)
		params := protocol.LastingParams{Fault: c.fault, Path: folder}
		file := filepath.Join(folder, "file")
		write := func() error { return os.WriteFile(file, make([]byte, 1<<16), 0o600) }
		mustLand(t, client, params, c.proof)
		if write() == nil {
			t.Errorf("%s: a file was written", c.fault)
		}
		mustRelease(t, client)
		if err := write(); err != nil {
			t.Errorf("%s: after the revert: %v", c.fault, err)
		}
		_ = os.Remove(file)
		mustLand(t, client, params, c.proof)
		unlink()
		if err := write(); err != nil {
			t.Errorf("%s: after the link has ended: %v", c.fault, err)
		}
		_ = os.Remove(file)
	}
}

func TestADiskThatMayBeTheHostsIsNotFilled(t *testing.T) {
	client, _ := linkAgent(t)
	large := mountMemory(t, "size=1g,nr_inodes=1000000")
	for folder, want := range map[string]string{
		"":        "not known which folder",
		"/proc":   "not on a file system in memory",
		large:     "no more than",
		"/nobody": "ask for the file system",
	} {
		for _, f := range []fault.Lasting{fault.DiskFull, fault.InodesGone} {
			if _, err := begin(t, client, protocol.LastingParams{Fault: f, Path: folder}); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s on %q: %v, not %q", f, folder, err, want)
			}
		}
	}
}

func limitOf(t *testing.T, pid int) (limit unix.Rlimit) {
	t.Helper()
	if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &limit); err != nil {
		t.Fatal(err)
	}
	return limit
}

func TestDescriptorsAreThereAgainAfterTheRevertAndWithTheLink(t *testing.T) {
	endpoint, pid := serveVictim(t)
	client, unlink := linkAgent(t)
	before := limitOf(t, pid)
	params := protocol.LastingParams{Fault: fault.DescriptorsGone, SupervisorPID: pid, RPC: endpoint}
	mustLand(t, client, params, "a new client gets no answer")
	mustRelease(t, client)
	if limitOf(t, pid) != before {
		t.Fatalf("limit %+v, before %+v", limitOf(t, pid), before)
	}
	awaitServing(t, client, endpoint)
	mustLand(t, client, params, "a new client gets no answer")
	unlink()
	if limitOf(t, pid) != before {
		t.Fatalf("after the link has ended: limit %+v, before %+v", limitOf(t, pid), before)
	}
}

// TestASupervisorThatEndsOfItHasMetTheLack ends the supervisor after its limit was lowered: what the fault did must not be unproved.
func TestASupervisorThatEndsOfItHasMetTheLack(t *testing.T) {
	endpoint, pid := serveVictim(t)
	client, _ := linkAgent(t)
	params := protocol.LastingParams{Lease: "test", Fault: fault.DescriptorsGone, SupervisorPID: pid, RPC: endpoint}
	if _, err := client.BeginLasting(deadline(t), params); err != nil {
		t.Fatal(err)
	}
	if err := unix.Kill(pid, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	landed, err := client.ProveLasting(deadline(t), "test")
	if err != nil || landed.Landing == nil || !strings.Contains(landed.Landing.Proof, "ended") {
		t.Fatalf("landed: %+v, %v", landed, err)
	}
	mustRelease(t, client)
}

// TestALackOfDescriptorsDoesNotLandElsewhere lowers the limit of a process while another one answers.
func TestALackOfDescriptorsDoesNotLandElsewhere(t *testing.T) {
	endpoint, _ := serveVictim(t)
	_, other := serveVictim(t)
	client, _ := linkAgent(t)
	landed, err := begin(t, client, protocol.LastingParams{Fault: fault.DescriptorsGone, SupervisorPID: other, RPC: endpoint})
	if err != nil || landed.Landing != nil || landed.Missing == "" {
		t.Fatalf("landed: %+v, %v", landed, err)
	}
	if _, err := begin(t, client, protocol.LastingParams{Fault: fault.DescriptorsGone, SupervisorPID: other}); err == nil {
		t.Fatal("a fault began without a socket to ask")
	}
}

// TestALimitThatWasNotSetDoesNotLand begins faults that Docker was not asked for.
func TestALimitThatWasNotSetDoesNotLand(t *testing.T) {
	for _, f := range []fault.Lasting{fault.CPUStarved, fault.ProcessesGone} {
		client, _ := linkAgent(t)
		landed, err := begin(t, client, protocol.LastingParams{Fault: f})
		if err == nil && (landed.Landing != nil || landed.Missing == "") {
			t.Errorf("%s landed: %+v", f, landed)
		}
	}
}

// TestNoMemoryIsTakenWithoutALimit begins to kill for lack of memory where Docker has set no limit: nothing may take memory then.
func TestNoMemoryIsTakenWithoutALimit(t *testing.T) {
	options := victim.Options{Socket: filepath.Join(t.TempDir(), "v.sock"), Control: filepath.Join(t.TempDir(), "c.sock")}
	supervise(t, victimCommand(t, options)...)
	client, _ := linkAgent(t)
	pid := awaitServing(t, client, protocol.Endpoint{Socket: options.Socket}).Serving.PID
	landed, err := begin(t, client, protocol.LastingParams{Fault: fault.OOMKill, Path: options.Control})
	if err != nil || landed.Landing != nil || !strings.Contains(landed.Missing, "nothing takes memory") || stateOf(t, pid) == "" {
		t.Fatalf("landed: %+v, %v", landed, err)
	}
	if _, err := begin(t, client, protocol.LastingParams{Fault: fault.OOMKill}); err == nil {
		t.Fatal("a fault began on a service that is not known")
	}
}

// serveAtPort starts a victim at a port, which takes orders by a control socket.
func serveAtPort(t *testing.T, client protocol.Client) (control string, port int, service *supervised) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port = listener.Addr().(*net.TCPAddr).Port
	_ = listener.Close()
	options := victim.Options{Port: port, Control: filepath.Join(t.TempDir(), "c.sock")}
	service = supervise(t, victimCommand(t, options)...)
	awaitServing(t, client, protocol.Endpoint{Port: port, Path: "/health"})
	return options.Control, port, service
}

func TestAPortIsFreeAgainAfterTheRevertAndWithTheLink(t *testing.T) {
	for _, byLink := range []bool{false, true} {
		client, unlink := linkAgent(t)
		control, port, service := serveAtPort(t, client)
		mustLand(t, client, protocol.LastingParams{Fault: fault.PortTaken, Path: control}, "reaches the agent")
		service.end() // it would take the port again
		if byLink {
			unlink()
		} else {
			mustRelease(t, client)
		}
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			t.Fatalf("the port is not free (by the end of the link: %v): %v", byLink, err)
		}
		_ = listener.Close()
	}
}

// TestAPortOfNobodyIsNotTaken takes the port of a service that listens at none.
func TestAPortOfNobodyIsNotTaken(t *testing.T) {
	options := victim.Options{Socket: filepath.Join(t.TempDir(), "v.sock"), Control: filepath.Join(t.TempDir(), "c.sock")}
	supervise(t, victimCommand(t, options)...)
	client, _ := linkAgent(t)
	awaitServing(t, client, protocol.Endpoint{Socket: options.Socket})
	if _, err := begin(t, client, protocol.LastingParams{Fault: fault.PortTaken, Path: options.Control}); err == nil || !strings.Contains(err.Error(), "listens at no port") {
		t.Fatalf("begun: %v", err)
	}
}

func TestAPlaceOfASocketIsFreeAgainAfterTheRevertAndWithTheLink(t *testing.T) {
	for _, byLink := range []bool{false, true} {
		client, unlink := linkAgent(t)
		options := victim.Options{Socket: filepath.Join(t.TempDir(), "v.sock"), Control: filepath.Join(t.TempDir(), "c.sock")}
		service := supervise(t, victimCommand(t, options)...)
		awaitServing(t, client, protocol.Endpoint{Socket: options.Socket})
		mustLand(t, client, protocol.LastingParams{Fault: fault.SocketBlocked, Path: options.Control}, "a connect to it is refused")
		service.end() // it would take the place again
		if byLink {
			unlink()
		} else {
			mustRelease(t, client)
		}
		if _, err := os.Lstat(options.Socket); !errors.Is(err, os.ErrNotExist) {
			t.Fatalf("the place is not free (by the end of the link: %v): %v", byLink, err)
		}
	}
}

// TestAPlaceThatIsUsedAgainIsNotBlocked removes the file right after the fault has begun, and so does not land.
func TestAPlaceThatIsUsedAgainIsNotBlocked(t *testing.T) {
	options := victim.Options{Socket: filepath.Join(t.TempDir(), "v.sock"), Control: filepath.Join(t.TempDir(), "c.sock")}
	supervise(t, victimCommand(t, options)...)
	client, _ := linkAgent(t)
	awaitServing(t, client, protocol.Endpoint{Socket: options.Socket})
	params := protocol.LastingParams{Lease: "test", Fault: fault.SocketBlocked, Path: options.Control}
	if _, err := client.BeginLasting(deadline(t), params); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(options.Socket); err != nil {
		t.Fatal(err)
	}
	landed, err := client.ProveLasting(deadline(t), "test")
	if err != nil || landed.Landing != nil || !strings.Contains(landed.Missing, "something else") {
		t.Fatalf("landed: %+v, %v", landed, err)
	}
}

func TestNamesCanBeLookedUpAgainAfterTheRevertAndWithTheLink(t *testing.T) {
	file := filepath.Join(t.TempDir(), "resolv.conf")
	const before = "nameserver 127.0.0.53\n"
	if err := os.WriteFile(file, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	read := func() string {
		text, _ := os.ReadFile(file)
		return string(text)
	}
	client, unlink := linkAgent(t)
	params := protocol.LastingParams{Fault: fault.DNSGone, Path: file}
	mustLand(t, client, params, "gets no answer")
	mustRelease(t, client)
	if read() != before {
		t.Fatalf("after the revert: %q", read())
	}
	mustLand(t, client, params, "gets no answer")
	unlink()
	if read() != before {
		t.Fatalf("after the link has ended: %q", read())
	}
}

// TestNamesAreNotGoneByAnotherFile replaces the file right after the fault has begun, as a tool of the network does.
func TestNamesAreNotGoneByAnotherFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "resolv.conf")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	client, _ := linkAgent(t)
	params := protocol.LastingParams{Lease: "test", Fault: fault.DNSGone, Path: file}
	if _, err := client.BeginLasting(deadline(t), params); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("nameserver 127.0.0.53\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	landed, err := client.ProveLasting(deadline(t), "test")
	if err != nil || landed.Landing != nil || !strings.Contains(landed.Missing, "names another server") {
		t.Fatalf("landed: %+v, %v", landed, err)
	}
}

func TestABacklogHasRoomAgainAfterTheRevertAndWithTheLink(t *testing.T) {
	endpoint, pid := serveVictim(t)
	client, unlink := linkAgent(t)
	params := protocol.LastingParams{Fault: fault.BacklogFull, SupervisorPID: pid, RPC: endpoint}
	mustLand(t, client, params, "a connect fails with EAGAIN")
	mustRelease(t, client)
	awaitServing(t, client, endpoint)
	mustLand(t, client, params, "a connect fails with EAGAIN")
	unlink()
	if state := stateOf(t, pid); state == "T" {
		t.Fatal("it is still stopped after the link has ended")
	}
	other, _ := linkAgent(t)
	awaitServing(t, other, endpoint)
}

// TestABacklogThatIsLongerDoesNotFill connects fewer clients than the socket takes.
func TestABacklogThatIsLongerDoesNotFill(t *testing.T) {
	endpoint, pid := serveVictim(t)
	client, _ := linkAgent(t)
	few := fault.BacklogFull
	few.Amount = 3
	landed, err := begin(t, client, protocol.LastingParams{Fault: few, SupervisorPID: pid, RPC: endpoint})
	if err != nil || landed.Landing != nil || !strings.Contains(landed.Missing, "more than 3 clients") {
		t.Fatalf("landed: %+v, %v", landed, err)
	}
}

// TestAnEndIsWithheldUntilTheRevertAndTheEndOfTheLink kills a service whose end is withheld: it is there until the fault is over.
func TestAnEndIsWithheldUntilTheRevertAndTheEndOfTheLink(t *testing.T) {
	for _, byLink := range []bool{false, true} {
		client, unlink := linkAgent(t)
		options := victim.Options{Socket: filepath.Join(t.TempDir(), "v.sock"), Control: filepath.Join(t.TempDir(), "c.sock")}
		service := supervise(t, victimCommand(t, options)...)
		pid := awaitServing(t, client, protocol.Endpoint{Socket: options.Socket}).Serving.PID
		mustLand(t, client, protocol.LastingParams{Fault: fault.EndWithheld, Path: options.Control}, "state t")
		for _, signal := range []unix.Signal{unix.SIGTERM, unix.SIGKILL} {
			if err := unix.Kill(pid, signal); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(refusalPeriod) // nothing tells that it does not end
		if state := stateOf(t, pid); state != "t" {
			t.Errorf("state %s after SIGKILL", state)
		}
		if byLink {
			unlink()
		} else {
			mustRelease(t, client)
		}
		service.end() // it waits for the end of the process
	}
}

// refusalPeriod is the time for which something is watched that must not happen.
const refusalPeriod = 200 * time.Millisecond

// TestAnEndIsNotWithheldFromAStranger begins the fault without a service, and on one that somebody else traces already.
func TestAnEndIsNotWithheldFromAStranger(t *testing.T) {
	client, _ := linkAgent(t)
	if _, err := begin(t, client, protocol.LastingParams{Fault: fault.EndWithheld}); err == nil || !strings.Contains(err.Error(), "not known which service") {
		t.Errorf("begun: %v", err)
	}
	options := victim.Options{Socket: filepath.Join(t.TempDir(), "v.sock"), Control: filepath.Join(t.TempDir(), "c.sock")}
	supervise(t, victimCommand(t, options)...)
	awaitServing(t, client, protocol.Endpoint{Socket: options.Socket})
	params := protocol.LastingParams{Fault: fault.EndWithheld, Path: options.Control}
	mustLand(t, client, params, "state t")
	other := params
	other.Lease = "other"
	if _, err := client.BeginLasting(deadline(t), other); err == nil || !strings.Contains(err.Error(), "operation not permitted") {
		t.Errorf("a second trace began: %v", err)
	}
	mustRelease(t, client)
}

// holdDatabase starts a process that has a file open for input, which begins as a database of SQLite does if so is wanted.
func holdDatabase(t *testing.T, database bool) (pid int, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "state.sqlite")
	text := "no database at all"
	if database {
		text = "SQLite format 3\x00" + strings.Repeat("page", 1000)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path) //nolint:gosec // the test's own file
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	command := exec.Command("sleep", "60")
	command.Stdin = file
	if err := command.Start(); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	return command.Process.Pid, path
}

func TestFilesMayGrowAgainAfterTheRevertAndWithTheLink(t *testing.T) {
	pid, path := holdDatabase(t, true)
	read := func() (limit unix.Rlimit) {
		if err := unix.Prlimit(pid, unix.RLIMIT_FSIZE, nil, &limit); err != nil {
			t.Fatal(err)
		}
		return limit
	}
	client, unlink := linkAgent(t)
	before := read()
	params := protocol.LastingParams{Fault: fault.FilesCut, SupervisorPID: pid, Path: filepath.Dir(path)}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	mustLand(t, client, params, fmt.Sprintf("the limit of file sizes is %d bytes", info.Size()+fault.FilesCut.Amount))
	mustRelease(t, client)
	if read() != before {
		t.Fatalf("after the revert: %+v, before %+v", read(), before)
	}
	mustLand(t, client, params, "the limit of file sizes is")
	unlink()
	if read() != before {
		t.Fatalf("after the link has ended: %+v, before %+v", read(), before)
	}
}

// TestFilesAreNotCutWithoutAState begins the fault where no state is known, and raises the limit again before it is proved.
func TestFilesAreNotCutWithoutAState(t *testing.T) {
	client, _ := linkAgent(t)
	pid, path := holdDatabase(t, false)
	for folder, want := range map[string]string{"": "not known which folder", filepath.Dir(path): "no database of SQLite open"} {
		landed, err := begin(t, client, protocol.LastingParams{Fault: fault.FilesCut, SupervisorPID: pid, Path: folder})
		if err != nil || landed.Landing != nil || !strings.Contains(landed.Missing, want) {
			t.Errorf("in %q: %+v, %v, not %q", folder, landed, err, want)
		}
		if err := client.Undo(deadline(t), "test"); err != nil {
			t.Fatal(err)
		}
	}
	pid, path = holdDatabase(t, true)
	params := protocol.LastingParams{Lease: "test", Fault: fault.FilesCut, SupervisorPID: pid, Path: filepath.Dir(path)}
	if _, err := client.BeginLasting(deadline(t), params); err != nil {
		t.Fatal(err)
	}
	if err := unix.Prlimit(pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 1 << 30, Max: unix.RLIM_INFINITY}, nil); err != nil {
		t.Fatal(err)
	}
	landed, err := client.ProveLasting(deadline(t), "test")
	if err != nil || landed.Landing != nil || !strings.Contains(landed.Missing, "and not") {
		t.Fatalf("landed: %+v, %v", landed, err)
	}
}

func TestAnUnknownLastingFaultIsRefused(t *testing.T) {
	client, _ := linkAgent(t)
	strange := fault.SupervisorStopped
	strange.Name = "meteor"
	if _, err := begin(t, client, protocol.LastingParams{Fault: strange}); err == nil || !strings.Contains(err.Error(), "does not know") {
		t.Errorf("a strange fault: %v", err)
	}
	if _, err := client.EndLasting(deadline(t), "nobody"); err == nil {
		t.Error("a fault ended that nobody holds")
	}
	if err := client.Undo(deadline(t), "nobody"); err != nil {
		t.Errorf("undo what nobody holds: %v", err)
	}
}
