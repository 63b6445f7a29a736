package load

import (
	"context"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/budget"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

const (
	// pause is above an interval and a timeout of the checks together.
	pause = 3300 * time.Millisecond
	// slowReply makes it likely that the pause falls into a check.
	slowReply = 430 * time.Millisecond
	// notYet is a start period that no spec outlives.
	notYet = 10 * time.Minute
)

// thaw is what was seen after a pause.
type thaw struct {
	lasted   time.Duration
	down     map[string]string // services that do not run and serve, with what is wrong
	replaced map[string]string // services that should have been left alone
	granted  time.Duration
}

// paused is the experiment that pauses the whole container, and the specs that judge it.
func paused(chaos *session.Session) {
	experiment := spec.Shared[thaw]{Run: func(ctx context.Context) (thaw, error) { return thawOf(ctx, chaos) }}
	checked, unchecked := session.VictimName("paused-checked"), session.VictimName("paused-unchecked")
	It("everything runs after a pause: "+checked, spec.About(promise.LoadPaused), spec.On(checked), func(ctx SpecContext) {
		found := experiment.Get(ctx)
		if len(found.down) > 0 {
			spec.FailWith(chaos, fmt.Sprintf("%d services did not run and serve %s after the container had been paused",
				len(found.down), span.Text(found.granted)), lines(found.down, found.lasted)...)
		}
	}, NodeTimeout(outer))
	It("what no check was due for is left alone: "+unchecked, spec.About(promise.LoadPausedUntouched), spec.On(unchecked), func(ctx SpecContext) {
		found := experiment.Get(ctx)
		if len(found.replaced) > 0 {
			spec.FailWith(chaos,
				fmt.Sprintf("%d services were restarted by a pause of the container that no check fell into", len(found.replaced)),
				lines(found.replaced, found.lasted)...)
		}
	}, NodeTimeout(outer))
}

// lines says what is wrong with some services.
func lines(wrong map[string]string, lasted time.Duration) [][2]string {
	all := [][2]string{{"paused", span.Text(lasted)}}
	for service, what := range wrong {
		all = append(all, [2]string{"service", service + ": " + what})
	}
	return all
}

// thawOf pauses the container among victims of each kind.
func thawOf(ctx context.Context, chaos *session.Session) (seen thaw, err error) {
	sandbox, err := chaos.Sandbox(ctx, herdSandbox)
	if err != nil {
		return seen, err
	}
	schedule := zinit.Schedule{Interval: zinit.Milliseconds(interval), StartPeriod: zinit.Milliseconds(startPeriod), Retries: 1}
	later := schedule
	later.StartPeriod = zinit.Milliseconds(notYet)
	victim := func(name string) session.VictimPlan {
		return session.NewVictim("paused-"+name, policy()).WithStopTimeout(stopTimeout)
	}
	slow := victim("slow").WithHealth(schedule, timeout)
	slow.Options.ReplyDelay = slowReply
	plans := []session.VictimPlan{victim("checked").WithHealth(schedule, timeout), slow, victim("unchecked"), victim("not-yet").WithHealth(later, timeout)}
	if sandbox.Supervisor.Dialect() == zinit.Dialect03 {
		plans = plans[:3] // its checks gate the start: one that does not come keeps a service from running
	}
	var services []session.Service
	defer func() {
		for _, plan := range plans {
			_ = sandbox.Delete(context.WithoutCancel(ctx), plan.Name)
		}
	}()
	for _, plan := range plans {
		service, err := sandbox.Register(ctx, plan)
		if err != nil {
			return seen, err
		}
		services = append(services, service)
	}
	return pauseAmong(ctx, chaos, sandbox, services)
}

// pauseAmong pauses the container and looks at what runs once every check that was hurt by it has had its
// consequences: services, of which those from the third on have no check that runs, bystanders and shipped ones.
func pauseAmong(ctx context.Context, chaos *session.Session, sandbox *session.Sandbox, services []session.Service) (seen thaw, err error) {
	untouched := append(append([]session.Service{}, services[2:]...), sandbox.Bystanders()...)
	before := map[string]record.Incarnation{}
	for _, service := range untouched {
		if before[service.Name], err = identify(ctx, sandbox, service); err != nil {
			return seen, err
		}
	}
	done, err := sandbox.Interrupt(ctx, session.Pause, pause)
	if err != nil {
		return seen, err
	}
	seen.lasted = done.Took
	if done.Refused != "" {
		seen.down = map[string]string{"the supervisor": done.Refused}
		return seen, nil
	}
	check := budget.Check{Interval: interval, Timeout: timeout, StartPeriod: startPeriod, Retries: 1}
	tolerance := chaos.Target.Budgets.Tolerance.Duration()
	consequences := check.Detection(0).Latest + stopTimeout + delay + tolerance
	chaos.Progress().Due(consequences)
	select { // the policy's own time: until then a service may be about to be replaced
	case <-time.After(consequences):
	case <-ctx.Done():
		return seen, ctx.Err()
	}
	everybody := append(append([]session.Service{}, services...), sandbox.Bystanders()...)
	missing, _ := sandbox.Boot()
	for _, shipped := range chaos.Target.Restartable() {
		if _, absent := missing[shipped.Name]; !absent {
			everybody = append(everybody, chaos.Shipped(shipped))
		}
	}
	seen.granted = consequences + chaos.Target.Budgets.Serving.Duration()
	spec.Until(ctx, chaos.Target.Budgets.Serving.Duration(), func(ctx context.Context) bool {
		seen.down = down(ctx, sandbox, everybody)
		return len(seen.down) == 0
	})
	seen.replaced = map[string]string{}
	for _, service := range untouched {
		after, err := identify(ctx, sandbox, service)
		was := before[service.Name]
		if err != nil || after.PID != was.PID || after.StartTime != was.StartTime {
			seen.replaced[service.Name] = fmt.Sprintf("pid %d before, %d after; zinit says %q", was.PID, after.PID, sandbox.Word(ctx, service.Name))
		}
	}
	return seen, nil
}

// down are those that do not run by zinit's word, or do not serve.
func down(ctx context.Context, sandbox *session.Sandbox, services []session.Service) map[string]string {
	found := map[string]string{}
	statuses, err := sandbox.Supervisor.List(ctx)
	if err != nil {
		return map[string]string{"zinit": err.Error()}
	}
	states := map[string]zinit.Status{}
	for _, status := range statuses {
		states[status.Name] = status
	}
	for _, service := range services {
		status := states[service.Name]
		if status.State != zinit.StateRunning {
			found[service.Name] = fmt.Sprintf("zinit says %q: %s", status.State, status.Error)
		} else if err := recovery.Steady(ctx, sandbox, service.Endpoint); err != nil {
			found[service.Name] = "it runs by zinit's word, and does not serve: " + err.Error()
		}
	}
	return found
}
