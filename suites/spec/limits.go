package spec

import (
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
)

// AnswerLimit bounds an answer of the supervisor at all times (suites/contract/zinit-0.4.md#rpc-answers).
const AnswerLimit = 2 * time.Second

// Tolerance returns how far from its due time something may come on the target.
func Tolerance(chaos *session.Session) time.Duration {
	return chaos.Target.Budgets.Tolerance.Duration()
}

// StartupLimit returns how long a new process may take until it serves: the serving budget without the restart budget.
func StartupLimit(chaos *session.Session) time.Duration {
	return chaos.Target.Budgets.Serving.Duration() - chaos.Target.Budgets.Restart.Duration()
}

// LatePeriod returns how long to keep watching for a restart that is overdue, so that a failure says by how much.
func LatePeriod(chaos *session.Session) time.Duration {
	return StartupLimit(chaos) + 2*Tolerance(chaos) + time.Second
}
