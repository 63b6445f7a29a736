package zinit_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"testing"

	. "github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/contract"
)

var update = flag.Bool("update", false, "write the golden files again")

// TestConnect checks which dialect is found, and the error if there is none.
func TestConnect(t *testing.T) {
	const (
		model  = `"result":{"methods":[{"name":"service.set"},{"name":"action.set"}]}`
		older  = `"result":{"openrpc":"1.3.2","methods":[{"name":"service.set"}]}`
		none   = `"error":{"code":-32601,"message":"unknown method"}`
		broken = `"error":{"code":-32603,"message":"boom"}`
		alive  = `"result":{"version":"1"}`
	)
	cases := map[string]struct {
		discover, ping string
		dialect        zinit.Dialect
		err            string
	}{
		"0.4":                      {model, alive, zinit.Dialect04, ""},
		"0.3":                      {older, alive, zinit.Dialect03, ""},
		"0.3 without discovery":    {none, alive, zinit.Dialect03, ""},
		"another JSON-RPC server":  {older, none, "", "what answers is not zinit: system.ping: unknown method (code -32601)"},
		"nothing understood":       {none, none, "", "what answers is not zinit"},
		"discovery fails":          {broken, alive, "", "rpc.discover: boom"},
		"discovery makes no sense": {`"result":[]`, alive, "", "rpc.discover: no answer: the result"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			supervisor, err := zinit.Connect(t.Context(), answering(t, func(asked request) string {
				if asked.Method == "rpc.discover" {
					return c.discover
				}
				return c.ping
			}))
			if c.err != "" {
				g.Expect(err).To(MatchError(ContainSubstring(c.err)))
				g.Expect(err.Error()).To(HavePrefix("find zinit's dialect: "))
				return
			}
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(supervisor.Dialect()).To(Equal(c.dialect))
			g.Expect(supervisor.Close()).To(Succeed())
		})
	}
}

// fake is a supervisor that answers by method and records the requests.
type fake struct {
	mu      sync.Mutex
	answers map[string]string
	asked   []request
}

func (f *fake) answer(asked request) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, asked)
	if answer, ok := f.answers[asked.Method]; ok {
		return answer
	}
	return `"error":{"code":-32601,"message":"unknown method"}`
}

func (f *fake) methods() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var methods []string
	for _, asked := range f.asked {
		methods = append(methods, asked.Method)
	}
	return methods
}

func connect(t *testing.T, f *fake) zinit.Supervisor {
	t.Helper()
	supervisor, err := zinit.Connect(t.Context(), answering(t, f.answer))
	if err != nil {
		t.Fatal(err)
	}
	f.asked = nil
	return supervisor
}

// TestRegisterSetsActionsFirst checks that the health action exists before the process starts.
func TestRegisterSetsActionsFirst(t *testing.T) {
	g := NewWithT(t)
	f := &fake{answers: map[string]string{
		"rpc.discover": `"result":{"methods":[{"name":"action.set"}]}`,
		"system.ping":  `"result":{"version":"0.4.0"}`,
		"action.set":   `"result":{"name":"x","replaced":true}`,
		"service.set":  `"result":{"name":"user.x","warnings":["hm"]}`,
	}}
	supervisor := connect(t, f)
	warnings, err := supervisor.Register(t.Context(), zinit.Define("user.x", fullAction, fullHealth))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(f.methods()).To(Equal([]string{"action.set", "action.set", "service.set"}))
	g.Expect(warnings).To(Equal([]string{
		`action "user.x.run" existed and is replaced`,
		`action "user.x.health" existed and is replaced`, "hm",
	}))
	g.Expect(f.asked[2].Params).To(MatchJSON(`{"config":{"name":"user.x","actions":["user.x.run","user.x.health"]}}`))

	f.answers["action.set"] = `"error":{"code":-32003,"message":"no exec"}`
	_, err = supervisor.Register(t.Context(), zinit.Define("user.x", fullAction))
	g.Expect(err).To(MatchError(`action.set of "user.x.run": no exec (code -32003)`))
	g.Expect(err).To(MatchError(zinit.ErrInvalidConfig))
}

