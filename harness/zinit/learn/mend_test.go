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
