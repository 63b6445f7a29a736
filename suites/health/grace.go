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

// grace is a start period that is longer than the interval: whoever ignores it asks at 0 or at the interval.
const (
	grace         = 3170 * time.Millisecond
	graceInterval = 1370 * time.Millisecond
)

func startsWithGrace(chaos *session.Session, plan session.VictimPlan) {
	It("leaves a new process its start period: "+plan.Name, about(promise.HealthStartPeriod, plan), func(ctx SpecContext) {
		patient := admit(ctx, chaos, promise.HealthStartPeriod, plan.WithHealth(schedule(graceInterval, grace, 1), patience))
		patient.born(ctx)
		patient.graced(ctx, 0)
	})
}

// startsWithGraceAgain has the first process exit by itself once it was asked.
func startsWithGraceAgain(chaos *session.Session, plan session.VictimPlan) {
	It("leaves the next process its start period: "+plan.Name, about(promise.HealthGraceAgain, plan), func(ctx SpecContext) {
		patient := admit(ctx, chaos, promise.HealthGraceAgain, plan.WithHealth(schedule(graceInterval, grace, 1), patience))
		patient.born(ctx)
		patient.until(ctx, grace+late, func(lives []life) bool { return len(lives) > 1 || len(lives[0].probes) > 0 })
		spec.Conclude(patient.orders(ctx).Exit(ctx, 1))
		if _, ok := patient.until(ctx, delay+5*late, func(lives []life) bool { return len(lives) > 1 }); !ok {
			spec.Inconclusive(plan.Name + " exited and was not started again: there is no second start period to be timed")
		}
		patient.graced(ctx, 1)
	})
}

// graced judges the first question to a life of the patient.
func (p *patient) graced(ctx SpecContext, n int) {
	GinkgoHelper()
	lives, ok := p.until(ctx, grace+late, func(lives []life) bool { return len(lives[n].probes) > 0 })
	if !ok {
		p.broken(ctx, fmt.Sprintf("%s was not asked within %s of the start of its process; its start period is %s",
			p.plan.Name, span.Text(grace+late), span.Text(grace)), history(lives)...)
	}
	first := time.Duration(slices.Min(lives[n].probes) - lives[n].started)
	if p.within(first, grace) {
		return
	}
	if first > grace && p.recordedGrace(ctx) {
		return
	}
	p.broken(ctx, fmt.Sprintf("%s was first asked %s after the start of its process; its start period is %s",
		p.plan.Name, span.Text(first), span.Text(grace)), history(lives)...)
}

// recordedGrace tells whether by zinit's record the first check of the present process began when it was due: then
// the host was slow to bring its question.
func (p *patient) recordedGrace(ctx context.Context) bool {
	began, err := p.began(ctx)
	record, failure := p.record(ctx)
	if err != nil || failure != nil {
		return false
	}
	record = slices.DeleteFunc(record, func(job zinit.Job) bool { return job.Started < began })
	return len(record) > 0 && p.within(time.Duration(nanoseconds(record[0].Started-began)), grace)
}
