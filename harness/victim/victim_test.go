package victim_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
)

// asVictim makes the test binary a victim.
const asVictim = "HERO_CHAOS_TEST_VICTIM"

func TestMain(m *testing.M) {
	if os.Getenv(asVictim) != "" {
		os.Exit(victim.Main(context.Background(), os.Args[1:], os.Stderr))
	}
	os.Exit(m.Run())
}

const (
	outer   = 20 * time.Second       // bounds what is to come; nothing is judged by it
	silence = 300 * time.Millisecond // the time for which nothing may come
)

const health = `{"jsonrpc":"2.0","method":"server.health","id":7}` + "\n"

// running is a victim in a process of its own.
type running struct {
	victim.Options
	command *exec.Cmd
	stderr  bytes.Buffer
	done    chan error
}

func run(t *testing.T, options victim.Options) *running {
	t.Helper()
	folder := t.TempDir()
	options.Journal = filepath.Join(folder, "journal")
	options.Control = filepath.Join(folder, "control")
	if options.Port == 0 && options.Socket == "" {
		options.Socket = filepath.Join(folder, "socket")
	}
	r := &running{Options: options, done: make(chan error, 1)}
	r.command = exec.Command(os.Args[0], options.Args()...) //nolint:gosec // the test's own program
	r.command.Env = append(os.Environ(), asVictim+"=1")
	r.command.Stderr = &r.stderr
	r.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := r.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { r.done <- r.command.Wait() }()
	t.Cleanup(func() { _ = syscall.Kill(-r.command.Process.Pid, syscall.SIGKILL) })
	return r
}

// events returns the journal so far.
func (r *running) events() []victim.Event {
	file, err := os.Open(r.Journal)
	if err != nil {
		return nil
	}
	defer func() { _ = file.Close() }()
	var events []victim.Event
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var event victim.Event
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
			panic(fmt.Sprintf("journal line %q: %v", lines.Text(), err))
		}
		events = append(events, event)
	}
	return events
}

func (r *running) names() (names []string) {
	for _, event := range r.events() {
		names = append(names, event.Event)
	}
	return names
}

// await waits for an event in the journal.
func (r *running) await(t *testing.T, event string) *running {
	t.Helper()
	NewWithT(t).Eventually(r.names).WithTimeout(outer).WithPolling(time.Millisecond).Should(ContainElement(event))
	return r
}

