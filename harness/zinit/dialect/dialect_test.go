package dialect_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
)

// run is a run action in which every member has a value.
func run() dialect.Values {
	return dialect.Values{
		"name": "a.run", "service": "a", "kind": "run", "exec": "/bin/a serve", "env": map[string]string{"K": "V=1", "L": ""},
		"dir": "/tmp", "oneshot": true, "timeout": 1500 * time.Millisecond, "stop_signal": "SIGINT", "stop_timeout": 10 * time.Second,
		"retry.max_attempts": int64(20), "retry.delay": 5 * time.Second, "retry.backoff": "exponential",
		"retry.max_delay": 5 * time.Minute, "retry.stability_period": time.Minute,
		"schedule.interval": 61 * time.Second, "schedule.start_period": 30 * time.Second, "schedule.retries": int64(1),
	}
}

// plain returns a shape with every member at its own name, in a form.
func plain(document dialect.Document, forms map[dialect.Type]dialect.Form) dialect.Shape {
	shape := dialect.Shape{}
	for _, known := range dialect.Members(document) {
		shape[known.Name] = dialect.Member{At: dialect.ParsePath(known.Name), Form: forms[known.Type]}
	}
	return shape
}

func TestEveryFormIsReadAsItWasWritten(t *testing.T) {
	types := map[dialect.Type]bool{}
	for _, known := range dialect.Members(dialect.Action) {
		types[known.Type] = true
	}
	for one := range types {
		for _, form := range dialect.FormsOf(one) {
			shape := plain(dialect.Action, map[dialect.Type]dialect.Form{one: form})
			written, err := shape.Encode(dialect.Action, run(), nil)
			if err != nil {
				t.Errorf("%s as %q: %v", one, form, err)
				continue
			}
			read, err := shape.Decode(dialect.Action, written)
			if err != nil || !reflect.DeepEqual(read, run()) {
				t.Errorf("%s as %q: read\n%v, not\n%v (%v); written %v", one, form, read, run(), err, written)
			}
		}
	}
}

func TestJobsAreReadWithTheirTimes(t *testing.T) {
	job := dialect.Values{
		"id": int64(7), "action": "a.run", "attempt": int64(2), "state": "failed", "pid": int64(41),
		"started": time.Unix(1_700_000_000, 0), "exit_code": int64(3), "signal": int64(0),
	}
	for _, form := range dialect.FormsOf(dialect.Time) {
		shape := plain(dialect.Job, map[dialect.Type]dialect.Form{dialect.Time: form})
		written, err := shape.Encode(dialect.Job, job, nil)
		if err != nil {
			t.Fatal(err)
		}
		read, err := shape.Decode(dialect.Job, written)
		if err != nil || !read["started"].(time.Time).Equal(job["started"].(time.Time)) || read["ended"] != nil {
			t.Errorf("as %q: %v (%v)", form, read, err)
		}
	}
}

func TestATemplateKeepsWhatTheModelDoesNotKnow(t *testing.T) {
	shape := dialect.Shape{
		"name": {At: dialect.ParsePath("meta.id"), Required: true},
		"dir":  {At: dialect.ParsePath("run.cwd")},
		"exec": {At: dialect.ParsePath("run.cmd")},
		"env":  {At: dialect.ParsePath("run.vars"), Form: dialect.Equals, Required: true},
		"retry.backoff": {
			At: dialect.ParsePath("again"), Words: map[string]any{"none": false, "exponential": map[string]any{"type": "Exp", "factor": nil}},
		},
	}
	template := map[string]any{
		"meta": map[string]any{"id": "shipped", "owner": "us"}, "run": map[string]any{"cmd": "x", "cwd": "/srv"},
		"again": map[string]any{"type": "exp", "factor": 2.0},
	}
	read, err := shape.Decode(dialect.Action, template)
	if err != nil || read["retry.backoff"] != "exponential" || read["dir"] != "/srv" {
		t.Errorf("read %v (%v)", read, err)
	}
	written, err := shape.Encode(dialect.Action, dialect.Values{"name": "ours", "exec": "y", "retry.backoff": "none"}, template)
	want := map[string]any{
		"meta": map[string]any{"id": "ours", "owner": "us"}, "run": map[string]any{"cmd": "y", "vars": []any{}}, "again": false,
	}
	if err != nil || !reflect.DeepEqual(written, want) {
		t.Errorf("written\n%v, not\n%v (%v)", written, want, err)
	}
	if template["meta"].(map[string]any)["id"] != "shipped" {
		t.Error("the template was changed")
	}
	if extras := shape.Extras(map[string]any{"meta": 1, "run": 2, "odd": 3}); !reflect.DeepEqual(extras, []string{"odd"}) {
		t.Errorf("extras %v", extras)
	}
}

