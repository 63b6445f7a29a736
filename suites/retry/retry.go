// Package retry holds what is promised of a service that ends again and again: when the next attempt is made,
// how many there are, and what is said meanwhile.
package retry

import (
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	. "forge.ourworld.tf/lhumina_code/hero_chaos/harness/expect" //nolint:revive // matchers read as part of the language

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// The scaled policies: odd values, so that a slip of units shows (design, "Two profiles").
const (
	delay     = 930 * time.Millisecond
	shortest  = 730 * time.Millisecond
	stability = 4130 * time.Millisecond
	unstable  = 47 * time.Second // a stability period that no run of a spec reaches
	// aside is how far from the end of the stability period a run ends that is to end before or after it:
	// far more than an injection takes, and than supervisors and we may differ about its length.
	aside = 900 * time.Millisecond
)

// backoffSandbox is a sandbox of its own: its services are killed again while the last kill still counts.
const backoffSandbox = "backoff"

// Specs are the theme's.
func Specs(chaos *session.Session) {
	Describe("a service that is killed again and again", spec.Long, func() {
		waits(chaos, promise.RetryNone, 3, victim("none", zinit.BackoffNone, delay))
		waits(chaos, promise.RetryLinear, 3, victim("linear", zinit.BackoffLinear, delay))
		exponential := victim("exponential", zinit.BackoffExponential, delay)
		exponential.Policy.MaxDelay = zinit.Milliseconds(5110 * time.Millisecond) // below the fourth delay, 7.44 s
		waits(chaos, promise.RetryExponential, 4, exponential)
		unlimited := victim("unlimited", zinit.BackoffExponential, shortest)
		unlimited.Policy.MaxAttempts, unlimited.Policy.MaxDelay, unlimited.Policy.StabilityPeriod = 0, 0, 0
		waits(chaos, promise.RetryZero, 3, unlimited)
		capped := victim("capped", zinit.BackoffExponential, delay)
		capped.Policy.MaxDelay = zinit.Milliseconds(1370 * time.Millisecond)
		waitsAtMost(chaos, capped)
	})
	Describe("a run that lasts", spec.Long, func() {
		countsBy(chaos, promise.RetryStabilityBefore, stability-aside, lasting("unstable"))
		countsBy(chaos, promise.RetryStabilityAfter, stability+aside, lasting("stable"))
		givesAttemptsBack(chaos, lasting("budget"))
	})
	crashes(chaos)
	if chaos.Configuration.Profile == session.Faithful {
		keepsTheShippedPolicy(chaos)
	}
}

// victim is the plan of a victim with a scaled policy, none of whose runs is stable.
func victim(name string, backoff zinit.Backoff, delay time.Duration) session.VictimPlan {
	return session.NewVictim("retry-"+name, zinit.RetryPolicy{
		MaxAttempts: 20, Delay: zinit.Milliseconds(delay), Backoff: backoff,
		MaxDelay: zinit.Milliseconds(60 * delay), StabilityPeriod: zinit.Milliseconds(unstable),
	})
}

// lasting is the plan of a victim whose stability period a spec can wait for.
func lasting(name string) session.VictimPlan {
	plan := victim("lasting-"+name, zinit.BackoffExponential, delay)
	plan.Policy.StabilityPeriod = zinit.Milliseconds(stability)
	return plan
}

// waits kills a victim as soon as it serves, n times, and measures what it waits for each time.
func waits(chaos *session.Session, p string, n int, plan session.VictimPlan) {
	It("waits as its policy says: "+plan.Name, spec.About(p), spec.On(plan.Name), spec.With(fault.SIGKILL), func(ctx SpecContext) {
		c := campaignOf(ctx, chaos, p, plan)
		for range n {
			c.kill(ctx, 0)
		}
	}, NodeTimeout(time.Minute))
}

// waitsAtMost holds each delay against its bounds alone, which are stated: how it grows in between is assumed.
func waitsAtMost(chaos *session.Session, plan session.VictimPlan) {
	It("waits no longer than it may: "+plan.Name, spec.About(promise.RetryMaxDelay), spec.On(plan.Name), spec.With(fault.SIGKILL), func(ctx SpecContext) {
		c := campaignOf(ctx, chaos, promise.RetryMaxDelay, plan)
		for range 3 {
			c.killExpecting(ctx, 0, Respawn(NotBefore(plan.Policy.Delay.Duration()), Within(plan.Policy.MaxDelay.Duration()), c.tolerance()))
		}
	}, NodeTimeout(time.Minute))
}

// countsBy lets the third run last so long, and looks at what it is followed by.
func countsBy(chaos *session.Session, p string, lasting time.Duration, plan session.VictimPlan) {
	It("is told by its length: "+plan.Name, spec.About(p), spec.On(plan.Name), spec.With(fault.SIGKILL), func(ctx SpecContext) {
		c := campaignOf(ctx, chaos, p, plan)
		c.kill(ctx, 0)
		c.kill(ctx, 0)
		c.kill(ctx, lasting)
	}, NodeTimeout(time.Minute))
}

// givesAttemptsBack uses up two of three attempts, twice, with a stable run in between.
func givesAttemptsBack(chaos *session.Session, plan session.VictimPlan) {
	plan.Policy.MaxAttempts, plan.Policy.Backoff = 3, zinit.BackoffNone
	It("gives its attempts back: "+plan.Name, spec.About(promise.RetryStableBudget), spec.On(plan.Name), spec.With(fault.SIGKILL), func(ctx SpecContext) {
		c := campaignOf(ctx, chaos, promise.RetryStableBudget, plan)
		for _, lasting := range []time.Duration{0, 0, stability + aside, 0, 0} {
			c.kill(ctx, lasting)
		}
	}, NodeTimeout(time.Minute))
}

// keepsTheShippedPolicy kills every shipped service three times in a row.
func keepsTheShippedPolicy(chaos *session.Session) {
	Describe("the shipped policy", spec.About(promise.RetryShipped), func() {
		for _, shipped := range chaos.Target.Restartable() {
			service := chaos.Shipped(shipped)
			It("is kept: "+service.Name, spec.On(service.Name), spec.With(fault.SIGKILL), func(ctx SpecContext) {
				c := campaign{
					chaos: chaos, sandbox: spec.Sandbox(ctx, chaos, backoffSandbox), promise: promise.RetryShipped, service: service,
					crowded: true,
				}
				spec.Hold(ctx, c.sandbox, service.Name)
				for range 3 {
					c.kill(ctx, 0)
				}
			}, NodeTimeout(service.Policy.DelayOfRetry(1)+service.Policy.DelayOfRetry(2)+service.Policy.DelayOfRetry(3)+2*time.Minute))
		}
	})
}
