package learn_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/learn"
)

// fake is a supervisor of the model that speaks a dialect, with processes that exist in its memory.
type fake struct {
	spoken    dialect.Dialect
	described bool

	mu       sync.Mutex
	services map[string]*running
	pid      int
}

type running struct {
	definition dialect.Definition
	pid        int
	wanted     bool
}

const shipped = "user.hero_redis_server"

func newFake(spoken dialect.Dialect, described bool) *fake {
	f := &fake{spoken: spoken, described: described, services: map[string]*running{}, pid: 100}
	for _, name := range []string{shipped, "user.hero_osis_server"} {
		f.set(definitionOf(name))
	}
	return f
}

// definitionOf returns a shipped definition (suites/contract/hero_zero.md#supervision).
func definitionOf(name string) dialect.Definition {
	return dialect.Definition{
		Service: dialect.Values{"name": name, "actions": []string{name + ".run", name + ".health"}, "status": "start", "class": "user"},
		Actions: []dialect.Values{
			{
				"name": name + ".run", "service": name, "kind": "run", "exec": "/root/hero/bin/" + strings.TrimPrefix(name, "user.") + " serve",
				"env": map[string]string{"HERO": "1"}, "dir": "/root/hero", "stop_signal": "SIGTERM", "stop_timeout": 10 * time.Second,
				"retry.max_attempts": int64(20), "retry.delay": 5 * time.Second, "retry.backoff": "exponential", "retry.max_delay": 300 * time.Second,
				"retry.stability_period": 60 * time.Second,
			},
			{
				"name": name + ".health", "service": name, "kind": "health", "exec": "/root/hero/bin/hero_probe /root/hero/var/sockets/x.sock",
				"timeout": 90 * time.Second, "schedule.interval": 60 * time.Second, "schedule.start_period": 30 * time.Second, "schedule.retries": int64(1),
			},
		},
	}
}

func expected() []learn.Expected {
	var all []learn.Expected
	for _, name := range []string{shipped, "user.hero_osis_server"} {
		definition := definitionOf(name)
		run, health := maps.Clone(definition.Actions[0]), maps.Clone(definition.Actions[1])
		for _, values := range []dialect.Values{run, health} {
			for _, unknown := range []string{"name", "service", "kind", "exec", "env", "dir", "stop_signal", "stop_timeout"} {
				delete(values, unknown)
			}
		}
		all = append(all, learn.Expected{Service: name, Run: run, Health: health})
	}
	return all
}

// set registers a definition and starts its process.
func (f *fake) set(definition dialect.Definition) {
	name, _ := definition.Service["name"].(string)
	f.pid++
	one := &running{definition: definition, pid: f.pid, wanted: definition.Service["status"] != "stop"}
	if !one.wanted {
		one.pid = 0
	}
	f.services[name] = one
}

func refusal(code int, message string) error { return &zinit.Error{Code: code, Message: message} }

// Call answers one request.
func (f *fake) Call(_ context.Context, how dialect.Transport, method string, params any) (json.RawMessage, error) {
	if how != f.spoken.Transport {
		return nil, fmt.Errorf("%w: closed", zinit.ErrConnection)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for operation, call := range f.spoken.Operations {
		if call.Method != method {
			continue
		}
		if operation == dialect.Discover && !f.described {
			break
		}
		arguments, err := argumentsOf(call, params)
		if err != nil {
			return nil, err
		}
		result, err := f.carryOut(operation, arguments)
		if err != nil {
			return nil, err
		}
		var wrapped any = result
		if len(call.Result) > 0 {
			wrapped, _ = call.Result.Set(nil, result)
		}
		text, err := json.Marshal(wrapped)
		return text, err
	}
	return nil, refusal(-32601, "no such method")
}

// argumentsOf reads the arguments of a call. One that is not where it has to be is an error.
func argumentsOf(call dialect.Call, params any) (map[dialect.Argument]any, error) {
	text, _ := json.Marshal(params)
	var sent any
	_ = json.Unmarshal(text, &sent)
	arguments := map[dialect.Argument]any{}
	if list, ok := sent.([]any); ok && len(call.Order) > 0 {
		for i, value := range list[:min(len(list), len(call.Order))] {
			arguments[call.Order[i]] = value
		}
	}
	used := 0
	for argument, at := range call.At {
		if value, there := at.Get(sent); there && sent != nil {
			arguments[argument] = value
			used++
		}
	}
	if (len(call.Order) > 0 || len(call.At) > 0) && len(arguments) == 0 {
		return nil, refusal(-32602, "invalid params")
	}
	return arguments, nil
}

func (f *fake) carryOut(operation dialect.Operation, arguments map[dialect.Argument]any) (any, error) {
	name, _ := arguments[dialect.TheName].(string)
	switch operation {
	case dialect.Discover:
		return f.describe(), nil
	case dialect.Ping:
		return "9.9", nil
	case dialect.List:
		return slices.Sorted(maps.Keys(f.services)), nil
	case dialect.ListFull:
		var list []any
		for _, name := range slices.Sorted(maps.Keys(f.services)) {
			list = append(list, f.status(name))
		}
		return list, nil
	case dialect.SetService:
		return f.setService(arguments[dialect.TheDocument])
	case dialect.SetAction:
		return f.setAction(arguments[dialect.TheDocument])
	case dialect.ListActions, dialect.GetAction:
		return f.actions(operation, name)
	}
	one, known := f.services[name]
	if !known {
		return nil, refusal(-32001, "not found")
	}
	switch operation {
	case dialect.GetService:
		messages, err := f.spoken.Encode(one.definition, dialect.Templates{})
		if err != nil {
			return nil, refusal(-1, err.Error())
		}
		return messages[len(messages)-1].Document, nil
	case dialect.StatusOf:
		return f.status(name), nil
	case dialect.Kill:
		f.end(one)
	case dialect.Stop:
		one.wanted, one.pid = false, 0
	case dialect.Start, dialect.Restart:
		f.pid++
		one.wanted, one.pid = true, f.pid
	case dialect.Delete:
		delete(f.services, name)
	}
	return true, nil
}

// end ends a process, and starts the next after the delay.
func (f *fake) end(one *running) {
	one.pid = 0
	delay, _ := one.definition.Actions[0]["retry.delay"].(time.Duration)
	time.AfterFunc(delay, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if one.wanted && one.pid == 0 {
			f.pid++
			one.pid = f.pid
		}
	})
}

