package verdict_test

import (
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

// TestUpgradePromisesAreAskedIfSomebodyAsks checks that they hold nobody up unasked, unless the policy demands them, and that a record cannot
// excuse another promise by calling it one of them.
func TestUpgradePromisesAreAskedIfSomebodyAsks(t *testing.T) {
	upgrade := upgradeServing()
	for name, c := range map[string]struct {
		change func(r *record.Record, against *verdict.Against)
		want   verdict.Answer
	}{
		"nobody asked": {func(*record.Record, *verdict.Against) {}, verdict.Promote},
		"asked, and no result": {func(r *record.Record, _ *verdict.Against) {
			r.Run.Request = &record.Request{UpgradeFrom: "hero_zero:promoted"}
		}, verdict.Inconclusive},
		"the policy demands it": {func(_ *record.Record, against *verdict.Against) {
			against.Policy.Severities = append(against.Policy.Severities, verdict.Severity{Promise: upgrade.ID, Severity: verdict.Blocking})
		}, verdict.Inconclusive},
		"another promise is said to be one": {func(r *record.Record, _ *verdict.Against) {
			r.Run.Promises[1].OnlyUpgrade = true
			r.Results = r.Results[:5]
		}, verdict.Inconclusive},
	} {
		t.Run(name, func(t *testing.T) {
			r, terms := promotable(), against()
			r.Run.Promises = append(r.Run.Promises, upgrade)
			terms.Promises = append(terms.Promises, upgrade)
			c.change(r, &terms)
			if r.End != nil {
				totals := r.Count()
				r.End.Totals = &totals
				r.Seal()
			}
			if found := verdict.Judge([]*record.Record{r}, terms); found.Answer != c.want {
				t.Errorf("%s: %+v", found.Answer, found.Reasons)
			}
		})
	}
}
