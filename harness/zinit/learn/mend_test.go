package learn

import (
	"encoding/json"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
)

// TestAnErrorReplyLeadsToABetterCall checks that the wanted call is among the first that an error reply leads to.
func TestAnErrorReplyLeadsToABetterCall(t *testing.T) {
	name := dialect.Call{Method: "m", At: map[dialect.Argument]dialect.Path{dialect.TheName: {"name"}}}
	for message, want := range map[string]string{
		"missing field `target`":                                `{"target":"x"}`,
		"Missing required parameter: unit_id":                   `{"unit_id":"x"}`,
		"'which' is required":                                   `{"which":"x"}`,
		"unknown field `name`, expected `svc`":                  `{"svc":"x"}`,
		"invalid type: map, expected a sequence":                `["x"]`,
		"invalid params: missing field `request` (of the call)": `{"request":{"name":"x"}}`,
	} {
		better := mend(attempt{call: name}, map[dialect.Argument]any{dialect.TheName: "x"}, &zinit.Error{Code: -32602, Message: message})
		var calls []string
		for _, one := range better {
			params, err := one.call.Request(map[dialect.Argument]any{dialect.TheName: "x"})
			if err != nil {
				t.Fatal(err)
			}
			text, _ := json.Marshal(params)
			calls = append(calls, string(text))
		}
		found := false
		for _, call := range calls {
			found = found || call == want
		}
		if !found {
			t.Errorf("%q leads to %v, not to %s", message, calls, want)
		}
	}
}

// TestMethodsThatAnErrorNames checks that the names in an error reply are found, in its message and beside it.
func TestMethodsThatAnErrorNames(t *testing.T) {
	for _, answer := range []*zinit.Error{
		{Message: "unknown variant `x`, expected one of `unit.get`, `unit.halt`"},
		{Message: "Method not found", Data: json.RawMessage(`{"available": ["unit.get", "unit.halt"]}`)},
	} {
		if names := methodsNamed(answer, "x"); len(names) != 2 || names[0] != "unit.get" || names[1] != "unit.halt" {
			t.Errorf("%s names %v", answer.Message, names)
		}
	}
}

// TestNamesAreMadeInAStyle checks that the name of an operation follows that of another, whatever its noun is.
func TestNamesAreMadeInAStyle(t *testing.T) {
	for known, want := range map[string]string{
		"gizmo/list": "gizmo/stop", "listGizmos": "stopGizmo", "list_gizmo": "stop_gizmo", "Gizmo.List": "Gizmo.Stop", "zinit.v1.gizmo_list": "zinit.v1.gizmo_stop",
	} {
		found := false
		for _, name := range likeName(known, dialect.List, dialect.Stop) {
			found = found || name == want
		}
		if !found {
			t.Errorf("%s does not lead to %s", known, want)
		}
	}
}

// TestAMissingParameterMayBeInsideAnother checks that a parameter that an error misses is put into one that was sent without a meaning.
func TestAMissingParameterMayBeInsideAnother(t *testing.T) {
	refused := attempt{call: dialect.Call{Method: "m", Fixed: map[string]any{"request": false}}}
	for _, one := range mend(refused, nil, &zinit.Error{Code: -32602, Message: "missing field `all`"}) {
		params, err := one.call.Request(nil)
		if err != nil {
			t.Fatal(err)
		}
		if text, _ := json.Marshal(params); string(text) == `{"request":{"all":false}}` {
			return
		}
	}
	t.Error("nothing is sent inside of the first parameter")
}

// TestARefusalBlamesAMember checks that a refusal of a value is told from one of a parameter: only the former leaves the call as it is.
func TestARefusalBlamesAMember(t *testing.T) {
	l := &learner{spoken: dialect.Dialect{Documents: map[dialect.Document]dialect.Shape{dialect.Action: {
		"env": {At: dialect.Path{"run", "vars"}}, "name": {At: dialect.Path{"name"}}, "stop_signal": {At: dialect.Path{"sig"}, Form: dialect.Short},
	}}}}
	l.sending.Actions = []dialect.Values{{"env": map[string]string{"A": "1"}, "name": "x"}}
	for message, want := range map[string]string{
		"invalid value for `run.vars`: invalid type: map, expected a sequence":            "env",
		"json: cannot unmarshal object into Go struct field Config.vars of type []string": "env",
		"missing field `vars`, expected a map":                                            "",
		"unknown field `vars`, expected `config`":                                         "",
		"invalid type for `name`: string, expected a map":                                 "", // it may be a parameter's
		"invalid value for `sig`":                                                         "", // it was not sent
	} {
		if name, _ := l.blamedMember(&zinit.Error{Code: -32602, Message: message}); name != want {
			t.Errorf("%q blames %q, not %q", message, name, want)
		}
	}
}
