package health

import (
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
	// quietSandbox is a second container in which nobody faults anything: a restart starts the start period again.
	quietSandbox = "quiet"
	// shippedGaps is how many intervals of the shipped health checks are watched (checklist 3).
	shippedGaps = 3
	// quietLook is the pause between two looks at the records of checks that are a minute apart.
	quietLook = time.Second
	// first is the priority of what takes longest.
	first = 100
)

// cadence is what zinit's record says of one service's health check.
type cadence struct {
	service string
	first   time.Duration   // from the start of the process to the first run
	gaps    []time.Duration // from each run to the next
	err     error
}

// shippedCadence watches all services at once: start period and three intervals, the longest chain of waits of all.
func shippedCadence(chaos *session.Session) {
	services := chaos.Target.Restartable()
	if len(services) == 0 {
		return
	}
	health := chaos.Target.Health
	limit := health.StartPeriod.Duration() + shippedGaps*health.Interval.Duration() + 2*late
	It("run every interval, all of them at once", spec.About(promise.HealthShippedCadence), SpecPriority(first), func(ctx SpecContext) {
		sandbox, err := chaos.Favoured(ctx, quietSandbox)
		spec.Conclude(err)
		if missing, _ := sandbox.Boot(); len(missing) > 0 {
			spec.Inconclusive(fmt.Sprintf("%d services of the quiet container did not come up", len(missing)))
		}
		host := spec.WatchHost(ctx, sandbox)
		chaos.Progress().Due(limit)
		found := watchRecords(ctx, sandbox, services, limit)
		judgeCadence(chaos, found, host)
	}, NodeTimeout(limit+chaos.Target.Budgets.Boot.Duration()*2+time.Minute))
}

// watchRecords waits until every service has been checked often enough, at most for limit.
func watchRecords(ctx context.Context, sandbox *session.Sandbox, services []target.Service, limit time.Duration) []cadence {
	found := make([]cadence, len(services))
	var watching sync.WaitGroup
	for i, service := range services {
		watching.Go(func() {
			deadline := time.Now().Add(limit)
			for {
				found[i] = recordOf(ctx, sandbox, service.Name)
				if len(found[i].gaps) >= shippedGaps || time.Now().After(deadline) || ctx.Err() != nil {
					return
				}
				time.Sleep(quietLook) // between two looks at the record
			}
		})
	}
	watching.Wait()
	return found
}

func recordOf(ctx context.Context, sandbox *session.Sandbox, service string) cadence {
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
	slices.SortFunc(checks, func(one, other zinit.Job) int { return int(one.Started - other.Started) })
	for i, check := range checks {
		if i == 0 {
			c.first = time.Duration(check.Started-runs[0].Started) * time.Millisecond
			continue
		}
		c.gaps = append(c.gaps, time.Duration(check.Started-checks[i-1].Started)*time.Millisecond)
	}
	return c
}

// excuses is how many times the longest stall that was seen a check may be off for the host's sake: one begins late and so
// does the next, and others may have been kept waiting for longer than who looked.
const excuses = 4

// judgeCadence names every service whose health check came at another time than it was due.
func judgeCadence(chaos *session.Session, found []cadence, host *spec.Host) {
	GinkgoHelper()
	health, tolerance, stall := chaos.Target.Health, chaos.Target.Budgets.Tolerance.Duration(), host.Stall()
	for _, c := range found {
		spec.Conclude(c.err)
	}
	lines := departures(found, health, tolerance)
	if len(lines) == 0 {
		return
	}
	if stall > tolerance && (excuses*stall > 2*late || len(departures(found, health, tolerance+excuses*stall)) == 0) {
		spec.Inconclusive(record.HostStalled("the health checks cannot be timed"))
	}
	lines = append(lines, [2]string{"policy", fmt.Sprintf("every %s, first %s after the start", health.Interval, health.StartPeriod)})
	spec.FailWith(chaos, fmt.Sprintf("%d of %d shipped health checks did not run every %s", len(lines)-1, len(found), health.Interval), lines...)
}

// departures says of every service whose health check was off by more than margin, or was not seen often enough, how it was.
func departures(found []cadence, policy target.Health, margin time.Duration) (lines [][2]string) {
	wrong := func(d, due time.Duration) bool { return d < due-margin || d > due+margin }
	for _, c := range found {
		switch {
		case len(c.gaps) < shippedGaps:
			lines = append(lines, [2]string{"checked", fmt.Sprintf("%s: %d intervals were seen", c.service, len(c.gaps))})
		case wrong(c.first, policy.StartPeriod.Duration()):
			lines = append(lines, [2]string{"checked", fmt.Sprintf("%s: first %s after the start of its process", c.service, span.Text(c.first))})
		default:
			if i := slices.IndexFunc(c.gaps, func(d time.Duration) bool { return wrong(d, policy.Interval.Duration()) }); i >= 0 {
				lines = append(lines, [2]string{"checked", fmt.Sprintf("%s: %s after the time before", c.service, span.Text(c.gaps[i]))})
			}
		}
	}
	return lines
}
