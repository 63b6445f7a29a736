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

// runsEveryInterval counts as the one who is asked. Where a question comes at the wrong time, zinit's record may show
// that its check began in time, and that the host was slow to bring it: a record that fits the journal.
func runsEveryInterval(chaos *session.Session, p string, plan session.VictimPlan) {
	It("runs every interval: "+plan.Name, about(p, plan), func(ctx SpecContext) {
		patient := admit(ctx, chaos, p, plan)
		seen, ok := patient.probed(ctx, gaps+1)
		if !ok {
			patient.broken(ctx, fmt.Sprintf("%s was checked %s in the time for %d", plan.Name, count(len(seen.probes), "time"), gaps+1),
				history([]life{seen})...)
		}
		wrong := wrongGaps(seen.probes, patient.tolerance)
		if len(wrong) == 0 {
			return
		}
		if checked, err := patient.record(ctx); err == nil && checked.fits(seen) && len(wrongGaps(checked.begins(), patient.tolerance)) == 0 {
			return
		}
		patient.broken(ctx, fmt.Sprintf("%s was asked %s after the time before, not %s", plan.Name, span.Text(wrong[0]), span.Text(interval)),
			history([]life{seen})...)
	})
}

// wrongGaps are the distances between points in time, in nanoseconds, that are no interval.
func wrongGaps(points []int64, tolerance time.Duration) []time.Duration {
	var wrong []time.Duration
	for i := 1; i < len(points); i++ {
		if d := time.Duration(points[i] - points[i-1]); d < interval-tolerance || d > interval+tolerance {
			wrong = append(wrong, d)
		}
	}
	return wrong
}

// isRecorded compares zinit's record with the journal.
func isRecorded(chaos *session.Session, plan session.VictimPlan) {
	It("is recorded: "+plan.Name, about(promise.HealthRecorded, plan), func(ctx SpecContext) {
		patient := admit(ctx, chaos, promise.HealthRecorded, plan)
		patient.checked(ctx, gaps)
		checked, err := patient.record(ctx)
		spec.Conclude(err)
		seen := patient.lives(ctx)[0] // one more may have come meanwhile
		if missing := len(seen.probes) - len(checked); missing > 1 || missing < -1 {
			patient.broken(ctx, fmt.Sprintf("zinit has a record of %s of %s, which was asked %s",
				count(len(checked), "check"), plan.Name, count(len(seen.probes), "time")), history([]life{seen})...)
		}
		if !checked.fits(seen) {
			patient.broken(ctx, fmt.Sprintf("by zinit's record %s was checked at other times than it was asked", plan.Name),
				append(history([]life{seen}), [2]string{"record", checked.text()})...)
		}
		if checked.latest(seen) > patient.tolerance { // by the record, or because the probe had to wait for a processor
			spec.Inconclusive(record.TooCoarse("a check asked late after it had begun"))
		}
	})
}

// isLogged counts lines: what a line says is zinit's own affair.
func isLogged(chaos *session.Session, plan session.VictimPlan) {
	It("is logged: "+plan.Name, about(promise.HealthLogged, plan), func(ctx SpecContext) {
		patient := admit(ctx, chaos, promise.HealthLogged, plan)
		if patient.sandbox.Supervisor.Dialect() == zinit.Dialect03 {
			spec.Inconclusive("zinit 0.3 has no log of a health check")
		}
		seen := patient.checked(ctx, gaps)
		var lines []string
		ok := spec.Until(ctx, late, func(ctx context.Context) bool {
			var err error
			lines, err = patient.sandbox.Supervisor.Logs(ctx, zinit.HealthActionName(plan.Name), 50*gaps)
			if err != nil && ctx.Err() == nil {
				spec.Conclude(err)
			}
			return len(lines) >= len(seen.probes)
		})
		if !ok {
			patient.broken(ctx, fmt.Sprintf("the log of the health check of %s has %d lines, and it was asked %d times",
				plan.Name, len(lines), len(seen.probes)), append(history([]life{seen}), [2]string{"log", strings.Join(lines, " | ")})...)
		}
	})
}
