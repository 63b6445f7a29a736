// Package health holds what is promised of health checks: when they run, what they make of an answer, and
// whether the registered ones tell the truth.
package health

import (
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// The scaled policy of the victims: the shipped one's shape in seconds instead of minutes, with odd values so that
// a slip of units shows (design, "Two profiles").
const (
	interval    = 1730 * time.Millisecond
	timeout     = 1310 * time.Millisecond
	startPeriod = 1190 * time.Millisecond
	delay       = 530 * time.Millisecond
	stopTimeout = 670 * time.Millisecond
	stability   = 47 * time.Second // no run of a spec is stable
	// patience is how long the checks of a service that is well may take: on a busy host as well.
	patience = 4730 * time.Millisecond
	// gaps is how many intervals a cadence is watched for: over at least three (checklist 3).
	gaps = 4
	// late is how long something that is due is waited for before it is taken for something that will not come.
	late = 2 * time.Second
	// bound ends a spec that hangs.
	bound = time.Minute
)

// Specs are the theme's.
func Specs(chaos *session.Session) {
	engine(chaos)
	coverage(chaos)
	truthTable(chaos)
	if chaos.Configuration.Profile == session.Faithful {
		shippedCadence(chaos)
	}
}

// well is a victim that is to be left alone: its checks take their time before they fail.
func well(name string) session.VictimPlan {
	return plan(name).WithHealth(schedule(interval, startPeriod, 1), patience).WithPatientProbe(time.Minute)
}

// engine is what the supervisor does with the health check of a victim.
func engine(chaos *session.Session) {
	Describe("the health check of a service", func() {
		runsEveryInterval(chaos, promise.HealthCadence, well("health-cadence"))
		unhurried := well("health-unhurried")
		unhurried.Options.ReplyDelay = 410 * time.Millisecond // from end to start it would add up to more than the tolerance
		runsEveryInterval(chaos, promise.HealthFixedRate, unhurried)
		isRecorded(chaos, well("health-recorded"))
		isLogged(chaos, well("health-logged"))
		startsWithGrace(chaos, well("health-grace"))
		startsWithGraceAgain(chaos, well("health-grace-again"))
		timesOut(chaos, plan("health-timeout").WithPatientProbe(time.Minute))
		countsFailuresInARow(chaos, well("health-consecutive"))
		for _, behaviour := range victim.Behaviours()[1:] { // the first is the good one
			replacesWhoFails(chaos, plan("health-"+string(behaviour)).WithPatientProbe(time.Minute), behaviour)
		}
		leavesTheSlowAlone(chaos, plan("health-slow-second"), time.Second)
		leavesTheSlowAlone(chaos, plan("health-slow-share"), slowTimeout*8/10)
	})
}

// plan is a victim with the scaled policy and a health check.
func plan(name string) session.VictimPlan {
	return session.NewVictim(name, zinit.RetryPolicy{
		MaxAttempts: 20, Delay: zinit.Milliseconds(delay), Backoff: zinit.BackoffExponential,
		MaxDelay: zinit.Milliseconds(60 * delay), StabilityPeriod: zinit.Milliseconds(stability),
	}).WithHealth(schedule(interval, startPeriod, 1), timeout).WithStopTimeout(stopTimeout)
}

func schedule(interval, startPeriod time.Duration, retries int) zinit.Schedule {
	return zinit.Schedule{Interval: zinit.Milliseconds(interval), StartPeriod: zinit.Milliseconds(startPeriod), Retries: retries}
}

// about are the labels of a spec with one victim.
func about(p string, plan session.VictimPlan) []any {
	return []any{spec.About(p), spec.On(plan.Name), NodeTimeout(bound)}
}
