package learn_test

import (
	"encoding/json"
	"strings"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/learn"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/contract"
)

// TestWhatTheContractDescribesNeedsNoLearning checks the contract's own description, and descriptions that want more under the same names.
func TestWhatTheContractDescribesNeedsNoLearning(t *testing.T) {
	own := string(contract.OpenRPC)
	if !learn.Fits(json.RawMessage(own)) {
		t.Error("the contract's own description does not fit")
	}
	for name, description := range map[string]string{
		"a further parameter": `{"methods": [{"name": "service.kill", "params": [{"name": "name", "required": true, "schema": {"type": "string"}},
			{"name": "force", "required": true, "schema": {"type": "boolean"}}]}]}`,
		"signals by number": `{"methods": [{"name": "service.kill", "params": [{"name": "name", "required": true}, {"name": "signal", "schema": {"type": "integer"}}]}]}`,
		"another name":      `{"methods": [{"name": "service.get", "params": [{"name": "unit", "required": true, "schema": {"type": "string"}}]}]}`,
		"no description":    `[`,
	} {
		if description = strings.ReplaceAll(description, "}]}]}", `}]}, {"name": "other", "params": []}]}`); learn.Fits(json.RawMessage(description)) {
			t.Errorf("%s fits", name)
		}
	}
}