func TestWhatADialectLacksIsNotExpressible(t *testing.T) {
	shape := dialect.Shape{"name": {At: dialect.ParsePath("n")}, "retry.backoff": {At: dialect.ParsePath("b"), Words: map[string]any{"none": "no"}}}
	for name, values := range map[string]dialect.Values{
		"no place": {"name": "a", "dir": "/tmp"},
		"no word":  {"name": "a", "retry.backoff": "linear"},
	} {
		if _, err := shape.Encode(dialect.Action, values, nil); !errors.Is(err, dialect.ErrNotExpressible) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := shape.Encode(dialect.Action, dialect.Values{"name": "a", "dir": ""}, nil); err != nil {
		t.Errorf("an empty member needs no place: %v", err)
	}
}

func TestActionsInsideAService(t *testing.T) {
	health := dialect.Values{"name": "a.health", "kind": "health", "exec": "ask", "schedule.interval": time.Second}
	definition := dialect.Definition{Service: dialect.Values{"name": "a"}, Actions: []dialect.Values{health, run()}}
	list, top := dialect.ParsePath("spec.jobs"), dialect.Path(nil)
	for name, embedding := range map[string]dialect.Embedding{
		"a list":          {List: &list},
		"keyed by name":   {List: &list, Keyed: dialect.KeyedByName},
		"a place a kind":  {Kinds: map[string]dialect.Path{"run": dialect.ParsePath("main"), "health": dialect.ParsePath("check.it")}},
		"the run's is it": {Kinds: map[string]dialect.Path{"run": top, "health": dialect.ParsePath("check")}},
	} {
		shape := plain(dialect.Action, nil)
		if _, flat := embedding.Kinds["run"]; flat && len(embedding.Kinds["run"]) == 0 {
			shape["name"] = dialect.Member{At: dialect.ParsePath("action_name")}
		}
		d := dialect.Dialect{Documents: map[dialect.Document]dialect.Shape{dialect.Service: {"name": {At: dialect.ParsePath("name")}}, dialect.Action: shape}, Embedding: &embedding}
		messages, err := d.Encode(definition, dialect.Templates{})
		if err != nil || len(messages) != 1 || messages[0].Operation != dialect.SetService {
			t.Fatalf("%s: %v (%v)", name, messages, err)
		}
		read, err := d.DecodeService(messages[0].Document)
		if err != nil || len(read.Actions) != 2 || !reflect.DeepEqual(read.Actions[0], health) && !reflect.DeepEqual(read.Actions[1], health) {
			t.Errorf("%s: read %v (%v) of %v", name, read, err, messages[0].Document)
		}
	}
}

func TestARequestIsAsTheDialectSays(t *testing.T) {
	document := map[string]any{"id": "a"}
	for name, c := range map[string]struct {
		call      dialect.Call
		arguments map[dialect.Argument]any
		want      any
	}{
		"nothing":     {dialect.Call{Method: "ping"}, nil, nil},
		"by name":     {dialect.Call{At: map[dialect.Argument]dialect.Path{"name": {"svc", "id"}}}, map[dialect.Argument]any{"name": "a"}, map[string]any{"svc": map[string]any{"id": "a"}}},
		"by position": {dialect.Call{Order: []dialect.Argument{"name", "signal"}, SignalForm: dialect.Numeric}, map[dialect.Argument]any{"name": "a", "signal": "SIGTERM"}, []any{"a", 15.0}},
		"left out":    {dialect.Call{Order: []dialect.Argument{"name", "limit"}}, map[dialect.Argument]any{"name": "a", "limit": 0}, []any{"a"}},
		"the document itself": {
			dialect.Call{At: map[dialect.Argument]dialect.Path{"document": nil}, Fixed: map[string]any{"mode": "upsert"}},
			map[dialect.Argument]any{"document": document},
			map[string]any{"id": "a", "mode": "upsert"},
		},
	} {
		if got, err := c.call.Request(c.arguments); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v (%v), not %v", name, got, err, c.want)
		}
	}
}

func TestPathsAreReadAsTheyWereWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		path := dialect.Path(rapid.SliceOfN(rapid.StringMatching(`[a-z.\\]{1,6}`), 1, 4).Draw(t, "path"))
		if read := dialect.ParsePath(path.String()); !reflect.DeepEqual(read, path) {
			t.Fatalf("%q of %q", read, path)
		}
		document, err := path.Set(nil, "value")
		if err != nil {
			t.Fatal(err)
		}
		if value, ok := path.Get(document); !ok || value != "value" {
			t.Fatalf("%v holds %v", document, value)
		}
		path.Delete(document)
		if object := document.(map[string]any); len(object) != 0 {
			t.Fatalf("left %v", object)
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add("5s")
	f.Add("PT1M30S")
	f.Add("..")
	f.Fuzz(func(_ *testing.T, text string) {
		for _, known := range dialect.Members(dialect.Action) {
			shape := dialect.Shape{known.Name: {At: dialect.Path{"x"}}}
			for _, value := range []any{text, []any{text}, map[string]any{text: 1e300}, 1e300, -0.5, nil} {
				_, _ = shape.Decode(dialect.Action, map[string]any{"x": value})
			}
		}
	})
}

// TestWhatIsWrong checks which values cannot be right for a member: they are mistakes in one spelling, and right in another.
func TestWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		member dialect.Member
		name   string
		theirs any
		want   bool
	}{
		{dialect.Member{}, "retry.delay", "1730ms", true},
		{dialect.Member{Form: dialect.Written}, "retry.delay", "1730ms", false},
		{dialect.Member{Form: dialect.SecsNanos}, "retry.delay", "1730ms", true},
		{dialect.Member{}, "env", []any{"A=1"}, true},
		{dialect.Member{Form: dialect.Equals}, "env", []any{"A=1"}, false},
		{dialect.Member{}, "exec", []any{"sleep", "1"}, true},
		{dialect.Member{Form: dialect.ShellArgv}, "exec", []any{"sleep", "1"}, false},
		{dialect.Member{}, "exec", "", true},
		{dialect.Member{}, "kind", "sideways", true},
		{dialect.Member{}, "kind", "run", false},
		{dialect.Member{Form: dialect.Numeric}, "stop_signal", "SIGSIDEWAYS", true},
		{dialect.Member{Words: map[string]any{"true": "task", "false": "daemon"}}, "oneshot", "perhaps", true},
	} {
		known, _ := dialect.MemberOf(dialect.Action, c.name)
		if got := c.member.IsWrong(known, c.theirs); got != c.want {
			t.Errorf("%v of %s as %s: %t", c.theirs, c.name, c.member.Form, got)
		}
	}
	known, _ := dialect.MemberOf(dialect.Action, "retry.delay")
	if written, err := (dialect.Member{Form: dialect.Seconds}).Write(known, -1730*time.Millisecond); err != nil || written != -1.73 {
		t.Errorf("a negative delay is written as %v (%v)", written, err)
	}
}

// TestAnEmptyWrapperIsSent checks that parameters that are all inside a member come in it even if there are none.
func TestAnEmptyWrapperIsSent(t *testing.T) {
	inside := dialect.Call{Method: "list", At: map[dialect.Argument]dialect.Path{dialect.TheName: {"request", "name"}}}
	if params, err := inside.Request(nil); err != nil || !reflect.DeepEqual(params, map[string]any{"request": map[string]any{}}) {
		t.Errorf("%v (%v)", params, err)
	}
	if params, err := (dialect.Call{Method: "list", At: map[dialect.Argument]dialect.Path{dialect.TheName: {"name"}}}).Request(nil); err != nil || params != nil {
		t.Errorf("%v (%v)", params, err)
	}
}
