package health

import (
	"context"
	"fmt"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

const (
	// gracePeriod is a start period that is longer than the interval: a supervisor that ignores it asks at once, or after
	// one interval.
	gracePeriod   = 3170 * time.Millisecond
	graceInterval = 1370 * time.Millisecond
)

func itLeavesTheStartPeriod(chaos *session.Session, plan session.VictimPlan) {
	It("leaves a new process its start period: "+plan.Name, decorate(promise.HealthStartPeriod, plan), func(ctx SpecContext) {
		v := register(ctx, chaos, plan.WithHealth(newSchedule(graceInterval, gracePeriod, 1), healthyTimeout))
		v.awaitStart(ctx)
		v.judgeFirstProbe(ctx, 0)
	})
}

// itLeavesTheStartPeriodAgain registers the spec whose first process is followed by another after its first question. what says how that
// comes about.
func itLeavesTheStartPeriodAgain(chaos *session.Session, plan session.VictimPlan, what string, replace func(context.Context, *checkedVictim) error) {
	It("leaves the next process its start period, after "+what+": "+plan.Name, decorate(promise.HealthGraceAgain, plan), func(ctx SpecContext) {
		v := register(ctx, chaos, plan.WithHealth(newSchedule(graceInterval, gracePeriod, 1), healthyTimeout))
		v.awaitStart(ctx)
		v.await(ctx, "was asked once", gracePeriod+overdueLimit, func(lives []life) bool { return len(lives) > 1 || len(lives[0].probes) > 0 })
		spec.Conclude(replace(ctx, v))
		if _, ok := v.await(ctx, "is started again", delay+5*overdueLimit, func(lives []life) bool { return len(lives) > 1 }); !ok {
			spec.Inconclusive("no landing: no second process was started, whose start period could be timed")
		}
		v.judgeFirstProbe(ctx, 1)
		v.judgeRate(ctx, 1)
	})
}

// judgeFirstProbe judges when the nth life was asked first. If zinit's record shows that the check began in time, the host
// delayed the question.
func (v *checkedVictim) judgeFirstProbe(ctx SpecContext, n int) {
	GinkgoHelper()
	lives, ok := v.await(ctx, "is asked for the first time", gracePeriod+overdueLimit, func(lives []life) bool { return len(lives[n].probes) > 0 })
	if !ok {
		v.failBeyond(ctx, overdueLimit, fmt.Sprintf("%s was not asked within %s of the start of its process; its start period is %s",
			v.plan.Name, span.Text(gracePeriod+overdueLimit), span.Text(gracePeriod)), lives)
	}
	first := time.Duration(slices.Min(lives[n].probes) - lives[n].started)
	if v.isOnTime(first, gracePeriod) || first > gracePeriod && v.beganOnTime(ctx) {
		return
	}
	v.fail(ctx, fmt.Sprintf("%s was first asked %s after the start of its process; its start period is %s",
		v.plan.Name, span.Text(first), span.Text(gracePeriod)), lives)
}

// judgeRate judges how often the nth life is asked in two intervals after its first question. One question more than due is granted.
func (v *checkedVictim) judgeRate(ctx SpecContext, n int) {
	GinkgoHelper()
	const intervals, due = 2, 3
	period := intervals*graceInterval + spec.Tolerance(v.chaos)
	isAsked := func(lives []life) bool {
		probes := slices.Sorted(slices.Values(lives[n].probes))
		return len(probes) > due+1 && time.Duration(probes[due+1]-probes[0]) <= period
	}
	if lives, often := v.await(ctx, "was asked for "+span.Text(period), period, isAsked); often {
		v.failBeyond(ctx, graceInterval, fmt.Sprintf("%s was asked more than %d times in %s of its next process", v.plan.Name, due+1, span.Text(period)), lives)
	}
}

// beganOnTime reports whether the first check of the present process began when it was due, by zinit's record.
func (v *checkedVictim) beganOnTime(ctx SpecContext) bool {
	By("read zinit's record of the health checks of " + v.plan.Name)
	runs, runsErr := v.sandbox.Supervisor.Jobs(ctx, zinit.RunActionName(v.plan.Name), 1)
	checks, err := v.readChecks(ctx)
	if runsErr != nil || err != nil || len(runs) == 0 {
		return false
	}
	checks = slices.DeleteFunc(checks, func(job zinit.Job) bool { return job.Started < runs[0].Started })
	return len(checks) > 0 && v.isOnTime(time.Duration(toNanoseconds(checks[0].Started-runs[0].Started)), gracePeriod)
}
