package learn

import (
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
)

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

// TestAUnitIsOnlyProvenByOnePlausibleReading checks that a number whose name says no unit is not read in that of other members: Docker writes a stop
// timeout in seconds beside intervals in nanoseconds.
func TestAUnitIsOnlyProvenByOnePlausibleReading(t *testing.T) {
	for number, want := range map[any]dialect.Form{
		10.0: dialect.Seconds, 10_000.0: dialect.Milliseconds, 1e10: dialect.Nanoseconds, 5.0: "", 0.0: "", nil: "", "10": "",
	} {
		if unit, _ := plausibleUnit(number); unit != want {
			t.Errorf("%v is read in %q, not in %q", number, unit, want)
		}
	}
}

// TestAPolicyThatIsApartFromItsCommand checks that the run action is the whole document then, and that what a service's check has does not make a
// check of the service.
func TestAPolicyThatIsApartFromItsCommand(t *testing.T) {
	subject := Expected{
		Service: "a", Run: dialect.Values{"retry.max_attempts": int64(20), "retry.delay": 5 * time.Second}, Health: dialect.Values{"schedule.interval": time.Minute},
	}
	found := findParts(map[string]any{
		"Name":   "a",
		"Config": map[string]any{"Cmd": []any{"/bin/a", "serve"}, "Healthcheck": map[string]any{"Test": []any{"/bin/b", "x"}, "Interval": 6e10}},
		"Host":   map[string]any{"Restart": map[string]any{"Count": 20.0, "Delay": 5e9}},
	}, subject)
	if !found.runsInTheDocument || found.healthAt.String() != "Config.Healthcheck" {
		t.Errorf("the run is at %q, the check at %q", found.runAt, found.healthAt)
	}
}
