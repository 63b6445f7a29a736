package health

import (
	"context"
	"fmt"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// itRunsEveryInterval registers the spec that times the questions to a victim. If a question comes at the wrong time,
// zinit's record may match the journal and show that the check began in time: then the host delayed the question.
func itRunsEveryInterval(chaos *session.Session, p string, plan session.VictimPlan) {
	It("runs every interval: "+plan.Name, decorate(p, plan), func(ctx SpecContext) {
		v := register(ctx, chaos, plan)
		seen, ok := v.awaitProbes(ctx, gaps+1)
		if !ok {
			v.fail(ctx, fmt.Sprintf("%s was checked %s in the time for %d", plan.Name, spec.Count(len(seen.probes), "time"), gaps+1), []life{seen})
		}
		wrong := findWrongGaps(seen.probes, spec.Tolerance(chaos))
		if len(wrong) == 0 {
			return
		}
		By("read zinit's record of the health checks of " + plan.Name)
		if checked, err := v.readChecks(ctx); err == nil && checked.match(seen) && len(findWrongGaps(checked.starts(), spec.Tolerance(chaos))) == 0 {
			return
		}
		v.fail(ctx, fmt.Sprintf("%s was asked %s after the time before, not %s", plan.Name, span.Text(wrong[0]), span.Text(interval)), []life{seen})
	})
}

// findWrongGaps returns the distances between points in time, in nanoseconds, that are no interval.
func findWrongGaps(points []int64, tolerance time.Duration) []time.Duration {
	var wrong []time.Duration
	for i := 1; i < len(points); i++ {
		if d := time.Duration(points[i] - points[i-1]); d < interval-tolerance || d > interval+tolerance {
			wrong = append(wrong, d)
		}
	}
	return wrong
}

// itIsRecorded registers the spec that compares zinit's record with the journal.
func itIsRecorded(chaos *session.Session, plan session.VictimPlan) {
	It("is recorded: "+plan.Name, decorate(promise.HealthRecorded, plan), func(ctx SpecContext) {
		v := register(ctx, chaos, plan)
		v.requireProbes(ctx, gaps)
		By("read zinit's record of the health checks of " + plan.Name)
		checked, err := v.readChecks(ctx)
		spec.Conclude(err)
		seen := v.readLives(ctx)[0] // one more question may have come since
		if missing := len(seen.probes) - len(checked); missing > 1 || missing < -1 {
			v.fail(ctx, fmt.Sprintf("zinit has a record of %s of %s, which was asked %s",
				spec.Count(len(checked), "check"), plan.Name, spec.Count(len(seen.probes), "time")), []life{seen})
		}
		if !checked.match(seen) {
			v.fail(ctx, fmt.Sprintf("by zinit's record %s was checked at other times than it was asked", plan.Name), []life{seen},
				spec.Note("record", "%v", checked))
		}
		if checked.longestWait(seen) > spec.Tolerance(chaos) { // the record may be wrong, or the probe had to wait for a processor
			spec.InconclusiveBecause(record.TooCoarse("a check asked late after it had begun"))
		}
	})
}

// itIsLogged registers the spec that counts the lines of a health check's log. What a line says is not promised.
func itIsLogged(chaos *session.Session, plan session.VictimPlan) {
	It("is logged: "+plan.Name, decorate(promise.HealthLogged, plan), func(ctx SpecContext) {
		v := register(ctx, chaos, plan)
		if v.sandbox.Supervisor.Dialect() == zinit.Dialect03 {
			spec.Inconclusive("zinit 0.3 has no log of a health check")
		}
		seen := v.requireProbes(ctx, gaps)
		By("wait until the log has a line for each health check of " + plan.Name)
		var lines []string
		ok := spec.Until(ctx, overdueLimit, func(ctx context.Context) bool {
			var err error
			lines, err = v.sandbox.Supervisor.Logs(ctx, zinit.HealthActionName(plan.Name), 50*gaps)
			if err != nil && ctx.Err() == nil {
				spec.Conclude(err)
			}
			return len(lines) >= len(seen.probes)
		})
		if !ok {
			v.fail(ctx, fmt.Sprintf("the log of the health check of %s has %s, and it was asked %s",
				plan.Name, spec.Count(len(lines), "line"), spec.Count(len(seen.probes), "time")), []life{seen}, spec.Note("log", "%s", strings.Join(lines, " | ")))
		}
	})
}
