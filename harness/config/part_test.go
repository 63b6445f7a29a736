package config

import (
	"os"
	"strings"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

func TestAPartIsHandedOver(t *testing.T) {
	own := record.Key{Promise: promise.RestartSIGTERM, Service: "a", Fault: "SIGTERM", Name: "comes back"}
	others := own
	others.Name = "comes back twice"
	part, err := NewPart("2/4", "p1", []record.Key{own})
	if err != nil || part.Shard != "2/4" || part.Plan != "p1" || part.Count != 1 {
		t.Fatalf("%+v, %v", part, err)
	}
	for name, c := range map[string]struct {
		configuration Config
		own, others   bool
	}{
		"all":             {Config{}, true, true},
		"the part":        {Config{Part: part}, true, false},
		"a focus":         {Config{Focus: "restart"}, true, true},
		"another focus":   {Config{Part: part, Focus: "hang"}, false, false},
		"a service":       {Config{Part: part, Service: "a"}, true, false},
		"another service": {Config{Part: part, Service: "b"}, false, false},
	} {
		includes, err := c.configuration.Selection()
		if err != nil || includes(own) != c.own || includes(others) != c.others {
			t.Errorf("%s: %v, its own %v, others %v", name, err, includes(own), includes(others))
		}
	}
	if _, err := (Config{Focus: "hangs"}).Selection(); err == nil || !strings.Contains(err.Error(), `did you mean "hang"?`) {
		t.Errorf("%v", err)
	}
	if err := os.WriteFile(part.Path, []byte("["), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := (Config{Part: part}).Selection(); err == nil || !strings.HasPrefix(err.Error(), "read the specs of shard 2/4 in ") {
		t.Errorf("half a list: %v", err)
	}
	if err := part.Remove(); err != nil {
		t.Error(err)
	}
	if _, err := (Config{Part: part}).Selection(); err == nil || !strings.HasPrefix(err.Error(), "read the specs of shard 2/4: ") {
		t.Errorf("no list: %v", err)
	}
}
