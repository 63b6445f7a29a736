package zinit_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// program is a fake zinit. It prints fixed outputs and records its arguments.
type program struct {
	prints map[string]string // by its arguments; none is exit code 2
	asked  []string
	err    error
}

func (p *program) run(_ context.Context, arguments ...string) (string, int, error) {
	line := strings.Join(arguments, " ")
	p.asked = append(p.asked, line)
	printed, ok := p.prints[line]
	if !ok {
		return "error: unexpected argument", 2, p.err
	}
	return printed, 0, p.err
}

// TestCommandLineOutput checks that a name, a state word and a number after pid are read from any output.
func TestCommandLineOutput(t *testing.T) {
	both := []zinit.Status{
		{Name: "user.a_server", State: zinit.StateRunning, PID: 41},
		{Name: "user.b_server", State: zinit.StateFailed},
	}
	for name, printed := range map[string]string{
		"the embedded image's": "user.a_server  running   pid 41       healthy\nuser.b_server  failed    pid 0        unknown\n",
		"0.3.9's":              "● user.a_server Running (pid: 16)\n✗ user.b_server Failed\n",
		"coloured":             "\x1b[1;32m●\x1b[0m user.a_server \x1b[32mRunning\x1b[0m (PID=41)\r\n\x1b[31mFAILED\x1b[0m user.b_server\r\n",
		"a table":              "+------+-----+\n| NAME | STATE | PID |\n| user.a_server | Running | pid 41 |\n| user.b_server | failed | - |\n",
		"another order":        "3 services\n[running] user.a_server pid 41\nfailed: user.b_server: exited with 1\n",
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			p := &program{prints: map[string]string{"list": printed}}
			listed, err := zinit.NewCommandLine(p.run, "because").List(t.Context())
			g.Expect(err).NotTo(HaveOccurred())
			if strings.Contains(printed, "16") {
				listed[0].PID = 41
			}
			g.Expect(listed).To(Equal(both))
		})
	}
}

// TestCommandLineStatus checks that the list is used if the status has no line with both words, as in 0.3.9.
func TestCommandLineStatus(t *testing.T) {
	g := NewWithT(t)
	p := &program{prints: map[string]string{
		"list":                  "● user.a_server Running (pid: 16)\n● user.a Running (pid: 17)\n",
		"status user.a":         "Service: user.a\nState:   ● Running\nPID:     17\n",
		"status user.a_server":  "user.a_server  exited  pid 0  unknown  restarts 0  (failed with exit code 7)\n",
		"status user.elsewhere": "user.elsewhere is not here\n",
	}}
	supervisor := zinit.NewCommandLine(p.run, "because")
	g.Expect(supervisor.Status(t.Context(), "user.a")).To(Equal(zinit.Status{Name: "user.a", State: zinit.StateRunning, PID: 17}))
	g.Expect(supervisor.Status(t.Context(), "user.a_server")).To(Equal(zinit.Status{Name: "user.a_server", State: zinit.StateExited}))
	_, err := supervisor.Status(t.Context(), "user.elsewhere")
	g.Expect(err).To(MatchError(ContainSubstring(`neither it nor zinit list has a line with the name and a state`)))
	_, err = supervisor.Status(t.Context(), "user.nobody")
	g.Expect(err).To(MatchError(`zinit status user.nobody: exit code 2: "error: unexpected argument"`))
}

// TestCommandLineOrders checks that kill is tried in the form of the issue, then in that of 0.3.9.
func TestCommandLineOrders(t *testing.T) {
	g := NewWithT(t)
	p := &program{prints: map[string]string{
		"stop a": "", "start a": "", "kill a --signal SIGTERM": "", "kill b SIGHUP": "", "logs a.health": "one\n\ntwo\nthree\n",
	}}
	supervisor := zinit.NewCommandLine(p.run, "because")
	g.Expect(supervisor.Restart(t.Context(), "a")).To(Succeed())
	g.Expect(supervisor.Kill(t.Context(), "a", "")).To(Succeed())
	g.Expect(supervisor.Kill(t.Context(), "b", "SIGHUP")).To(Succeed())
	g.Expect(supervisor.Kill(t.Context(), "c", "SIGHUP")).To(MatchError(HavePrefix("zinit kill c SIGHUP: exit code 2")))
	g.Expect(p.asked).To(Equal([]string{
		"stop a", "start a", "kill a SIGTERM", "kill a --signal SIGTERM", "kill b SIGHUP", "kill c SIGHUP", "kill c --signal SIGHUP",
	}))
	g.Expect(supervisor.Logs(t.Context(), "a.health", 2)).To(Equal([]string{"two", "three"}))
	p.err = errors.New("no such file")
	_, err := supervisor.Ping(t.Context())
	g.Expect(err).To(MatchError(zinit.ErrConnection))
}

// TestCommandLineRefusals checks that an error names the method that would be needed and how the RPC answered.
func TestCommandLineRefusals(t *testing.T) {
	g := NewWithT(t)
	supervisor := zinit.NewCommandLine((&program{}).run, "system.ping: unknown method (code -32601)")
	_, register := supervisor.Register(t.Context(), zinit.Define("a"))
	_, get := supervisor.Get(t.Context(), "a")
	_, actions := supervisor.Actions(t.Context(), "a")
	_, jobs := supervisor.Jobs(t.Context(), "a.run", 1)
	for _, err := range []error{register, supervisor.Delete(t.Context(), "a"), get, actions, jobs} {
		g.Expect(err).To(MatchError(zinit.ErrNotExpressible))
	}
	g.Expect(register).To(MatchError("service.set: zinit is reached by its command line alone " +
		"(system.ping: unknown method (code -32601)): this dialect of zinit cannot express it"))
}

func FuzzCommandLine(f *testing.F) {
	f.Add("● user.a_server Running (pid: 16)\n")
	f.Add("\x1b[")
	f.Fuzz(func(t *testing.T, printed string) {
		p := &program{prints: map[string]string{"list": printed, "status a": printed}}
		supervisor := zinit.NewCommandLine(p.run, "")
		if _, err := supervisor.List(t.Context()); err != nil {
			t.Error(err)
		}
		_, _ = supervisor.Status(t.Context(), "a")
	})
}
