package owner

import (
	"reflect"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
)

func TestThePlanHasATurnForEachServiceOfTheLongestChain(t *testing.T) {
	plan := newPlan(map[string][]string{
		"alone": nil, "base": nil, "low": {"base"}, "middle": {"low"}, "top": {"middle", "base"}, "beside": {"base"},
	})
	want := [][]string{{"base", "alone"}, {"low", "beside"}, {"middle"}, {"top"}}
	if turns := plan.turns(); !reflect.DeepEqual(turns, want) {
		t.Errorf("the turns are %v, not %v", turns, want)
	}
	if turns := newPlan(map[string][]string{"a": {"b"}, "b": {"a"}}).turns(); len(turns) != 2 {
		t.Errorf("of two that need each other: %v", turns)
	}
}

func TestOnlyServicesOfTheTargetArePlanned(t *testing.T) {
	needs := keepKnown([]target.Service{{Name: "a"}, {Name: "b"}}, map[string][]string{"a": {"b", "unknown", "a", "b"}, "b": nil})
	if !reflect.DeepEqual(needs["a"], []string{"b"}) {
		t.Errorf("a needs %v", needs["a"])
	}
}

func TestDependenciesAreFoundInThePlanAndInTheSandbox(t *testing.T) {
	o := &Owner{
		plan:      newPlan(map[string][]string{"base": nil, "low": {"base"}}),
		sandboxes: withOpen("main", &liveSandbox{watched: map[string]watchedService{"hero_chaos.victim": {requires: []string{"low"}}}}),
	}
	for _, c := range []struct {
		sandbox, service, other string
		want                    bool
	}{
		{"main", "hero_chaos.victim", "base", true},
		{"main", "low", "base", true},
		{"main", "base", "low", false},
		{"closed", "low", "base", true},
		{"closed", "hero_chaos.victim", "base", false},
	} {
		if got := o.needs(c.sandbox, c.service, c.other); got != c.want {
			t.Errorf("%s needs %s in sandbox %s: %v", c.service, c.other, c.sandbox, got)
		}
	}
}
