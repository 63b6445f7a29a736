package load

import (
	"context"
	"fmt"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/budget"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

const (
	// pausePeriod is above an interval and a timeout of the checks together.
	pausePeriod = 3300 * time.Millisecond
	// replyDelay makes it likely that the pause falls into a check.
	replyDelay = 430 * time.Millisecond
	// farStartPeriod is a start period that no spec outlives.
	farStartPeriod = 10 * time.Minute
)

// pauseResult holds what was seen after a pause.
type pauseResult struct {
	took     time.Duration
	limit    time.Duration     // how long after the pause all had to run and serve
	down     map[string]string // services that do not run and serve, with what is wrong
	replaced map[string]string // services that should have been left alone
}

// paused registers the experiment that pauses the whole container, and the specs that judge it.
func paused(chaos *session.Session) {
	experiment := spec.Shared[pauseResult]{Run: func(ctx context.Context) (pauseResult, error) { return runPause(ctx, chaos) }}
	listWrong := func(seen pauseResult, wrong map[string]string) []spec.Line {
		return append([]spec.Line{spec.Note("paused", "%s", span.Text(seen.took))}, spec.ListServices(wrong)...)
	}
	checked, unchecked := session.VictimName("paused-checked"), session.VictimName("paused-unchecked")
	It("everything runs after a pause: "+checked, spec.About(promise.LoadPaused), spec.On(checked), spec.Interrupting(session.Pause), func(ctx SpecContext) {
		if seen := experiment.Get(ctx); len(seen.down) > 0 {
			spec.FailWith(chaos, fmt.Sprintf("%s did not run and serve %s after the container had been paused",
				spec.Count(len(seen.down), "service"), span.Text(seen.limit)), listWrong(seen, seen.down)...)
		}
	}, NodeTimeout(specTimeout))
	It("what no check was due for is left alone: "+unchecked, spec.About(promise.LoadPausedUntouched), spec.On(unchecked), spec.Interrupting(session.Pause), func(ctx SpecContext) {
		if seen := experiment.Get(ctx); len(seen.replaced) > 0 {
			spec.FailWith(chaos, fmt.Sprintf("%s without a due health check ended up with another process when the container was paused",
				spec.Count(len(seen.replaced), "service")), listWrong(seen, seen.replaced)...)
		}
	}, NodeTimeout(specTimeout))
}

// planPaused plans victims whose checks may fall into the pause, and victims without a check that is due.
func planPaused(dialect zinit.Dialect) (checked, unchecked []session.VictimPlan) {
	schedule := zinit.Schedule{Interval: zinit.Milliseconds(interval), StartPeriod: zinit.Milliseconds(startPeriod), Retries: 1}
	slow := planVictim("paused-slow").WithHealth(schedule, checkTimeout)
	slow.Options.ReplyDelay = replyDelay
	checked = []session.VictimPlan{planVictim("paused-checked").WithHealth(schedule, checkTimeout), slow}
	unchecked = []session.VictimPlan{planVictim("paused-unchecked")}
	if dialect != zinit.Dialect03 { // its checks gate the start: with none, a service never runs
		schedule.StartPeriod = zinit.Milliseconds(farStartPeriod)
		unchecked = append(unchecked, planVictim("paused-not-yet").WithHealth(schedule, checkTimeout))
	}
	return checked, unchecked
}

// runPause pauses the container among the victims.
func runPause(ctx context.Context, chaos *session.Session) (seen pauseResult, err error) {
	By("open the sandbox " + herdSandbox)
	sandbox, err := chaos.Sandbox(ctx, herdSandbox)
	if err != nil {
		return seen, err
	}
	checked, unchecked := planPaused(sandbox.Supervisor.Dialect())
	var services []session.Service
	for _, plan := range slices.Concat(checked, unchecked) {
		By("register " + plan.Name)
		defer func() { _ = sandbox.Delete(context.WithoutCancel(ctx), plan.Name) }()
		service, err := sandbox.Register(ctx, plan)
		if err != nil {
			return seen, err
		}
		services = append(services, service)
	}
	services = append(services, sandbox.Bystanders()...)
	untouched := services[len(checked):]

	By("identify the processes that nothing may replace")
	before := map[string]record.Incarnation{}
	for _, service := range untouched {
		if before[service.Name], err = identify(ctx, sandbox, service); err != nil {
			return seen, err
		}
	}
	By("pause the container")
	done, err := sandbox.Interrupt(ctx, session.Pause, pausePeriod)
	if err != nil {
		return seen, err
	}
	seen.took = done.Took
	if done.Refused != "" {
		seen.down = map[string]string{"the supervisor": done.Refused}
		return seen, nil
	}
	check := budget.Check{Interval: interval, Timeout: checkTimeout, StartPeriod: startPeriod, Retries: 1}
	replacePeriod := check.Detection(0).Latest + stopTimeout + delay + spec.Tolerance(chaos)
	chaos.Progress().Due(replacePeriod)
	By(fmt.Sprintf("wait %s: until then a failed check may replace a service", replacePeriod))
	spec.Pause(ctx, replacePeriod)
	if ctx.Err() != nil {
		return seen, ctx.Err()
	}
	By("wait until all services run and serve")
	servingLimit := chaos.Target.Budgets.Serving.Duration()
	seen.limit = replacePeriod + servingLimit
	everyone := append(services, findShipped(chaos, sandbox)...)
	spec.Until(ctx, servingLimit, func(ctx context.Context) bool {
		seen.down = spec.FindDown(ctx, sandbox, everyone)
		return len(seen.down) == 0
	})
	seen.replaced = findReplaced(ctx, sandbox, untouched, before)
	return seen, nil
}

// findReplaced returns the services that are served by another process than before, or by none.
func findReplaced(ctx context.Context, sandbox *session.Sandbox, services []session.Service, before map[string]record.Incarnation) map[string]string {
	replaced := map[string]string{}
	for _, service := range services {
		after, err := identify(ctx, sandbox, service)
		if was := before[service.Name]; err != nil || !spec.IsSameProcess(after, was) {
			replaced[service.Name] = fmt.Sprintf("pid %d before, %d after; zinit says %q", was.PID, after.PID, sandbox.StatusText(ctx, service.Name))
		}
	}
	return replaced
}
