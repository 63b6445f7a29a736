package fault_test

import (
	"strings"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
)

func TestTheCatalogueIsValid(t *testing.T) {
	for _, f := range fault.All() {
		if err := f.Validate(); err != nil || !strings.HasPrefix(f.String(), f.Signal) {
			t.Errorf("%s (%s): %v", f, f.Signal, err)
		}
		if found, ok := fault.Find(f.Name); !ok || found.Name != f.Name || found.Aim != f.Aim {
			t.Errorf("%s is not found by its name: %v", f, found)
		}
	}
	if _, ok := fault.Find("zinit-kill"); ok {
		t.Error("a fault is found that is not of the catalogue")
	}
}

func TestAFaultThatProvesNothingIsRefused(t *testing.T) {
	for want, f := range map[string]fault.Fault{
		"needs either a signal or a command": {Landing: fault.LandsByExit},
		`needs either a signal`:              {Signal: "SIGTERM", Command: []string{"kill"}, Landing: fault.LandsByExit},
		`unknown signal "SIGTEM"`:            {Signal: "SIGTEM", Landing: fault.LandsByExit},
		`has landing ""`:                     {Signal: "SIGTERM"},
		`has landing "hope"`:                 {Command: []string{"kill"}, Landing: "hope"},
		"stops a process and names no undo":  {Signal: "SIGSTOP", Landing: fault.LandsByStop},
		`undone by "CONT": unknown signal`:   {Signal: "SIGSTOP", Landing: fault.LandsByStop, Undo: "CONT"},
	} {
		if err := f.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, not %q", f, err, want)
		}
	}
}
