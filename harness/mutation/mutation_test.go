package mutation_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/mutation"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// result is a result of a promise, with its failure or its reason.
func result(promise string, outcome record.Outcome, why string) record.Result {
	found := record.Result{Promise: promise, Outcome: outcome}
	if outcome == record.Failed {
		found.Failure = why
		return found
	}
	found.Reason = why
	return found
}

func TestVerdicts(t *testing.T) {
	mutant := mutation.Mutant{ID: "broken", Claims: []string{"a.claims", "a.may"}}
	healthy := mutation.Mutant{ID: "odd"}
	for name, c := range map[string]struct {
		mutant    mutation.Mutant
		results   []record.Result
		unreached bool
		trouble   error
		want      mutation.Verdict
		why       string
		undecided bool
	}{
		"by its own": {
			mutant: mutant, results: []record.Result{result("a.claims", record.Failed, "it was not\nmore"), result("b.other", record.Held, "")},
			want: mutation.Killed, why: "it was not",
		},
		"on one service of two": {
			mutant: mutant, results: []record.Result{result("a.claims", record.Failed, "it was not"), result("a.claims", record.Held, "")},
			want: mutation.Killed, why: "it was not",
		},
		"by one that may": {
			mutant: mutant, results: []record.Result{result("a.claims", record.Held, ""), result("a.may", record.Failed, "something else")},
			want: mutation.KilledByOther, why: "something else",
		},
		"by another": {
			mutant: mutant, results: []record.Result{result("a.claims", record.Inconclusive, "the host stalled"), result("b.other", record.Failed, "else")},
			want: mutation.KilledByOther, why: "else", undecided: true,
		},
		"survived": {
			mutant: mutant, results: []record.Result{result("a.claims", record.Held, "")},
			want: mutation.Survived, why: "a.claims is held",
		},
		"not asked": {
			mutant: mutant, results: []record.Result{result("b.other", record.Held, "")},
			want: mutation.Survived, why: "a.claims was not asked: no spec of it was selected",
		},
		"nothing proved": {
			mutant: mutant, results: []record.Result{result("a.claims", record.Inconclusive, "the host stalled"), result("a.claims", record.Held, "")},
			want: mutation.Survived, why: "a.claims is inconclusive: the host stalled", undecided: true,
		},
		"killed, and its code did not run": {
			mutant: mutant, results: []record.Result{result("a.claims", record.Failed, "it was not")}, unreached: true,
			want: mutation.NeverReached, why: "its code did not run: nothing in the logs of its containers says so",
		},
		"trouble": {
			mutant: mutant, results: []record.Result{result("a.claims", record.Failed, "it was not")}, trouble: errors.New("no end\nmore"),
			want: mutation.Troubled, why: "no end", undecided: true,
		},
		"healthy": {
			mutant: healthy, results: []record.Result{result("a.claims", record.Held, ""), result("b.other", record.Inconclusive, "the host stalled")},
			want: mutation.Passed,
		},
		"healthy and flagged": {
			mutant: healthy, results: []record.Result{result("a.claims", record.Failed, "alarm"), result("b.other", record.Held, "")},
			want: mutation.Flagged, why: "alarm",
		},
		"healthy, and nothing held": {
			mutant: healthy, results: []record.Result{result("a.claims", record.Inconclusive, "the host stalled")},
			want: mutation.Troubled, why: "nothing was proved: no promise held", undecided: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			trial := mutation.Observe(c.mutant, &record.Record{Results: c.results}, !c.unreached, c.trouble, time.Second)
			if got := trial.Verdict(); got != c.want || trial.Why() != c.why || trial.Undecided() != c.undecided {
				t.Errorf("%s, %q, undecided %v", got, trial.Why(), trial.Undecided())
			}
			if !slices.Contains(mutation.Verdicts(), c.want) {
				t.Errorf("%s is in no list", c.want)
			}
		})
	}
}

func TestWithoutARecordThereIsTrouble(t *testing.T) {
	trial := mutation.Observe(mutation.Mutant{ID: "broken", Claims: []string{"a.claims"}}, nil, false, errors.New("no daemon"), 0)
	if trial.Verdict() != mutation.Troubled || trial.Why() != "no daemon" {
		t.Errorf("%s: %s", trial.Verdict(), trial.Why())
	}
}

func TestKillers(t *testing.T) {
	mutant := mutation.Mutant{ID: "broken", Claims: []string{"c.claims", "d.may"}}
	found := &record.Record{Results: []record.Result{
		result("b.stray", record.Failed, ""), result("d.may", record.Failed, ""), result("a.stray", record.Failed, ""), result("c.claims", record.Failed, ""), result("e.held", record.Held, ""),
	}}
	trial := mutation.Observe(mutant, found, true, nil, 0)
	if got := trial.Killers(); !slices.Equal(got, []string{"c.claims", "d.may", "a.stray", "b.stray"}) {
		t.Errorf("killers %q", got)
	}
	if got := trial.Strays(); !slices.Equal(got, []string{"a.stray", "b.stray"}) {
		t.Errorf("stray %q", got)
	}
	if alone, ok := trial.KilledAlone(); ok {
		t.Errorf("killed by %s alone", alone)
	}
	found.Results = found.Results[3:]
	if alone, ok := mutation.Observe(mutant, found, true, nil, 0).KilledAlone(); !ok || alone != "c.claims" {
		t.Errorf("killed by %q alone, %v", alone, ok)
	}
	found.Results = append(found.Results, result("isolation.bystanders", record.Failed, ""))
	if alone, ok := mutation.Observe(mutant, found, true, nil, 0).KilledAlone(); !ok || alone != "c.claims" {
		t.Errorf("beside isolation, killed by %q alone, %v", alone, ok)
	}
	if alone, ok := mutation.Observe(mutant, found, false, nil, 0).KilledAlone(); ok {
		t.Errorf("its code did not run, and it is killed by %s alone", alone)
	}
}
