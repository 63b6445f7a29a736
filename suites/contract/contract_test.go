package contract_test

import (
	"encoding/json"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/contract"
)

func TestTheDocumentIsJSON(t *testing.T) {
	if !json.Valid(contract.OpenRPC) {
		t.Error("zinit-0.4.openrpc.json is no valid JSON")
	}
}

func TestLink(t *testing.T) {
	for clause, want := range map[contract.Clause]string{
		contract.Delay: "[zinit-0.4 delay](contract/zinit-0.4.md#delay)",
		contract.Ours:  "ours",
	} {
		if got := clause.Link(); got != want {
			t.Errorf("Link of %s is %q, not %q", clause, got, want)
		}
	}
}
