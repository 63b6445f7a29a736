// Package health holds the promises about health checks: when they run, what follows from an answer, and whether the
// registered checks tell the truth.
package health

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// The victims' scaled policy: the shipped one's shape in seconds instead of minutes.
const (
	interval        = 1730 * time.Millisecond
	timeout         = 1310 * time.Millisecond
	startPeriod     = 1190 * time.Millisecond
	delay           = 530 * time.Millisecond
	stopTimeout     = 670 * time.Millisecond
	stabilityPeriod = 47 * time.Second // longer than any run of a spec
	// healthyTimeout is the timeout of the checks that have to pass: long enough for a busy host.
	healthyTimeout = 4730 * time.Millisecond
	// probeTimeout is a probe's own limit, which leaves it to the check's timeout to end it.
	probeTimeout = time.Minute
	// gaps counts the intervals of a cadence that are watched: at least three (suites/contract/hero_zero.md#checklist-3).
	gaps = 4
	// overdueLimit bounds the wait for something that is due. Afterwards it counts as something that will not come.
	overdueLimit = 2 * time.Second
	// specTimeout bounds a spec.
	specTimeout = time.Minute
)

// Specs registers the specs of the theme.
func Specs(chaos *session.Session) {
	Describe("the health check of a service", func() {
		itRunsEveryInterval(chaos, promise.HealthCadence, planHealthy("health-cadence"))
		unhurried := planHealthy("health-unhurried")
		unhurried.Options.ReplyDelay = 410 * time.Millisecond // if intervals began at the end of a check, this would exceed the tolerance
		itRunsEveryInterval(chaos, promise.HealthFixedRate, unhurried)
		itIsRecorded(chaos, planHealthy("health-recorded"))
		itIsLogged(chaos, planHealthy("health-logged"))
		itLeavesTheStartPeriod(chaos, planHealthy("health-grace"))
		itLeavesTheStartPeriodAgain(chaos, planHealthy("health-grace-again"), "its end", func(ctx context.Context, v *checkedVictim) error {
			return spec.Command(ctx, v.sandbox, v.plan).Exit(ctx, 1)
		})
		itLeavesTheStartPeriodAgain(chaos, planHealthy("health-grace-ordered"), "service.restart", func(ctx context.Context, v *checkedVictim) error {
			return v.sandbox.Supervisor.Restart(ctx, v.plan.Name)
		})
		itTimesOut(chaos, planVictim("health-timeout").WithPatientProbe(probeTimeout))
		itCountsFailuresInARow(chaos, planHealthy("health-consecutive"))
		for _, behaviour := range victim.Behaviours()[1:] { // the first is the good one
			itReplacesAFailingService(chaos, planVictim("health-"+string(behaviour)).WithPatientProbe(probeTimeout), behaviour)
		}
		itLeavesASlowServiceAlone(chaos, planVictim("health-slow-second"), time.Second)
		itLeavesASlowServiceAlone(chaos, planVictim("health-slow-share"), slowTimeout*8/10)
	})
	runSpecs(chaos)
	table := newTable(chaos)
	coverageSpecs(chaos, table)
	truthSpecs(chaos, table)
	if chaos.Configuration.Profile == config.Faithful {
		cadenceSpecs(chaos)
	}
}

// planVictim plans a victim with the scaled policy and a health check.
func planVictim(name string) session.VictimPlan {
	return session.NewVictim(name, spec.ScalePolicy(delay, stabilityPeriod)).
		WithHealth(newSchedule(interval, startPeriod, 1), timeout).WithStopTimeout(stopTimeout)
}

// planHealthy plans a victim that is to be left alone: its checks take their time before they fail.
func planHealthy(name string) session.VictimPlan {
	return planVictim(name).WithHealth(newSchedule(interval, startPeriod, 1), healthyTimeout).WithPatientProbe(probeTimeout)
}

func newSchedule(interval, startPeriod time.Duration, retries int) zinit.Schedule {
	return zinit.Schedule{Interval: zinit.Milliseconds(interval), StartPeriod: zinit.Milliseconds(startPeriod), Retries: retries}
}

// decorate returns the labels and the timeout of a spec with one victim.
func decorate(p string, plan session.VictimPlan) []any {
	return []any{spec.About(p), spec.On(plan.Name), NodeTimeout(specTimeout)}
}
