package zinit_test

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/contract"
)

// openRPC is the OpenRPC document of the contract.
type openRPC struct {
	Methods []struct {
		Name   string
		Params []struct {
			Name     string
			Required bool
		}
	}
	compiler *jsonschema.Compiler
}

func readContract(t *testing.T) openRPC {
	t.Helper()
	var document openRPC
	if err := json.Unmarshal(contract.OpenRPC, &document); err != nil {
		t.Fatal(err)
	}
	// The contract lets servers add members. What we send must be in it to the letter.
	strict := strings.ReplaceAll(string(contract.OpenRPC), `"additionalProperties": true`, `"additionalProperties": false`)
	resource, err := jsonschema.UnmarshalJSON(strings.NewReader(strict))
	if err != nil {
		t.Fatal(err)
	}
	document.compiler = jsonschema.NewCompiler()
	if err := document.compiler.AddResource("contract.json", resource); err != nil {
		t.Fatal(err)
	}
	return document
}

func (c openRPC) validate(t *testing.T, pointer, value string) {
	t.Helper()
	schema, err := c.compiler.Compile("contract.json#" + pointer)
	if err != nil {
		t.Errorf("compile %s: %v", pointer, err)
		return
	}
	decoded, err := jsonschema.UnmarshalJSON(strings.NewReader(value))
	if err != nil {
		t.Errorf("%s is no JSON: %v", value, err)
		return
	}
	if err := schema.Validate(decoded); err != nil {
		t.Errorf("%s differs from the contract at %s: %v", value, pointer, err)
	}
}

// params checks that the parameters of a request are known and that no required one is missing.
func (c openRPC) params(t *testing.T, method int, params json.RawMessage) {
	t.Helper()
	given := map[string]json.RawMessage{}
	if len(params) > 0 {
		if err := json.Unmarshal(params, &given); err != nil {
			t.Errorf("parameters %s are not by name: %v", params, err)
		}
	}
	for i, param := range c.Methods[method].Params {
		value, ok := given[param.Name]
		if ok {
			c.validate(t, "/methods/"+strconv.Itoa(method)+"/params/"+strconv.Itoa(i)+"/schema", string(value))
		} else if param.Required {
			t.Errorf("parameter %s is missing in %s", param.Name, params)
		}
		delete(given, param.Name)
	}
	for name := range given {
		t.Errorf("parameter %s is not in the contract", name)
	}
}

var (
	fullAction = zinit.Action{
		Name: "user.x.run", Service: "user.x", Kind: zinit.KindRun, Exec: "x serve", Env: map[string]string{"A": "b"},
		Dir: "/tmp", Oneshot: true, Timeout: ms(1), StopSignal: "SIGINT", StopTimeout: ms(1730),
		Retry: &zinit.RetryPolicy{MaxAttempts: 20, Delay: ms(5000), Backoff: zinit.BackoffExponential, MaxDelay: ms(300_000), StabilityPeriod: ms(60_000)},
	}
	fullHealth  = zinit.HealthAction("user.x", "probe", zinit.Schedule{Interval: ms(60_000), StartPeriod: ms(30_000), Retries: 1}, ms(90_000))
	fullService = zinit.Service{
		Name: "user.x", Actions: []string{"user.x.run"}, Status: zinit.WantStop, Class: zinit.ClassSystem,
		Dependencies: zinit.Dependencies{Requires: []string{"a"}, After: []string{"b"}, Wants: []string{"c"}, Conflicts: []string{"d"}},
	}
	nine    = 9
	fullJob = zinit.Job{ID: 7, Action: "user.x.run", Attempt: 2, State: zinit.JobFailed, PID: 41, Started: 1000, Ended: 2000, Signal: &nine}
	full    = zinit.Status{Name: "user.x", State: zinit.StateRunning, PID: 41, Health: zinit.HealthHealthy, Restarts: 3, Error: "killed"}
)

func ms(n int) zinit.Milliseconds { return zinit.Milliseconds(n) * 1_000_000 }

// conversation is one call of a method, its reply, and the result that the client has to return.
type conversation struct {
	ask   func(ctx context.Context, client *zinit.Client) (any, error)
	reply any // the result on the wire
	want  any // what the client makes of it
}

func order(ask func(client *zinit.Client, ctx context.Context, name string) error) conversation {
	return conversation{
		ask:   func(ctx context.Context, client *zinit.Client) (any, error) { return nil, ask(client, ctx, "user.x") },
		reply: map[string]any{"ok": true},
	}
}

