package mutation

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
)

func promises() []string {
	var ids []string
	for _, p := range promise.All() {
		ids = append(ids, p.ID)
	}
	return ids
}

// TestTheListsNamePromises: a promise that was called something else would silently be asked no more.
func TestTheListsNamePromises(t *testing.T) {
	for name, list := range map[string][]string{"sentinels": sentinels(), "alarming": alarming(), "narrowed": slices.Collect(maps.Keys(narrowed())), "dear": costly(), "waiting": waiting(), "faithful": faithful()} {
		for _, id := range list {
			if _, ok := promise.Find(id); !ok {
				t.Errorf("%s: there is no promise %q", name, id)
			}
		}
	}
	if _, err := promise.ParseFocus(FullScope(Mutant{}, promises()).Focus); err != nil {
		t.Error(err)
	}
}

func TestScopes(t *testing.T) {
	all := promises()
	for name, c := range map[string]struct {
		scope         Scope
		with, without []string
		faithful      bool
	}{
		"usual": {
			scope: UsualScope(Mutant{Claims: []string{"restart.sigkill", "hang.detected"}}, all),
			with:  []string{"restart.sigkill/user.hero_osis_server", "restart.exit0", "restart.exit127", "hang.detected", isolation},
			// what is farther away, another theme's, and the neighbours of a claim that is not the first
			without: []string{"restart.sigkill", "restart.sigsegv", "retry.none", "hang.group", "load.herd"},
		},
		"a dear one that is claimed": {
			scope: UsualScope(Mutant{Claims: []string{"load.herd"}}, all),
			with:  []string{"load.herd", "load.flood"}, without: []string{"load.paused"},
		},
		"the truth table": {
			scope: UsualScope(Mutant{Claims: []string{"health.truth-good"}}, all),
			with:  []string{"health.truth-good", "health.truth-mute"}, without: []string{"health.cadence", "health.no-hasty-pass"},
		},
		"health without the truth table": {
			scope: UsualScope(Mutant{Claims: []string{"health.cadence"}}, all),
			with:  []string{"health.cadence", "health.recorded"}, without: []string{"health.start-period", "health.truth-good", "health.no-hasty-pass"},
		},
		"faithful": {
			scope: UsualScope(Mutant{Claims: []string{"retry.shipped", "retry.linear"}}, all), faithful: true,
			with: []string{"retry.shipped/user.hero_osis_server", "retry.linear", isolation}, without: []string{"retry.none"},
		},
		"healthy": {
			scope: UsualScope(Mutant{}, all), with: []string{"restart.exit0", "health.truth-good", isolation}, without: []string{"load.herd", "restart.exit1"},
		},
		"sample": {
			scope: SampleScope(Mutant{Claims: []string{"restart.exit1", "restart.twice"}}, all),
			with:  []string{"restart.exit1", "restart.twice", isolation}, without: []string{"restart.exit0", "boot.running"},
		},
		"full": {scope: FullScope(Mutant{Claims: []string{"boot.running"}}, all), with: []string{"restart.sigkill", "load.herd"}},
	} {
		t.Run(name, func(t *testing.T) {
			parts := strings.Split(c.scope.Focus, ",")
			for _, part := range c.with {
				if !slices.Contains(parts, part) {
					t.Errorf("%q lacks %s", parts, part)
				}
			}
			for _, part := range c.without {
				if slices.Contains(parts, part) {
					t.Errorf("%q has %s", parts, part)
				}
			}
			if c.scope.Faithful != c.faithful {
				t.Errorf("faithful is %v", c.scope.Faithful)
			}
			if _, err := promise.ParseFocus(c.scope.Focus); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestASampleHasSomethingOfEveryTheme(t *testing.T) {
	ids := func(mutants []Mutant) string {
		var ids []string
		for _, m := range Sample(mutants) {
			ids = append(ids, m.ID)
		}
		return strings.Join(ids, " ")
	}
	few := []Mutant{
		{ID: "one", Claims: []string{"a.x"}},
		{ID: "again", Claims: []string{"a.x", "a.y"}},
		{ID: "two", Claims: []string{"a.y"}},
		{ID: "healthy"},
		{ID: "slow", Claims: []string{"hang.shipped"}},
		{ID: "three", Claims: []string{"b.x"}},
	}
	if got := ids(few); got != "one three two" {
		t.Errorf("%q", got)
	}
	var many []Mutant
	for i := range 2 * sampleSize {
		many = append(many, Mutant{ID: "many", Claims: []string{fmt.Sprintf("a.%d", i)}})
	}
	if got := ids(append(many, few[5])); strings.Count(got, "many") != sampleSize-1 || !strings.HasPrefix(got, "many three many") {
		t.Errorf("%q", got)
	}
}
