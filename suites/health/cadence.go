package health

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// runsEveryInterval counts as the one who is asked. Where the question comes at the wrong time and zinit's own
// record says that it began in time, the host was slow to bring it.
func runsEveryInterval(chaos *session.Session, p string, plan session.VictimPlan) {
	It("runs every interval: "+plan.Name, about(p, plan), func(ctx SpecContext) {
		patient := admit(ctx, chaos, p, plan)
		gap := hostOf(ctx, patient.sandbox)
		seen, ok := patient.probed(ctx, gaps+1)
		stall := gap()
		if !ok {
			patient.broken(ctx, fmt.Sprintf("%s was checked %s in the time for %d", plan.Name, count(len(seen.probes), "time"), gaps+1),
				history([]life{seen})...)
		}
		wrong := wrongGaps(seen.probes, patient.tolerance)
		if len(wrong) == 0 {
			return
		}
		patient.stalled(stall)
		if recorded, err := jobTimes(ctx, patient); err == nil && len(recorded) > gaps && len(wrongGaps(recorded, patient.tolerance)) == 0 {
			spec.Inconclusive("zinit's record has the health checks begin in time, and the host was slow to bring their questions")
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

// jobTimes are when the runs of the patient's health check began by zinit's record, in nanoseconds of Unix time with
// the record's granularity of a millisecond, oldest first.
func jobTimes(ctx SpecContext, p *patient) ([]int64, error) {
	jobs, err := p.sandbox.Supervisor.Jobs(ctx, zinit.HealthActionName(p.plan.Name), 2*gaps)
	if err != nil {
		return nil, err
	}
	var times []int64
	for _, job := range jobs {
		times = append(times, job.Started*int64(time.Millisecond))
	}
	slices.Sort(times)
	return times, nil
}

// isRecorded compares zinit's record with the journal. They have different clocks, so distances are compared.
func isRecorded(chaos *session.Session, plan session.VictimPlan) {
	It("is recorded: "+plan.Name, about(promise.HealthRecorded, plan), func(ctx SpecContext) {
		patient := admit(ctx, chaos, promise.HealthRecorded, plan)
		gap := hostOf(ctx, patient.sandbox)
		patient.checked(ctx, gaps)
		recorded, err := jobTimes(ctx, patient)
		spec.Conclude(err)
		stall := gap()
		seen := patient.lives(ctx)[0] // one more may have come meanwhile
		missing := len(seen.probes) - len(recorded)
		if missing > 1 || missing < -1 { // one may be under way
			patient.broken(ctx, fmt.Sprintf("zinit's record has %d runs of the health check of %s, which was asked %d times",
				len(recorded), plan.Name, len(seen.probes)), history([]life{seen})...)
		}
		for i := 1; i < min(len(recorded), len(seen.probes)); i++ {
			byZinit, byVictim := time.Duration(recorded[i]-recorded[i-1]), time.Duration(seen.probes[i]-seen.probes[i-1])
			if patient.within(byZinit, byVictim) {
				continue
			}
			patient.stalled(stall)
			patient.broken(ctx, fmt.Sprintf("zinit's record has check %d of %s %s after the one before, and it was asked %s after it",
				i+1, plan.Name, span.Text(byZinit), span.Text(byVictim)), history([]life{seen})...)
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
