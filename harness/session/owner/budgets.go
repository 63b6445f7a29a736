package owner

import (
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/budget"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// addBudgets adds to a run the numbers by which its promises are judged.
func (o *Owner) addBudgets(run *record.Run, main *liveSandbox) {
	run.Supervisor = main.opened.Describe()
	run.Tolerance = int64(o.target.Budgets.Tolerance)
	limits := budget.RecordLimits(o.target.Budgets)
	run.Limits = &limits
	if o.configuration.Profile == config.Faithful {
		run.Floor = int64(budget.Floor(o.target))
	} else {
		run.Scale = budget.Scale(o.target)
	}
	for _, derived := range budget.DeriveShipped(o.target, time.Duration(main.opened.Jitter)) {
		run.Budgets = append(run.Budgets, record.Budget{
			Name: derived.Name, Earliest: int64(derived.Earliest), Latest: int64(derived.Latest), Why: derived.Explain(),
		})
	}
}
