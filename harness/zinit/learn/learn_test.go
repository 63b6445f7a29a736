package learn_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/golden"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/learn"
)

// changed returns the builtin dialect of 0.4 with changes.
func changed(t *testing.T, change func(*dialect.Dialect)) dialect.Dialect {
	t.Helper()
	spoken, err := dialect.Builtin(dialect.Zinit04)
	if err != nil {
		t.Fatal(err)
	}
	change(&spoken)
	return spoken
}

// methods gives operations other names.
func methods(d *dialect.Dialect, names map[dialect.Operation]string) {
	for operation, name := range names {
		call := d.Operations[operation]
		if name == "" {
			delete(d.Operations, operation)
			continue
		}
		call.Method = name
		d.Operations[operation] = call
	}
}

// place moves members of a document: "retry.delay": "restart.waitSecs s".
func place(d *dialect.Dialect, document dialect.Document, places map[string]string) {
	shape := maps.Clone(d.Documents[document])
	for name, text := range places {
		at, form, _ := strings.Cut(text, " ")
		if text == "" {
			delete(shape, name)
			continue
		}
		member := shape[name]
		member.At, member.Form = dialect.ParsePath(at), dialect.Form(form)
		shape[name] = member
	}
	d.Documents[document] = shape
}

func camel(d *dialect.Dialect) {
	methods(d, map[dialect.Operation]string{
		dialect.SetService: "createService", dialect.GetService: "getService", dialect.Delete: "removeService", dialect.List: "listServices",
		dialect.ListFull: "", dialect.StatusOf: "serviceStatus", dialect.Start: "startService", dialect.Stop: "stopService", dialect.Restart: "restartService",
		dialect.Kill: "killService", dialect.SetAction: "createAction", dialect.GetAction: "getAction", dialect.ListActions: "listActions", dialect.DeleteAction: "removeAction",
	})
	place(d, dialect.Action, map[string]string{
		"retry.max_attempts": "restart.maxAttempts", "retry.delay": "restart.initialDelaySecs s", "retry.backoff": "restart.strategy",
		"retry.max_delay": "restart.maxDelaySecs s", "retry.stability_period": "restart.resetAfterSecs s", "exec": "command", "dir": "workingDir",
		"timeout": "timeoutSecs s", "stop_timeout": "stopGraceSecs s", "schedule.interval": "check.everySecs s", "schedule.start_period": "check.graceSecs s",
		"schedule.retries": "check.failureThreshold",
	})
}

func embedded(d *dialect.Dialect) {
	methods(d, map[dialect.Operation]string{dialect.SetAction: "", dialect.GetAction: "", dialect.ListActions: "", dialect.DeleteAction: ""})
	d.Embedding = &dialect.Embedding{Kinds: map[string]dialect.Path{"run": {"run"}, "health": {"health_check"}}}
	place(d, dialect.Service, map[string]string{"actions": ""})
	place(d, dialect.Action, map[string]string{"name": "", "service": "", "kind": ""})
}

func flat(d *dialect.Dialect) {
	embedded(d)
	d.Embedding = &dialect.Embedding{Kinds: map[string]dialect.Path{"run": nil, "health": {"health"}}}
	d.Documents[dialect.HealthAction] = maps.Clone(d.Documents[dialect.Action])
	place(d, dialect.Action, map[string]string{
		"retry.max_attempts": "max_restarts", "retry.delay": "restart_delay written", "retry.max_delay": "restart_delay_max written",
		"retry.stability_period": "stable_after written", "retry.backoff": "backoff", "timeout": "", "schedule.interval": "", "schedule.start_period": "", "schedule.retries": "",
		"stop_timeout": "stop_timeout written",
	})
	place(d, dialect.HealthAction, map[string]string{
		"timeout": "timeout written", "schedule.interval": "interval written", "schedule.start_period": "start_period written", "schedule.retries": "retries",
	})
}

// inParts has the members of a run in two parts of the service, one of which has the service's name, as zinit 0.3.9.
func inParts(d *dialect.Dialect) {
	flat(d)
	place(d, dialect.Service, map[string]string{"name": "service.name", "status": "service.status", "class": "service.class"})
	place(d, dialect.Action, map[string]string{
		"exec": "service.exec", "env": "service.env", "dir": "service.dir", "oneshot": "service.oneshot", "stop_signal": "lifecycle.stop_signal",
		"stop_timeout": "lifecycle.stop_timeout_ms ms", "retry.max_attempts": "lifecycle.max_restarts", "retry.delay": "lifecycle.restart_delay_ms ms",
		"retry.max_delay": "lifecycle.restart_delay_max_ms ms", "retry.stability_period": "lifecycle.stability_period_ms ms", "retry.backoff": "lifecycle.backoff",
	})
}

// inOnePart has all members of a run, and the service's name, in one part of the service.
func inOnePart(d *dialect.Dialect) {
	embedded(d)
	d.Embedding = &dialect.Embedding{Kinds: map[string]dialect.Path{"run": {"spec"}, "health": {"probe"}}}
	place(d, dialect.Service, map[string]string{"name": "spec.name", "class": "spec.class"})
}

func positional(d *dialect.Dialect) {
	for operation, call := range d.Operations {
		call.At, call.Order = nil, slices.Clone(dialect.Arguments(operation))
		if operation == dialect.SetService || operation == dialect.SetAction {
			call.Order = []dialect.Argument{dialect.TheDocument}
		}
		d.Operations[operation] = call
	}
}