// TestLegacy uses recorded answers of zinit 0.3.9.
func TestLegacy(t *testing.T) {
	g := NewWithT(t)
	f := &fake{answers: map[string]string{
		"system.ping":    `"result":{"version":"0.3.9"}`,
		"service.set":    `"result":{"name":"user.x","path":"/etc/zinit/services/user.x.toml","warnings":[]}`,
		"service.list":   `"result":["user.x"]`,
		"service.status": `"result":{"name":"user.x","pid":0,"state":"exited","exit_code":3}`,
		"service.stop":   `"error":{"code":-32603,"message":"service not found: user.x"}`,
		"service.delete": `"result":{"ok":true}`,
		"service.get": `"result":{"dependencies":{"after":[],"conflicts":[],"requires":["base"],"wants":[]},
			"health":{"type":"tcp","target":"localhost:1","interval_ms":1000,"timeout_ms":500,"retries":3,"start_period_ms":0},
			"lifecycle":{"max_restarts":3,"restart":"always","restart_delay_max_ms":5000,"restart_delay_ms":730,
				"stability_period_ms":60000,"start_timeout_ms":30000,"stop_signal":"SIGTERM","stop_timeout_ms":10000},
			"logging":{"buffer_lines":1000,"file":null,"forward":null},
			"service":{"class":"user","critical":false,"dir":null,"env":{},"exec":"sleep 1000","kill_others":false,
				"name":"user.x","oneshot":false,"ports":[],"process_filters":[],"status":"start"}}`,
	}}
	supervisor := connect(t, f)
	g.Expect(supervisor.Dialect()).To(Equal(zinit.Dialect03))

	warnings, err := supervisor.Register(t.Context(), zinit.Define("user.x", runAction(exponential(4)), fullHealth))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(warnings).To(ConsistOf(ContainSubstring("only until the service runs")))
	g.Expect(f.methods()).To(Equal([]string{"service.stop", "service.set"}))
	expectGolden(t, "testdata/legacy-config.golden.json", f.asked[1].Params)

	g.Expect(supervisor.List(t.Context())).To(Equal([]zinit.Status{{Name: "user.x", State: zinit.StateExited, Error: "exited with code 3"}}))

	actions, err := supervisor.Actions(t.Context(), "")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(actions).To(HaveLen(2))
	g.Expect(*actions[0].Retry).To(Equal(zinit.RetryPolicy{
		MaxAttempts: 4, Delay: ms(730), Backoff: zinit.BackoffExponential, MaxDelay: ms(5000), StabilityPeriod: ms(60_000),
	}))
	g.Expect(actions[1].Exec).To(Equal("tcp localhost:1"))
	service, err := supervisor.Get(t.Context(), "user.x")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(service.Actions).To(Equal([]string{"user.x.run", "user.x.health"}))
	g.Expect(service.Dependencies.Requires).To(Equal([]string{"base"}))

	g.Expect(supervisor.Delete(t.Context(), "user.x")).To(MatchError(zinit.ErrNotFound))
	f.answers["service.stop"] = `"result":{"ok":true}`
	f.asked = nil
	g.Expect(supervisor.Delete(t.Context(), "user.x")).To(Succeed())
	g.Expect(f.methods()).To(Equal([]string{"service.stop", "service.status", "service.delete"}))
	f.asked = nil
	warnings, err = supervisor.Register(t.Context(), zinit.Define("user.x", runAction(exponential(4))))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(warnings).To(ConsistOf(ContainSubstring("existed and is replaced")))
	g.Expect(f.methods()).To(Equal([]string{"service.stop", "service.status", "service.delete", "service.set"}))
	_, err = supervisor.Jobs(t.Context(), "user.x.run", 1)
	g.Expect(err).To(MatchError(zinit.ErrNotExpressible))
}