func conversations() map[string]conversation {
	type c = *zinit.Client
	type ctx = context.Context
	return map[string]conversation{
		"rpc.discover": {
			func(ctx ctx, c c) (any, error) { return c.Discover(ctx) },
			map[string]any{"methods": []any{map[string]any{"name": "action.set"}}},
			[]string{"action.set"},
		},
		"system.ping":       {func(ctx ctx, c c) (any, error) { return c.Ping(ctx) }, map[string]any{"version": "0.4.0"}, "0.4.0"},
		"service.set":       {func(ctx ctx, c c) (any, error) { return c.SetService(ctx, fullService) }, map[string]any{"name": "user.x", "warnings": []string{"hm"}}, []string{"hm"}},
		"service.get":       {func(ctx ctx, c c) (any, error) { return c.Get(ctx, "user.x") }, fullService, fullService},
		"service.list":      {func(ctx ctx, c c) (any, error) { return c.Names(ctx) }, []string{"user.x"}, []string{"user.x"}},
		"service.list_full": {func(ctx ctx, c c) (any, error) { return c.List(ctx) }, []zinit.Status{full}, []zinit.Status{full}},
		"service.status":    {func(ctx ctx, c c) (any, error) { return c.Status(ctx, "user.x") }, full, full},
		"service.start":     order(c.Start),
		"service.stop":      order(c.Stop),
		"service.restart":   order(c.Restart),
		"service.delete":    order(c.Delete),
		"action.delete":     order(c.DeleteAction),
		"service.kill": order(func(c c, ctx ctx, name string) error {
			return c.Kill(ctx, name, "SIGKILL")
		}),
		"action.set":  {func(ctx ctx, c c) (any, error) { return c.SetAction(ctx, fullAction) }, map[string]any{"name": "user.x.run", "replaced": true}, true},
		"action.get":  {func(ctx ctx, c c) (any, error) { return c.Action(ctx, "user.x.run") }, fullAction, fullAction},
		"action.list": {func(ctx ctx, c c) (any, error) { return c.Actions(ctx, "user.x") }, []zinit.Action{fullAction, fullHealth}, []zinit.Action{fullAction, fullHealth}},
		"job.list":    {func(ctx ctx, c c) (any, error) { return c.Jobs(ctx, "user.x.run", 5) }, []zinit.Job{fullJob}, []zinit.Job{fullJob}},
		"logs.get":    {func(ctx ctx, c c) (any, error) { return c.Logs(ctx, "user.x.health", 5) }, []string{"ok"}, []string{"ok"}},
	}
}

// TestContract checks every method's request and result against the OpenRPC document.
func TestContract(t *testing.T) {
	document := readContract(t)
	talks := conversations()
	for i, method := range document.Methods {
		if method.Name == "service.reload" {
			continue // the harness never calls it
		}
		talk, ok := talks[method.Name]
		delete(talks, method.Name)
		t.Run(method.Name, func(t *testing.T) {
			if !ok {
				t.Fatal("the client has no such method")
			}
			g := NewWithT(t)
			reply, err := json.Marshal(talk.reply)
			g.Expect(err).NotTo(HaveOccurred())
			document.validate(t, "/methods/"+strconv.Itoa(i)+"/result/schema", string(reply))
			got, err := talk.ask(t.Context(), zinit.NewClient(answering(t, func(asked request) string {
				g.Expect(asked.Method).To(Equal(method.Name))
				document.params(t, i, asked.Params)
				return `"result":` + string(reply)
			})))
			g.Expect(err).NotTo(HaveOccurred())
			if talk.want != nil {
				g.Expect(got).To(Equal(talk.want))
			}
		})
	}
	for name := range talks {
		t.Errorf("the contract has no method %s", name)
	}
}

// TestEmptyMembersAreLeftOut checks that the smallest definitions leave the defaults to zinit.
func TestEmptyMembersAreLeftOut(t *testing.T) {
	document := readContract(t)
	for pointer, value := range map[string]any{
		"Service": zinit.Service{Name: "x"}, "Action": zinit.Action{Name: "x.run", Exec: "x"},
		"RetryPolicy": zinit.RetryPolicy{}, "Schedule": zinit.Schedule{Interval: ms(1)},
		"Status": zinit.Status{Name: "x", State: zinit.StateExited}, "Job": zinit.Job{Action: "x.run", State: zinit.JobRunning},
	} {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		document.validate(t, "/components/schemas/"+pointer, string(text))
	}
	g := NewWithT(t)
	g.Expect(json.Marshal(zinit.Service{Name: "x"})).To(MatchJSON(`{"name":"x"}`))
	g.Expect(json.Marshal(zinit.Action{Name: "x.run", Exec: "x"})).To(MatchJSON(`{"name":"x.run","exec":"x"}`))
}

// TestStatesAreReadInAnyCase covers both spellings: the issue writes Running, the crate running.
func TestStatesAreReadInAnyCase(t *testing.T) {
	g := NewWithT(t)
	var status zinit.Status
	g.Expect(json.Unmarshal([]byte(`{"name":"x","state":"Running","health":"HEALTHY"}`), &status)).To(Succeed())
	g.Expect(status.State).To(Equal(zinit.StateRunning))
	g.Expect(status.Health).To(Equal(zinit.HealthHealthy))
	g.Expect(json.Unmarshal([]byte(`{"state":7}`), &status)).To(MatchError(ContainSubstring("service state")))
}