// TestLearn learns supervisors that differ from the contract's spelling, described by themselves and not.
func TestLearn(t *testing.T) {
	for name, change := range map[string]func(*dialect.Dialect){
		"as the contract has it": func(*dialect.Dialect) {},
		"camel case, seconds":    camel,
		"embedded by kind":       embedded,
		"flat, written times":    flat,
		"positional":             positional,
		"in parts":               inParts,
		"in one part":            inOnePart,
		"listed inside": func(d *dialect.Dialect) {
			embedded(d)
			d.Embedding = &dialect.Embedding{List: &dialect.Path{"actions"}}
			place(d, dialect.Action, map[string]string{"name": "name", "kind": "type", "service": "owner"})
		},
		"seconds and nanoseconds": func(d *dialect.Dialect) {
			place(d, dialect.Action, map[string]string{
				"retry.delay": "retry.delay secs-nanos", "retry.max_delay": "retry.max_delay secs-nanos", "retry.stability_period": "retry.stability_period secs-nanos",
				"timeout": "timeout secs-nanos", "stop_timeout": "stop_timeout secs-nanos", "schedule.interval": "schedule.interval secs-nanos", "schedule.start_period": "schedule.start_period secs-nanos",
			})
		},
		"ISO 8601": func(d *dialect.Dialect) {
			place(d, dialect.Action, map[string]string{
				"retry.delay": "retry.delay iso8601", "retry.max_delay": "retry.cap iso8601", "retry.stability_period": "retry.reset iso8601",
				"timeout": "timeout iso8601", "stop_timeout": "stop_timeout iso8601", "schedule.interval": "schedule.every iso8601", "schedule.start_period": "schedule.grace iso8601",
			})
		},
		"the document is the parameters": func(d *dialect.Dialect) {
			for _, operation := range []dialect.Operation{dialect.SetService, dialect.SetAction} {
				call := d.Operations[operation]
				call.At = map[dialect.Argument]dialect.Path{dialect.TheDocument: nil}
				d.Operations[operation] = call
			}
		},
		"wrapped results": func(d *dialect.Dialect) {
			for operation, call := range d.Operations {
				call.Result = dialect.Path{"data"}
				d.Operations[operation] = call
			}
		},
		"requests in a list":               func(d *dialect.Dialect) { d.Transport.Envelope.Batch = true },
		"ids as texts":                     func(d *dialect.Dialect) { d.Transport.Envelope.TextID = true },
		"commands, and replies without id": func(d *dialect.Dialect) { d.Transport.Envelope = dialect.Envelope{Method: "cmd", NoID: true} },
		"headers before each document":     func(d *dialect.Dialect) { d.Transport.Framing = dialect.ContentLength },
		"HTTP":                             func(d *dialect.Dialect) { d.Transport = dialect.Transport{Framing: dialect.HTTP, Path: "/rpc"} },
		"words in capitals": func(d *dialect.Dialect) {
			member := d.Documents[dialect.Action]["retry.backoff"]
			member.Words = map[string]any{"none": "NONE", "linear": "LINEAR", "exponential": "EXPONENTIAL"}
			d.Documents[dialect.Action]["retry.backoff"] = member
			kind := d.Documents[dialect.Action]["kind"]
			kind.Words = map[string]any{"run": "RUN", "health": "HEALTH"}
			d.Documents[dialect.Action]["kind"] = kind
			state := d.Documents[dialect.Status]["state"]
			state.Words = map[string]any{"running": "Up", "inactive": "Down"}
			d.Documents[dialect.Status]["state"] = state
		},
	} {
		for _, described := range []bool{true, false} {
			t.Run(name+map[bool]string{true: ", described", false: ", not described"}[described], func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { learnOne(t, changed(t, change), described) })
			})
		}
	}
}

// learnOne learns one supervisor wholly, and compares what was believed with what is so.
func learnOne(t *testing.T, spoken dialect.Dialect, described bool) {
	t.Helper()
	f := newFake(spoken, described)
	understood := learn.Learn(t.Context(), f, learn.Options{Shipped: expected(), Witness: f, Trial: "hero_chaos.trial"})
	if understood.Level != learn.Full {
		t.Errorf("%s: %q\n%s", understood.Level, understood.Missing, understood.Text())
	}
	if len(f.services) != 2 {
		t.Errorf("%d services are left", len(f.services))
	}
	for document, shape := range understood.Spelling.Dialect.Documents {
		for name, member := range shape {
			truth := spoken.Shape(document)[name]
			if isBelieved(understood, string(document)+"."+name) && (member.At.String() != truth.At.String() || !sameForm(member.Form, truth.Form)) {
				t.Errorf("%s.%s is believed at %q (%s), and is at %q (%s)", document, name, member.At, member.Form, truth.At, truth.Form)
			}
		}
	}
}

func sameForm(a, b dialect.Form) bool {
	plain := func(f dialect.Form) bool { return f == "" || f == dialect.Plain || f == dialect.Milliseconds }
	return a == b || (plain(a) && plain(b))
}

func isBelieved(u learn.Understanding, name string) bool {
	return slices.ContainsFunc(u.Readings, func(r learn.Reading) bool {
		return r.Ours == name && (r.How == learn.Confirmed || r.How == learn.Stored || r.How == learn.Shipped)
	})
}

// TestText shows what a person reads of a supervisor that is understood, and of one that is not.
func TestText(t *testing.T) {
	for name, lists := range map[string]string{"whole.txt": "listServices", "nothing.txt": "everything"} {
		synctest.Test(t, func(t *testing.T) {
			spoken := changed(t, camel)
			methods(&spoken, map[dialect.Operation]string{dialect.List: lists})
			f := newFake(spoken, lists != "everything")
			golden.Check(t, name, learn.Learn(t.Context(), f, learn.Options{Shipped: expected(), Witness: f, Trial: "hero_chaos.trial"}).Text())
		})
	}
}
