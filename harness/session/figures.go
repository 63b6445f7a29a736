package session

import (
	"fmt"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/budget"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// figures adds to a run the numbers that its promises are judged by.
func (o *Owner) figures(run *record.Run, main *liveSandbox) {
	run.Supervisor = main.opened.describe()
	run.Tolerance = int64(o.target.Budgets.Tolerance)
	if o.configuration.Profile == Faithful {
		run.Floor = int64(budget.Floor(o.target))
	} else {
		run.Scale = budget.Scale(o.target)
	}
	for _, derived := range budget.Shipped(o.target, time.Duration(main.opened.Jitter)) {
		run.Budgets = append(run.Budgets, record.Budget{
			Name: derived.Name, Earliest: int64(derived.Earliest), Latest: int64(derived.Latest), Why: derived.Explain(),
		})
	}
}

// describe says how the supervisor is reached.
func (o opened) describe() string {
	if o.Dialect == zinit.DialectCLI {
		return fmt.Sprintf("by its command line alone, so that nothing can be registered: %s", o.Because)
	}
	return fmt.Sprintf("dialect %s at %s", o.Dialect, o.Zinit)
}