func (r *running) dial(t *testing.T) net.Conn {
	t.Helper()
	network, address := "unix", r.Socket
	if r.Port != 0 {
		network, address = "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(r.Port))
	}
	conn, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// ask sends text on a fresh connection and returns the first line of the answer.
func (r *running) ask(t *testing.T, text string) (string, error) {
	t.Helper()
	conn := r.dial(t)
	if _, err := io.WriteString(conn, text); err != nil {
		return "", err
	}
	_ = conn.SetReadDeadline(time.Now().Add(outer))
	return bufio.NewReader(conn).ReadString('\n')
}

func (r *running) control(t *testing.T) *victim.Control {
	t.Helper()
	conn, err := net.Dial("unix", r.Control)
	if err != nil {
		t.Fatal(err)
	}
	control := victim.NewControl(conn)
	t.Cleanup(func() { _ = control.Close() })
	return control
}

// exit waits for the end and returns the exit code, or minus the signal.
func (r *running) exit(t *testing.T) int {
	t.Helper()
	select {
	case err := <-r.done:
		var ended *exec.ExitError
		if errors.As(err, &ended) {
			if status, ok := ended.Sys().(syscall.WaitStatus); ok && status.Signaled() {
				return -int(status.Signal())
			}
			return ended.ExitCode()
		}
		return 0
	case <-time.After(outer):
		t.Fatal("the victim did not end")
		return 0
	}
}

func (r *running) signal(t *testing.T, signal syscall.Signal) {
	t.Helper()
	if err := r.command.Process.Signal(signal); err != nil {
		t.Fatal(err)
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

func TestAGoodVictimAnswersByID(t *testing.T) {
	g := NewWithT(t)
	v := run(t, victim.Options{}).await(t, victim.EventServing)
	conn := v.dial(t)
	lines := bufio.NewReader(conn)
	for _, exchange := range [][2]string{
		{health, `{"jsonrpc":"2.0","id":7,"result":{"status":"ok"}}`},
		{`{"jsonrpc":"2.0","method":"server.health","id":"x","extra":1}` + "\n", `{"jsonrpc":"2.0","id":"x","result":{"status":"ok"}}`},
		{`{"jsonrpc":"2.0","method":"server.work","id":8}` + "\n", `{"jsonrpc":"2.0","id":8,"result":{"status":"done"}}`},
		{`{"jsonrpc":"2.0","method":"no.such","id":9}` + "\n", `{"jsonrpc":"2.0","id":9,"error":{"code":-32601,"message":"method not found: no.such"}}`},
		{`{"jsonrpc":"2.0","method":"server.health"}` + "\n{\n", `{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"parse error"}}`},
	} {
		_, err := io.WriteString(conn, exchange[0])
		g.Expect(err).NotTo(HaveOccurred())
		line, err := lines.ReadString('\n')
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(line).To(Equal(exchange[1] + "\n"))
	}
	info, err := os.Stat(v.Socket)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(info.Mode().Perm()).To(Equal(os.FileMode(0o600)))
}

func TestBehavioursOverJSONRPC(t *testing.T) {
	v := run(t, victim.Options{}).await(t, victim.EventServing)
	control := v.control(t)
	for behaviour, want := range map[victim.Behaviour]func(*WithT, string, error){
		victim.Good: func(g *WithT, line string, err error) {
			g.Expect(line).To(Equal(`{"jsonrpc":"2.0","id":7,"result":{"status":"ok"}}` + "\n"))
		},
		victim.Error: func(g *WithT, line string, err error) {
			g.Expect(line).To(ContainSubstring(`"id":7,"error":{"code":-32000,`))
		},
		victim.WrongID: func(g *WithT, line string, err error) {
			g.Expect(line).To(And(ContainSubstring(`"result":{"status":"ok"}`), Not(ContainSubstring(`"id":7`))))
		},
		victim.Unhealthy: func(g *WithT, line string, err error) {
			g.Expect(line).To(ContainSubstring(`"id":7,"result":{"status":"unhealthy"}`))
		},
		victim.AcceptClose: func(g *WithT, line string, err error) {
			g.Expect(err).To(HaveOccurred())
			g.Expect(line).To(BeEmpty())
		},
	} {
		t.Run(string(behaviour), func(t *testing.T) {
			g := NewWithT(t)
			g.Expect(control.Become(t.Context(), behaviour, 0)).To(Succeed())
			line, err := v.ask(t, health)
			want(g, line, err)
		})
	}
}

func TestBehavioursThatKeepSilent(t *testing.T) {
	for behaviour, said := range map[victim.Behaviour]string{
		victim.Mute: "",
		victim.Half: `{"jsonrpc":"2.0","id":7,"`,
	} {
		t.Run(string(behaviour), func(t *testing.T) {
			g := NewWithT(t)
			v := run(t, victim.Options{Behaviour: behaviour}).await(t, victim.EventListening)
			conn := v.dial(t)
			_, err := io.WriteString(conn, health)
			g.Expect(err).NotTo(HaveOccurred())
			heard := make([]byte, len(said))
			_ = conn.SetReadDeadline(time.Now().Add(outer))
			_, err = io.ReadFull(conn, heard)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(string(heard)).To(Equal(said))
			_ = conn.SetReadDeadline(time.Now().Add(silence))
			_, err = conn.Read(make([]byte, 1))
			g.Expect(os.IsTimeout(err)).To(BeTrue(), "%v", err)
			v.await(t, victim.EventProbe)
			g.Expect(v.names()).NotTo(ContainElement(victim.EventServing))
		})
	}
}

func TestADrippingVictimSaysAllInManyPieces(t *testing.T) {
	g := NewWithT(t)
	v := run(t, victim.Options{Behaviour: victim.Drip}).await(t, victim.EventListening)
	conn := v.dial(t)
	_, err := io.WriteString(conn, health)
	g.Expect(err).NotTo(HaveOccurred())
	piece := make([]byte, 100)
	_ = conn.SetReadDeadline(time.Now().Add(outer))
	for _, want := range []string{"{", `"`, "j"} {
		n, err := conn.Read(piece)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(string(piece[:n])).To(Equal(want))
	}
}

func TestHTTP(t *testing.T) {
	v := run(t, victim.Options{Port: freePort(t)}).await(t, victim.EventServing)
	control := v.control(t)
	client := http.Client{Timeout: outer, Transport: &http.Transport{DisableKeepAlives: true}}
	get := func(g *WithT, path string) (int, string) {
		reply, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d%s", v.Port, path))
		g.Expect(err).NotTo(HaveOccurred())
		defer func() { _ = reply.Body.Close() }()
		body, err := io.ReadAll(reply.Body)
		g.Expect(err).NotTo(HaveOccurred())
		return reply.StatusCode, string(body)
	}
	for _, row := range []struct {
		behaviour victim.Behaviour
		path      string
		code      int
		body      string
	}{
		{victim.Good, "/health", 200, `{"status":"ok"}`},
		{victim.Good, "/work", 200, `{"status":"done"}`},
		{victim.Good, "/", 404, `{"error":"not found"}`},
		{victim.Unhealthy, "/health", 200, `{"status":"unhealthy"}`},
		{victim.Error, "/health", 500, `{"error":"victim: told to answer with an error"}`},
	} {
		t.Run(string(row.behaviour)+row.path, func(t *testing.T) {
			g := NewWithT(t)
			g.Expect(control.Become(t.Context(), row.behaviour, 0)).To(Succeed())
			code, body := get(g, row.path)
			g.Expect(code).To(Equal(row.code))
			g.Expect(body).To(Equal(row.body))
		})
	}
	t.Run("accept-close", func(t *testing.T) {
		g := NewWithT(t)
		g.Expect(control.Become(t.Context(), victim.AcceptClose, 0)).To(Succeed())
		_, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d/health", v.Port))
		g.Expect(err).To(HaveOccurred())
		g.Expect(os.IsTimeout(err)).To(BeFalse())
	})
	t.Run("wrong-id", func(t *testing.T) {
		NewWithT(t).Expect(control.Become(t.Context(), victim.WrongID, 0)).To(MatchError(ContainSubstring("HTTP has no ids")))
	})
}

func TestADeadlockedVictimAnswersOnlyHealth(t *testing.T) {
	g := NewWithT(t)
	v := run(t, victim.Options{Deadlock: true}).await(t, victim.EventServing)
	conn := v.dial(t)
	_, err := io.WriteString(conn, strings.Replace(health, "health", "work", 1))
	g.Expect(err).NotTo(HaveOccurred())
	_ = conn.SetReadDeadline(time.Now().Add(silence))
	_, err = conn.Read(make([]byte, 1))
	g.Expect(os.IsTimeout(err)).To(BeTrue(), "%v", err)
	line, err := v.ask(t, health)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(line).To(ContainSubstring(`"status":"ok"`))
}

func TestDelaysAreLowerBounds(t *testing.T) {
	g := NewWithT(t)
	const start, ready, reply = 150 * time.Millisecond, 250 * time.Millisecond, 100 * time.Millisecond
	v := run(t, victim.Options{StartDelay: start, ReadyDelay: ready, ReplyDelay: reply}).await(t, victim.EventListening)
	asked := time.Now()
	_, err := v.ask(t, health) // it may be asked before it is ready
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(time.Since(asked)).To(BeNumerically(">=", reply))
	at := map[string]int64{}
	for _, event := range v.events() {
		at[event.Event] = event.MonoNS
		g.Expect(event.PID).To(Equal(v.command.Process.Pid))
	}
	g.Expect(at[victim.EventListening] - at[victim.EventStarted]).To(BeNumerically(">=", int64(start)))
	g.Expect(at[victim.EventServing] - at[victim.EventListening]).To(BeNumerically(">=", int64(ready)))
	g.Expect(at).To(HaveKey(victim.EventProbe))
}

func TestEnds(t *testing.T) {
	t.Run("with 0 on SIGTERM", func(t *testing.T) {
		v := run(t, victim.Options{}).await(t, victim.EventServing)
		v.signal(t, syscall.SIGTERM)
		NewWithT(t).Expect(v.exit(t)).To(Equal(0))
		NewWithT(t).Expect(v.names()).To(HaveExactElements("started", "listening", "serving", "terminating", "ended"))
	})
	t.Run("with its code on SIGTERM, later", func(t *testing.T) {
		v := run(t, victim.Options{ExitCode: 3, TermDelay: 200 * time.Millisecond}).await(t, victim.EventServing)
		v.signal(t, syscall.SIGTERM)
		v.await(t, victim.EventTerminating)
		_, err := v.ask(t, health)
		NewWithT(t).Expect(err).NotTo(HaveOccurred(), "it answers until it ends")
		NewWithT(t).Expect(v.exit(t)).To(Equal(3))
	})
	t.Run("not on SIGTERM", func(t *testing.T) {
		v := run(t, victim.Options{OnTerm: victim.TermIgnore}).await(t, victim.EventServing)
		v.signal(t, syscall.SIGTERM)
		v.await(t, victim.EventTerminating)
		_, err := v.ask(t, health)
		NewWithT(t).Expect(err).NotTo(HaveOccurred())
		v.signal(t, syscall.SIGKILL)
		NewWithT(t).Expect(v.exit(t)).To(Equal(-9))
	})
	t.Run("by SIGTERM itself", func(t *testing.T) {
		v := run(t, victim.Options{OnTerm: victim.TermDie, Children: 1}).await(t, victim.EventServing)
		v.signal(t, syscall.SIGTERM)
		NewWithT(t).Expect(v.exit(t)).To(Equal(-15))
		NewWithT(t).Expect(v.names()).To(HaveExactElements("started", "listening", "serving", "terminating"))
	})
	t.Run("by itself while it starts", func(t *testing.T) {
		v := run(t, victim.Options{ExitDelay: 50 * time.Millisecond, StartDelay: time.Hour, ExitCode: 9})
		NewWithT(t).Expect(v.exit(t)).To(Equal(9))
		NewWithT(t).Expect(v.names()).To(HaveExactElements("started", "ended"))
	})
	t.Run("by its own stop signal alone", func(t *testing.T) {
		v := run(t, victim.Options{StopSignal: "SIGUSR1", TermDelay: 50 * time.Millisecond}).await(t, victim.EventServing)
		v.signal(t, syscall.SIGTERM)
		v.await(t, victim.EventMistaken)
		v.signal(t, syscall.SIGUSR1)
		NewWithT(t).Expect(v.exit(t)).To(Equal(0))
		NewWithT(t).Expect(v.names()).To(HaveExactElements("started", "listening", "serving", "mistaken", "terminating", "ended"))
	})
	t.Run("by an order", func(t *testing.T) {
		v := run(t, victim.Options{}).await(t, victim.EventServing)
		NewWithT(t).Expect(v.control(t).Exit(t.Context(), 42)).To(Succeed())
		NewWithT(t).Expect(v.exit(t)).To(Equal(42))
	})
}

func TestControlRefusesNonsense(t *testing.T) {
	g := NewWithT(t)
	v := run(t, victim.Options{}).await(t, victim.EventServing)
	control := v.control(t)
	g.Expect(control.Become(t.Context(), "kind", 0)).To(MatchError(ContainSubstring("use one of")))
	g.Expect(control.Become(t.Context(), victim.Good, -time.Second)).To(MatchError(ContainSubstring("negative")))
	g.Expect(control.Exit(t.Context(), 256)).To(MatchError(ContainSubstring("no exit code")))
}

func TestAStaleSocketIsReplacedButNoOtherFile(t *testing.T) {
	g := NewWithT(t)
	first := run(t, victim.Options{}).await(t, victim.EventServing)
	first.signal(t, syscall.SIGKILL)
	first.exit(t)
	second := run(t, victim.Options{Socket: first.Socket}).await(t, victim.EventServing)
	_, err := second.ask(t, health)
	g.Expect(err).NotTo(HaveOccurred())

	file := filepath.Join(t.TempDir(), "file")
	g.Expect(os.WriteFile(file, nil, 0o600)).To(Succeed())
	third := run(t, victim.Options{Socket: file})
	g.Expect(third.exit(t)).To(Equal(1))
	g.Expect(third.stderr.String()).To(ContainSubstring("is no socket"))
}

// children returns the pids of a process's children.
func children(pid int) []string {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	var pids []string
	for _, task := range tasks {
		text, _ := os.ReadFile(task) //nolint:gosec // under /proc
		pids = append(pids, strings.Fields(string(text))...)
	}
	return pids
}

func TestWorkersAnswerInTheVictimsPlace(t *testing.T) {
	g := NewWithT(t)
	v := run(t, victim.Options{Workers: 2}).await(t, victim.EventServing)
	line, err := v.ask(t, health)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(line).To(ContainSubstring(`"status":"ok"`))
	v.await(t, victim.EventProbe)
	for _, event := range v.events() {
		if event.Event == victim.EventProbe {
			g.Expect(children(v.command.Process.Pid)).To(ContainElement(strconv.Itoa(event.PID)))
		}
	}
	g.Expect(v.control(t).Become(t.Context(), victim.Error, 0)).To(Succeed())
	g.Eventually(func() string { line, _ := v.ask(t, health); return line }).
		WithTimeout(outer).Should(ContainSubstring(`"error"`))
	v.signal(t, syscall.SIGTERM)
	g.Expect(v.exit(t)).To(Equal(0))
	g.Eventually(func() error { return syscall.Kill(-v.command.Process.Pid, 0) }).
		WithTimeout(outer).Should(MatchError(syscall.ESRCH), "the workers end as well")
}

func TestDescendantsOutliveTheVictim(t *testing.T) {
	g := NewWithT(t)
	v := run(t, victim.Options{Children: 2, SetsidChild: true}).await(t, victim.EventServing)
	g.Eventually(func() []string { return children(v.command.Process.Pid) }).WithTimeout(outer).Should(HaveLen(3))
	var strangers []int
	for _, text := range children(v.command.Process.Pid) {
		pid, _ := strconv.Atoi(text)
		if session, err := sessionOf(pid); err == nil && session == pid {
			strangers = append(strangers, pid)
		}
	}
	g.Expect(strangers).To(HaveLen(1), "one child leads a session of its own")
	v.signal(t, syscall.SIGTERM)
	g.Expect(v.exit(t)).To(Equal(0))
	g.Expect(syscall.Kill(strangers[0], 0)).To(Succeed())
	g.Expect(syscall.Kill(strangers[0], syscall.SIGKILL)).To(Succeed())
}

func sessionOf(pid int) (int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	return strconv.Atoi(strings.Fields(rest)[3])
}
