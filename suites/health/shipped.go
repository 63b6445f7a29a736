package health

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

const (
	// quietSandbox is a second container without faults, since a restart begins a new start period.
	quietSandbox = "quiet"
	// shippedGaps counts the intervals of the shipped checks that are watched (suites/contract/hero_zero.md#checklist-3).
	shippedGaps = 3
	// quietInterval is the time between two looks at the records of checks that are a minute apart.
	quietInterval = time.Second
	// firstPriority is the priority of the spec that takes longest.
	firstPriority = 100
	// stallFactor is by how many times the longest stall a check may be off because of the host. One check begins late and
	// the next as well, and others may have waited longer than the observer did.
	stallFactor = 4
)

// cadence holds the times of one service's health check, by zinit's record.
type cadence struct {
	service    string
	firstDelay time.Duration   // from the start of the process to the first run
	gaps       []time.Duration // from each run to the next
	err        error
}

// cadenceSpecs registers the spec that watches the checks of all services at once, for a start period and three
// intervals. It is the run's longest chain of waits.
func cadenceSpecs(chaos *session.Session) {
	services := chaos.Target.Restartable()
	if len(services) == 0 {
		return
	}
	health, tolerance := chaos.Target.Health, spec.Tolerance(chaos)
	limit := health.StartPeriod.Duration() + shippedGaps*health.Interval.Duration() + 2*overdueLimit
	It("run every interval, all of them at once", spec.About(promise.HealthShippedCadence), spec.InFavoured(quietSandbox), spec.Takes(limit), SpecPriority(firstPriority), func(ctx SpecContext) {
		By("open the sandbox " + quietSandbox)
		sandbox, err := chaos.Favoured(ctx, quietSandbox)
		spec.Conclude(err)
		if missing, _ := sandbox.Boot(); len(missing) > 0 {
			spec.Inconclusive(fmt.Sprintf("%d services of the quiet container did not come up", len(missing)))
		}

		By(fmt.Sprintf("wait until each of %d services was checked %d times", len(services), shippedGaps+1))
		host := spec.WatchHost(ctx, sandbox)
		chaos.Progress().Due(limit)
		found := make([]cadence, len(services))
		deadline := time.Now().Add(limit)
		var watching sync.WaitGroup
		for i, service := range services {
			watching.Go(func() {
				for {
					found[i] = readCadence(ctx, sandbox, service.Name)
					if len(found[i].gaps) >= shippedGaps || time.Now().After(deadline) || ctx.Err() != nil {
						return
					}
					spec.Pause(ctx, quietInterval)
				}
			})
		}
		watching.Wait()

		By("judge the cadence of all services")
		for _, c := range found {
			spec.Conclude(c.err)
		}
		wrong := findDepartures(found, health, func(off time.Duration) bool { return off <= tolerance })
		if len(wrong) == 0 {
			return
		}
		stall := host.Stall()
		excused := func(off time.Duration) bool {
			return host.CouldDelay(off, tolerance) || (stall > tolerance && off <= tolerance+stallFactor*stall)
		}
		if (stall > tolerance && stallFactor*stall > 2*overdueLimit) || len(findDepartures(found, health, excused)) == 0 {
			spec.InconclusiveBecause(record.HostStalled("the health checks cannot be timed"))
		}
		spec.FailWith(chaos, fmt.Sprintf("%d of %d shipped health checks did not run every %s", len(wrong), len(found), health.Interval),
			append(spec.List("checked", wrong), spec.Note("policy", "every %s, first %s after the start", health.Interval, health.StartPeriod))...)
	}, NodeTimeout(limit+chaos.Target.Budgets.Boot.Duration()*2+time.Minute))
}

func readCadence(ctx context.Context, sandbox *session.Sandbox, service string) cadence {
	c := cadence{service: service}
	runs, err := sandbox.Supervisor.Jobs(ctx, zinit.RunActionName(service), 1)
	if err != nil || len(runs) == 0 {
		c.err = fmt.Errorf("zinit has no record of a run of %s: %w", service, err)
		return c
	}
	checks, err := sandbox.Supervisor.Jobs(ctx, zinit.HealthActionName(service), 2*shippedGaps)
	if err != nil {
		c.err = err
		return c
	}
	slices.SortFunc(checks, func(one, other zinit.Job) int { return cmp.Compare(one.Started, other.Started) })
	for i, check := range checks {
		if i == 0 {
			c.firstDelay = time.Duration(check.Started-runs[0].Started) * time.Millisecond
			continue
		}
		c.gaps = append(c.gaps, time.Duration(check.Started-checks[i-1].Started)*time.Millisecond)
	}
	return c
}

// findDepartures describes each service whose check was off by more than is allowed, or was seen too rarely.
func findDepartures(found []cadence, policy target.Health, allowed func(off time.Duration) bool) (wrong []string) {
	isOff := func(d, due time.Duration) bool { return !allowed((d - due).Abs()) }
	for _, c := range found {
		switch {
		case len(c.gaps) < shippedGaps:
			wrong = append(wrong, fmt.Sprintf("%s: %s seen", c.service, spec.Count(len(c.gaps), "interval")))
		case isOff(c.firstDelay, policy.StartPeriod.Duration()):
			wrong = append(wrong, fmt.Sprintf("%s: first %s after the start of its process", c.service, span.Text(c.firstDelay)))
		default:
			if i := slices.IndexFunc(c.gaps, func(d time.Duration) bool { return isOff(d, policy.Interval.Duration()) }); i >= 0 {
				wrong = append(wrong, fmt.Sprintf("%s: %s after the time before", c.service, span.Text(c.gaps[i])))
			}
		}
	}
	return wrong
}
