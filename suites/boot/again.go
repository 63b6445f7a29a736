package boot

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

const (
	// againSandbox is a sandbox of its own: its container is restarted.
	againSandbox = "again"
	// slowStart is how long the slow service takes until it listens: the time of the issue.
	slowStart = 8 * time.Second
)

// againSpecs share a container, so they follow each other; the second one's slow service would slow the first.
func againSpecs(chaos *session.Session) {
	Describe("with the same data", Ordered, ContinueOnFailure, func() {
		limit := NodeTimeout(3*chaos.Target.Budgets.Boot.Duration() + time.Minute)
		It("every service serves", spec.About(promise.BootSecond), spec.On(whole), func(ctx SpecContext) {
			sandbox := needServices(ctx, chaos)
			late, took := restarted(ctx, chaos, sandbox)
			judge(chaos, promise.BootSecond, "the second start with the same data", late, took)
		}, limit)
		It("a slow service delays no other", spec.About(promise.BootSlowService), spec.On(whole), func(ctx SpecContext) {
			sandbox := needServices(ctx, chaos)
			plan := session.NewVictim("slow", chaos.Target.Policy)
			plan.Options.StartDelay = slowStart
			spec.Victim(ctx, sandbox, plan)
			starts := started(ctx, sandbox, plan)
			late, took := restarted(ctx, chaos, sandbox)
			needSlow(ctx, sandbox, plan, starts)
			judge(chaos, promise.BootSlowService, fmt.Sprintf("a start beside a service that takes %s to serve", slowStart), late, took)
		}, limit)
	})
}

// needServices returns the sandbox, once every service has served after its first start: else the next one proves nothing.
func needServices(ctx context.Context, chaos *session.Session) *session.Sandbox {
	GinkgoHelper()
	if len(chaos.Target.Restartable()) == 0 {
		spec.Inconclusive("the target lists no service that could be started again")
	}
	sandbox := spec.Background(ctx, chaos, againSandbox)
	if missing, _ := sandbox.Boot(); len(missing) > 0 {
		spec.Inconclusive(fmt.Sprintf("%d services did not serve after the first start", len(missing)))
	}
	return sandbox
}

// restarted restarts the container and waits until every service serves, at most for the boot budget. It returns what
// does not, and how long it took from the container's start.
func restarted(ctx context.Context, chaos *session.Session, sandbox *session.Sandbox) (late map[string]string, took time.Duration) {
	GinkgoHelper()
	began := time.Now()
	interruption, err := sandbox.Interrupt(ctx, session.Restart, chaos.Target.Budgets.StopTimeout.Duration())
	spec.Conclude(err)
	began = began.Add(interruption.Took) // the start follows the end at once: rather too early than too late
	budget := chaos.Target.Budgets.Boot.Duration() + chaos.Target.Budgets.Tolerance.Duration()
	chaos.Progress().Due(budget)
	spec.Until(ctx, budget-time.Since(began), func(ctx context.Context) bool {
		late = notServing(ctx, chaos, sandbox)
		took = time.Since(began)
		return len(late) == 0
	})
	spec.Conclude(ctx.Err())
	return late, took
}

// notServing lists the services that do not run by zinit's word or do not answer, with what is wrong.
func notServing(ctx context.Context, chaos *session.Session, sandbox *session.Sandbox) map[string]string {
	late := map[string]string{}
	statuses, err := sandbox.Supervisor.List(ctx)
	if err != nil {
		late["zinit"] = err.Error()
		return late
	}
	states := map[string]zinit.State{}
	for _, status := range statuses {
		states[status.Name] = status.State
	}
	for _, service := range chaos.Target.Restartable() {
		if state := states[service.Name]; state != zinit.StateRunning {
			late[service.Name] = fmt.Sprintf("zinit says %q", state)
		} else if err := recovery.Steady(ctx, sandbox, session.EndpointOf(service)); err != nil {
			late[service.Name] = "it runs by zinit's word and does not answer: " + err.Error()
		}
	}
	return late
}

func judge(chaos *session.Session, p, what string, late map[string]string, took time.Duration) {
	GinkgoHelper()
	budget := chaos.Target.Budgets.Boot.Duration()
	if len(late) == 0 && took <= budget+chaos.Target.Budgets.Tolerance.Duration() {
		return
	}
	var details []string
	for name, trouble := range late {
		details = append(details, name+": "+trouble)
	}
	slices.Sort(details)
	spec.FailWith(chaos, fmt.Sprintf("%s was not over within %s", what, budget),
		spec.List("+"+span.Text(took), append([]string{fmt.Sprintf("not serving: %d of %d", len(late), len(chaos.Target.Restartable()))}, details...))...)
}

// needSlow makes sure that the slow service was started with the others: zinit has kept it, and it serves by now or
// will.
func needSlow(ctx context.Context, sandbox *session.Sandbox, plan session.VictimPlan, before int) {
	GinkgoHelper()
	if !spec.Until(ctx, slowStart, func(ctx context.Context) bool { return started(ctx, sandbox, plan) != before }) {
		spec.Inconclusive("zinit did not start our slow service again: nothing was slow")
	}
}

// started is how often a victim has started, by its own journal.
func started(ctx context.Context, sandbox *session.Sandbox, plan session.VictimPlan) int {
	data, err := sandbox.Agent().ReadFile(ctx, plan.Options.Journal, 0)
	if err != nil {
		return 0 // it has not begun to write
	}
	return strings.Count(string(data), `"event":"`+victim.EventStarted+`"`)
}
