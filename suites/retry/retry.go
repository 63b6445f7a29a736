// Package retry holds the promises about a service that ends again and again: when the next attempt is made, how many
// attempts there are, and what the supervisor says meanwhile.
package retry

import (
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	. "forge.ourworld.tf/lhumina_code/hero_chaos/harness/expect" //nolint:revive // matchers read as part of the language

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// The victims' scaled policies.
const (
	delay           = 930 * time.Millisecond
	shortDelay      = 730 * time.Millisecond
	stabilityPeriod = 4130 * time.Millisecond
	// unreachedPeriod is a stability period that is longer than any run of a spec.
	unreachedPeriod = 47 * time.Second
	// asidePeriod lies between the end of a run and the end of the stability period. It is far longer than an injection,
	// and than the harness and a supervisor may differ about the period.
	asidePeriod = 900 * time.Millisecond
)

// backoffSandbox is a sandbox of its own, since its services are killed again while the last kill still counts.
const backoffSandbox = "backoff"

// Specs registers the specs of the theme.
func Specs(chaos *session.Session) {
	Describe("a service that is killed again and again", spec.Long, func() {
		itWaitsByItsPolicy(chaos, promise.RetryNone, 3, planVictim("none", zinit.BackoffNone, delay))
		itWaitsByItsPolicy(chaos, promise.RetryLinear, 3, planVictim("linear", zinit.BackoffLinear, delay))
		exponential := planVictim("exponential", zinit.BackoffExponential, delay)
		exponential.Policy.MaxDelay = zinit.Milliseconds(5110 * time.Millisecond) // below the fourth delay, 7.44 s
		itWaitsByItsPolicy(chaos, promise.RetryExponential, 4, exponential)
		unlimited := planVictim("unlimited", zinit.BackoffExponential, shortDelay)
		unlimited.Policy.MaxAttempts, unlimited.Policy.MaxDelay, unlimited.Policy.StabilityPeriod = 0, 0, 0
		itWaitsByItsPolicy(chaos, promise.RetryZero, 3, unlimited)
		capped := planVictim("capped", zinit.BackoffExponential, delay)
		capped.Policy.MaxDelay = zinit.Milliseconds(1370 * time.Millisecond)
		itWaitsNoLongerThanTheMaximum(chaos, capped)
	})
	Describe("a run that lasts", spec.Long, func() {
		const stable = stabilityPeriod + asidePeriod
		itIsJudgedByItsLength(chaos, promise.RetryStabilityBefore, planLasting("unstable"), stabilityPeriod-asidePeriod)
		itIsJudgedByItsLength(chaos, promise.RetryStabilityAfter, planLasting("stable"), stable, 0, stable)
		itGivesAttemptsBack(chaos, planLasting("budget"))
	})
	crashSpecs(chaos)
	if chaos.Configuration.Profile == config.Faithful {
		itKeepsTheShippedPolicy(chaos)
	}
}

// planVictim plans a victim with a scaled policy. None of its runs is stable.
func planVictim(name string, backoff zinit.Backoff, delay time.Duration) session.VictimPlan {
	plan := session.NewVictim("retry-"+name, spec.ScalePolicy(delay, unreachedPeriod))
	plan.Policy.Backoff = backoff
	return plan
}

// planLasting plans a victim whose stability period a spec can wait for.
func planLasting(name string) session.VictimPlan {
	plan := planVictim("lasting-"+name, zinit.BackoffExponential, delay)
	plan.Policy.StabilityPeriod = zinit.Milliseconds(stabilityPeriod)
	return plan
}

// itWaitsByItsPolicy registers the spec that kills a victim n times, each time as soon as it serves.
func itWaitsByItsPolicy(chaos *session.Session, p string, n int, plan session.VictimPlan) {
	It("waits as its policy says: "+plan.Name, spec.About(p), spec.On(plan.Name), spec.With(fault.SIGKILL), func(ctx SpecContext) {
		s := newSeries(ctx, chaos, p, plan)
		for range n {
			s.kill(ctx, 0)
		}
	}, NodeTimeout(time.Minute))
}

// itWaitsNoLongerThanTheMaximum registers the spec that judges each delay by its bounds alone. The bounds are stated; how
// a delay grows between them is assumed.
func itWaitsNoLongerThanTheMaximum(chaos *session.Session, plan session.VictimPlan) {
	It("waits no longer than it may: "+plan.Name, spec.About(promise.RetryMaxDelay), spec.On(plan.Name), spec.With(fault.SIGKILL), func(ctx SpecContext) {
		s := newSeries(ctx, chaos, promise.RetryMaxDelay, plan)
		for range 3 {
			s.killAndExpect(ctx, 0, record.Terms{Retry: 1, Wait: int64(plan.Policy.MaxDelay.Duration() - plan.Policy.Delay.Duration())}, Respawn(NotBefore(plan.Policy.Delay.Duration()), Within(plan.Policy.MaxDelay.Duration()), s.tolerance()))
		}
	}, NodeTimeout(time.Minute))
}

// itIsJudgedByItsLength registers the spec whose third run, and those after it, last for a period each, and shows which retry follows them.
func itIsJudgedByItsLength(chaos *session.Session, p string, plan session.VictimPlan, periods ...time.Duration) {
	It("is told by its length: "+plan.Name, spec.About(p), spec.On(plan.Name), spec.With(fault.SIGKILL), func(ctx SpecContext) {
		s := newSeries(ctx, chaos, p, plan)
		for _, period := range append([]time.Duration{0, 0}, periods...) {
			s.kill(ctx, period)
		}
	}, NodeTimeout(time.Minute))
}

// itGivesAttemptsBack registers the spec that uses up two of three attempts, twice, with a stable run in between.
func itGivesAttemptsBack(chaos *session.Session, plan session.VictimPlan) {
	plan.Policy.MaxAttempts, plan.Policy.Backoff = 3, zinit.BackoffNone
	It("gives its attempts back: "+plan.Name, spec.About(promise.RetryStableBudget), spec.On(plan.Name), spec.With(fault.SIGKILL), func(ctx SpecContext) {
		s := newSeries(ctx, chaos, promise.RetryStableBudget, plan)
		for _, period := range []time.Duration{0, 0, stabilityPeriod + asidePeriod, 0, 0} {
			s.kill(ctx, period)
		}
	}, NodeTimeout(time.Minute))
}

// itKeepsTheShippedPolicy registers the specs that kill every shipped service three times in a row.
func itKeepsTheShippedPolicy(chaos *session.Session) {
	Describe("the shipped policy", spec.About(promise.RetryShipped), spec.InTurn(backoffSandbox), func() {
		for _, shipped := range chaos.Target.Restartable() {
			service := chaos.Shipped(shipped)
			It("is kept: "+service.Name, spec.On(service.Name), spec.With(fault.SIGKILL), func(ctx SpecContext) {
				s := series{
					chaos: chaos, sandbox: spec.Sandbox(ctx, chaos, backoffSandbox), promise: promise.RetryShipped, service: service,
					inTurn: true,
				}
				for range 3 {
					s.kill(ctx, 0)
				}
			}, NodeTimeout(service.Policy.DelayOfRetry(1)+service.Policy.DelayOfRetry(2)+service.Policy.DelayOfRetry(3)+2*time.Minute))
		}
	})
}