func expectGolden(t *testing.T, path string, got json.RawMessage) {
	t.Helper()
	pretty, err := json.MarshalIndent(got, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(path, append(pretty, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != string(pretty)+"\n" {
		t.Errorf("%s differs; go test -update writes it again:\n%s", path, pretty)
	}
}

func exponential(attempts int) zinit.RetryPolicy {
	return zinit.RetryPolicy{MaxAttempts: attempts, Delay: ms(730), Backoff: zinit.BackoffExponential}
}

func runAction(policy zinit.RetryPolicy) zinit.Action {
	return zinit.RunAction("user.x", "x serve", policy)
}

// TestLegacyCannotExpress lists what 0.3 cannot express.
func TestLegacyCannotExpress(t *testing.T) {
	f := &fake{answers: map[string]string{"system.ping": `"result":{"version":"0.3.9"}`}}
	supervisor := connect(t, f)
	change := func(action zinit.Action, change func(*zinit.Action)) zinit.Action {
		change(&action)
		return action
	}
	run := runAction(exponential(3))
	for what, definition := range map[string]zinit.Definition{
		"linear backoff":           zinit.Define("user.x", runAction(zinit.RetryPolicy{Delay: 1, Backoff: zinit.BackoffLinear})),
		"cap of a single attempt":  zinit.Define("user.x", runAction(exponential(1))),
		"timeout of a run action":  zinit.Define("user.x", change(run, func(a *zinit.Action) { a.Timeout = ms(5) })),
		"one run and at most one":  zinit.Define("user.x", fullHealth),
		"not one run":              zinit.Define("user.x", run, run),
		"without a schedule":       zinit.Define("user.x", run, change(fullHealth, func(a *zinit.Action) { a.Schedule = nil })),
		"with an env or dir":       zinit.Define("user.x", run, change(fullHealth, func(a *zinit.Action) { a.Dir = "/" })),
		`install action ("user.x`:  zinit.Define("user.x", run, change(run, func(a *zinit.Action) { a.Kind = zinit.KindInstall })),
		"schedule or timeout, or ": zinit.Define("user.x", run, change(fullHealth, func(a *zinit.Action) { a.Timeout = 0 })),
	} {
		g := NewWithT(t)
		_, err := supervisor.Register(t.Context(), definition)
		g.Expect(err).To(MatchError(zinit.ErrNotExpressible))
		g.Expect(err).To(MatchError(ContainSubstring(what)))
		g.Expect(err.Error()).To(HavePrefix(`service.set of "user.x": zinit 0.3 has no `))
	}
	NewWithT(t).Expect(f.asked).To(BeEmpty(), "nothing is registered in part")
}

// TestLegacyPolicies registers policies with 0.3 and reads them back.
func TestLegacyPolicies(t *testing.T) {
	for want, policy := range map[string]zinit.RetryPolicy{
		`{"delay_ms":1,"backoff":"none","max_attempts":0,"max_delay_ms":1,"stability_period_ms":0}`:                {},
		`{"delay_ms":730,"backoff":"none","max_attempts":0,"max_delay_ms":730,"stability_period_ms":9}`:            {Delay: ms(730), Backoff: zinit.BackoffNone, StabilityPeriod: ms(9)},
		`{"delay_ms":730,"backoff":"exponential","max_attempts":3,"max_delay_ms":0,"stability_period_ms":0}`:       exponential(3),
		`{"delay_ms":500,"backoff":"none","max_attempts":0,"max_delay_ms":500,"stability_period_ms":0}`:            {Delay: ms(730), MaxDelay: ms(500), Backoff: zinit.BackoffExponential},
		`{"delay_ms":10,"backoff":"exponential","max_attempts":20,"max_delay_ms":70,"stability_period_ms":600000}`: {MaxAttempts: 20, Delay: ms(10), MaxDelay: ms(70), Backoff: zinit.BackoffExponential, StabilityPeriod: ms(600_000)},
	} {
		g := NewWithT(t)
		f := &fake{answers: map[string]string{
			"system.ping":  `"result":{"version":"0.3.9"}`,
			"service.set":  `"result":{"name":"user.x"}`,
			"service.stop": `"error":{"code":-32603,"message":"service not found: user.x"}`,
		}}
		supervisor := connect(t, f)
		_, err := supervisor.Register(t.Context(), zinit.Define("user.x", runAction(policy)))
		g.Expect(err).NotTo(HaveOccurred())
		var params struct{ Config json.RawMessage }
		g.Expect(json.Unmarshal(f.asked[1].Params, &params)).To(Succeed())
		f.answers["service.get"] = fmt.Sprintf(`"result":%s`, params.Config)
		actions, err := supervisor.Actions(t.Context(), "user.x")
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(json.Marshal(actions[0].Retry)).To(MatchJSON(want))
	}
}

// TestAssumptions checks the form of ids, statements and sources.
func TestAssumptions(t *testing.T) {
	seen := map[string]bool{}
	for _, assumption := range zinit.Assumptions() {
		g := NewWithT(t)
		g.Expect(assumption.ID).To(MatchRegexp(regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`).String()))
		g.Expect(seen).NotTo(HaveKey(assumption.ID))
		seen[assumption.ID] = true
		g.Expect(assumption.Statement).NotTo(Or(BeEmpty(), ContainSubstring("\n"), HaveSuffix(".")))
		g.Expect(assumption.Source).NotTo(BeElementOf(contract.Clause(""), contract.Ours))
	}
	for _, mentioned := range []string{"error-codes", "delay-formula", "retries-default-one", "socket-candidates", "job-shape", "job-end-states", "action-nesting", "effect-around-answer"} {
		NewWithT(t).Expect(seen).To(HaveKey(mentioned))
	}
}

// TestSocketCandidates checks that the environment comes first if it is set.
func TestSocketCandidates(t *testing.T) {
	g := NewWithT(t)
	g.Expect(zinit.SocketCandidates("/x.sock")[:2]).To(Equal([]string{"/x.sock", "/run/zinit.sock"}))
	g.Expect(zinit.SocketCandidates("")).To(HaveExactElements("/run/zinit.sock", "/var/run/zinit.sock",
		"/root/hero/var/zinit.sock", "/root/hero/zinit/zinit.sock", "/root/hero/var/sockets/zinit*.sock"))
}
