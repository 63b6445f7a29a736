package retry

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/budget"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

const (
	// overdueLimit bounds the wait for a run that is due, on a calm host. Afterwards it counts as one that will not come.
	overdueLimit = 2 * time.Second
	// loopTimeout bounds a spec that watches a loop.
	loopTimeout = time.Minute
)

// loop is a crashing victim, seen by its own journal. Each process writes down when it began, by the agent's clock, and
// ends runPeriod later.
type loop struct {
	chaos   *session.Session
	sandbox *session.Sandbox
	plan    session.VictimPlan
	host    *spec.Host
	since   int64 // earlier runs do not count
}

// runPeriod returns how long each process lives at least.
func (l *loop) runPeriod() time.Duration { return l.plan.Options.ExitDelay }

// starts returns when the victim's processes began, in their order.
func (l *loop) starts(ctx SpecContext) []int64 {
	GinkgoHelper()
	journal, err := spec.ReadJournal(ctx, l.sandbox, l.plan)
	spec.Conclude(err)
	var starts []int64
	for _, event := range journal.Of(victim.EventStarted).Since(l.since) {
		starts = append(starts, event.MonoNS)
	}
	return starts
}

// awaitRuns waits until the victim was run more often than n times, or until the next run is overdue. It returns when the
// runs began.
func (l *loop) awaitRuns(ctx SpecContext, n int) (starts []int64) {
	GinkgoHelper()
	By(fmt.Sprintf("wait until %s was run more than %s, or is not run again", l.plan.Name, spec.Count(n, "time")))
	spec.Until(ctx, loopTimeout, func(context.Context) bool {
		now := spec.Now(ctx, l.sandbox)
		starts = l.starts(ctx)
		runs := len(starts)
		if runs == 0 {
			return l.host.IsOver(overdueLimit, l.since, now)
		}
		return runs > n || l.host.IsOver(l.runPeriod()+l.plan.Policy.DelayOfRetry(runs)+overdueLimit, starts[runs-1], now)
	})
	if len(starts) == 0 {
		spec.Inconclusive(l.plan.Name + " was to be run, and never was")
	}
	return starts
}

// judgeDelays judges the time between the end of each run and the start of the next by the policy. The lower bound is
// exact: no run ends before its exit delay is over, and no process writes before it was started. The upper bound grants the
// tolerance three times: for the end, for the start, and for the retry itself.
func (l *loop) judgeDelays(ctx SpecContext, starts []int64) {
	GinkgoHelper()
	tolerance := spec.Tolerance(l.chaos)
	for n := 1; n < len(starts); n++ {
		waited, due := time.Duration(starts[n]-starts[n-1])-l.runPeriod(), l.plan.Policy.DelayOfRetry(n)
		switch {
		case waited < due:
			l.fail(ctx, "was run again %s after its end %d, before the %s that it has to wait", span.Text(waited), n, span.Text(due))
		case waited <= due+3*tolerance:
		case l.host.Stall() > tolerance || l.host.Explains(ctx, starts[n-1]+int64(l.runPeriod()+due), starts[n], 3*tolerance):
			spec.InconclusiveBecause(record.HostStalled("the delays between runs cannot be judged"))
		default:
			l.fail(ctx, "was run again only %s after its end %d, not within %s", span.Text(waited), n, due+3*tolerance)
		}
	}
}

// endingOf says how run n of the victim ends.
func (l *loop) endingOf(n int) string {
	end := strconv.Itoa(l.plan.Options.ExitCode)
	if list := l.plan.Options.Endings; list != "" {
		endings := strings.Split(list, ",")
		end = endings[(n-1)%len(endings)]
	}
	if strings.HasPrefix(end, "SIG") {
		return end
	}
	return "exit code " + end
}

// fail fails the spec, with the victim's runs by its journal and its status by the supervisor.
func (l *loop) fail(ctx SpecContext, format string, values ...any) {
	GinkgoHelper()
	var lines []spec.Line
	starts := l.starts(ctx)
	for i, start := range starts {
		after, since := "its registration", l.since
		if i > 0 {
			after, since = fmt.Sprintf("the end of run %d", i), starts[i-1]+int64(l.runPeriod())
		}
		lines = append(lines, spec.Note(fmt.Sprintf("run %d", i+1), "began %s after %s and ended by %s",
			span.Text(time.Duration(start-since)), after, l.endingOf(i+1)))
	}
	lines = append(lines, spec.Note("now", "zinit says %q", l.sandbox.StatusText(ctx, l.plan.Name)), spec.Note("policy", "%s", budget.Describe(l.plan.Policy)))
	spec.FailWith(l.chaos, l.plan.Name+" "+fmt.Sprintf(format, values...), lines...)
}
