package fault_test

import (
	"slices"
	"strings"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
)

func TestEveryLastingFaultIsValid(t *testing.T) {
	var names []string
	for _, f := range fault.AllLasting() {
		if err := f.Validate(); err != nil || slices.Contains(names, f.Name) {
			t.Errorf("%s: %v, or a second of that name", f, err)
		}
		names = append(names, f.Name)
		if found, ok := fault.FindLasting(f.Name); !ok || found != f {
			t.Errorf("%s is not found by its name: %+v", f, found)
		}
	}
	for _, f := range fault.AllLasting() {
		if f.StopsSupervisor() {
			if err := f.ThroughDocker().Validate(); err != nil {
				t.Error(err)
			}
		}
	}
	if _, ok := fault.FindLasting("meteor"); ok {
		t.Error("a fault was found that does not exist")
	}
}

func TestALastingFaultThatCannotBeUndoneOrProvedIsRefused(t *testing.T) {
	for want, spoil := range map[string]func(*fault.Lasting){
		"it has no name":             func(f *fault.Lasting) { f.Name = "" },
		`unknown scope "moon"`:       func(f *fault.Lasting) { f.Scope = "moon" },
		`unknown way "prayer"`:       func(f *fault.Lasting) { f.Way = "prayer" },
		`is not undone by "never"`:   func(f *fault.Lasting) { f.Undo = "never" },
		"must say what proves it":    func(f *fault.Lasting) { f.Landing = "" },
		"an amount needs a unit":     func(f *fault.Lasting) { f.Amount = 3 },
		"3 MB is not between 5 and ": func(f *fault.Lasting) { f.Amount, f.Unit, f.Least, f.Most = 3, "MB", 5, 7 },
	} {
		f := fault.SupervisorStopped
		spoil(&f)
		if err := f.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, not %q", f, err, want)
		}
	}
}