func (f *fake) setService(document any) (any, error) {
	definition, err := f.spoken.DecodeService(document)
	if err != nil {
		return nil, refusal(-32602, err.Error())
	}
	name, _ := definition.Service["name"].(string)
	if name == "" {
		return nil, refusal(-32602, "missing name")
	}
	if f.spoken.Embedding == nil {
		if pending, there := f.services[name]; there {
			definition.Actions = pending.definition.Actions
		}
	}
	if len(definition.Actions) == 0 || definition.Actions[0]["exec"] == nil {
		return nil, refusal(-32602, "missing exec")
	}
	f.set(definition)
	return true, nil
}

func (f *fake) setAction(document any) (any, error) {
	values, err := f.spoken.DecodeAction(document)
	if err != nil || values["exec"] == nil || values["service"] == nil {
		return nil, refusal(-32602, fmt.Sprint("invalid action ", err))
	}
	name, _ := values["service"].(string)
	if _, known := f.services[name]; !known {
		f.services[name] = &running{}
	}
	f.services[name].definition.Actions = []dialect.Values{values}
	return true, nil
}

func (f *fake) actions(operation dialect.Operation, name string) (any, error) {
	var list []any
	for _, service := range slices.Sorted(maps.Keys(f.services)) {
		definition := f.services[service].definition
		messages, err := f.spoken.Encode(definition, dialect.Templates{})
		if err != nil {
			return nil, refusal(-1, err.Error())
		}
		for i, action := range definition.Actions {
			if operation == dialect.GetAction && action["name"] == name {
				return messages[i].Document, nil
			}
			if service == name || name == "" {
				list = append(list, messages[i].Document)
			}
		}
	}
	if operation == dialect.GetAction {
		return nil, refusal(-32001, "not found")
	}
	return list, nil
}

func (f *fake) status(name string) map[string]any {
	one := f.services[name]
	state := map[bool]string{true: "running", false: "inactive"}[one.pid != 0]
	document, err := f.spoken.Shape(dialect.Status).Encode(dialect.Status, dialect.Values{"name": name, "state": state, "pid": int64(one.pid)}, nil)
	if err != nil {
		panic(err)
	}
	return document
}

// describe returns a description as OpenRPC has it.
func (f *fake) describe() any {
	var methods []any
	for operation, call := range f.spoken.Operations {
		var params []any
		for _, argument := range dialect.Arguments(operation) {
			schema := map[string]any{"type": "string"}
			if argument == dialect.TheDocument {
				schema = map[string]any{"type": "object"}
			}
			at, named := call.At[argument]
			if named && len(at) > 0 {
				params = append(params, map[string]any{"name": at[0], "required": true, "schema": schema})
			}
			if slices.Contains(call.Order, argument) {
				params = append(params, map[string]any{"name": string(argument), "required": true, "schema": schema})
			}
		}
		methods = append(methods, map[string]any{"name": call.Method, "params": params})
	}
	return map[string]any{"openrpc": "1.2.6", "methods": methods}
}

// The fake is its own witness.

func (f *fake) Command(service, _ string) string { return "/hero_chaos/victim " + service }
func (f *fake) Dir() string                      { return "/tmp" }
func (f *fake) Look(_ context.Context, service, variable string) (learn.Sight, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	one, known := f.services[service]
	if !known || one.pid == 0 || len(one.definition.Actions) == 0 {
		return learn.Sight{}, nil
	}
	env, _ := one.definition.Actions[0]["env"].(map[string]string)
	dir, _ := one.definition.Actions[0]["dir"].(string)
	return learn.Sight{PID: one.pid, Dir: dir, Value: env[variable]}, nil
}

func (f *fake) Kill(_ context.Context, pid int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, one := range f.services {
		if one.pid == pid {
			f.end(one)
		}
	}
	return nil
}
