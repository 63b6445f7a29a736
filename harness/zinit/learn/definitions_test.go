package learn

import "testing"

// TestADefinitionBesideItsStatus checks that a document with both is a definition, and that the status is no part of the template.
func TestADefinitionBesideItsStatus(t *testing.T) {
	const service = "user.hero_redis_server"
	document := map[string]any{
		"name": service, "actions": []any{service + ".run"}, "status": map[string]any{"phase": "Running", "pid": 101.0},
	}
	rest := withoutStatus(document)
	if _, there := rest["status"]; there || hasProcess(rest) || !isDefinition(rest, Expected{Service: service}) {
		t.Errorf("left is %v", rest)
	}
	if len(document) != 3 {
		t.Errorf("the document itself has changed: %v", document)
	}
	plain := map[string]any{"name": service, "state": "running", "pid": 101.0}
	if rest := withoutStatus(plain); !hasProcess(rest) {
		t.Errorf("a status alone is left as %v", rest)
	}
}
