package boot

import (
	"context"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

const (
	// secondSandbox is a sandbox of its own: its container is restarted.
	secondSandbox = "again"
	// startDelay is the time that the slow service takes until it listens.
	startDelay = 8 * time.Second
)

// secondStart registers the specs of a start with the data of the first. They share a container, so they follow each
// other; the slow service of the second would slow the first.
func secondStart(chaos *session.Session) {
	Describe("with the same data", spec.InBackground(secondSandbox), spec.Interrupting(session.Restart), Ordered, ContinueOnFailure, func() {
		limit := NodeTimeout(3*chaos.Target.Budgets.Boot.Duration() + time.Minute)
		It("every service serves", spec.About(promise.BootSecond), spec.On(whole), func(ctx SpecContext) {
			sandbox := openStarted(ctx, chaos)
			down, took := restartContainer(ctx, chaos, sandbox)
			judgeStart(chaos, "the second start with the same data", down, took)
		}, limit)
		It("a slow service delays no other", spec.About(promise.BootSlowService), spec.On(whole), func(ctx SpecContext) {
			sandbox := openStarted(ctx, chaos)
			plan := session.NewVictim("slow", chaos.Target.Policy)
			plan.Options.StartDelay = startDelay
			spec.Victim(ctx, sandbox, plan)
			before := countStarts(ctx, sandbox, plan)
			down, took := restartContainer(ctx, chaos, sandbox)
			spec.Await(ctx, startDelay, "zinit starts "+plan.Name+" again", func(ctx context.Context) bool {
				return countStarts(ctx, sandbox, plan) != before
			})
			judgeStart(chaos, fmt.Sprintf("a start beside a service that takes %s to serve", startDelay), down, took)
		}, limit)
	})
}

// openStarted opens the sandbox. If a service did not serve after the first start, a second proves nothing, and the spec
// ends as INCONCLUSIVE.
func openStarted(ctx context.Context, chaos *session.Session) *session.Sandbox {
	GinkgoHelper()
	if len(chaos.Target.Restartable()) == 0 {
		spec.Inconclusive("the target lists no service that could be started again")
	}
	sandbox := spec.Background(ctx, chaos, secondSandbox)
	if missing, _ := sandbox.Boot(); len(missing) > 0 {
		spec.Inconclusive(fmt.Sprintf("%d services did not serve after the first start", len(missing)))
	}
	return sandbox
}

// restartContainer restarts the container and waits until every service serves, at most for the boot budget. It returns
// the services that do not serve, and how long it took from the container's start.
func restartContainer(ctx context.Context, chaos *session.Session, sandbox *session.Sandbox) (down map[string]string, took time.Duration) {
	GinkgoHelper()
	var services []session.Service
	for _, service := range chaos.Target.Restartable() {
		services = append(services, chaos.Shipped(service))
	}
	By("restart the container of the sandbox " + sandbox.Name)
	began := time.Now()
	interruption, err := sandbox.Interrupt(ctx, session.Restart, chaos.Target.Budgets.StopTimeout.Duration())
	spec.Conclude(err)
	began = began.Add(interruption.Took) // the start follows the end at once: rather too early than too late
	limit := chaos.Target.Budgets.Boot.Duration() + spec.Tolerance(chaos)
	chaos.Progress().Due(limit)
	spec.Watch(ctx, limit-time.Since(began), fmt.Sprintf("wait until all %s serve", spec.Count(len(services), "service")), func(ctx context.Context) bool {
		down = spec.FindDown(ctx, sandbox, services)
		took = time.Since(began)
		return len(down) == 0
	})
	return down, took
}

// judgeStart fails the spec if a start took longer than the boot budget.
func judgeStart(chaos *session.Session, start string, down map[string]string, took time.Duration) {
	GinkgoHelper()
	budget := chaos.Target.Budgets.Boot.Duration()
	if len(down) == 0 && took <= budget+spec.Tolerance(chaos) {
		return
	}
	count := spec.Note("+"+span.Text(took), "not serving: %d of %d", len(down), len(chaos.Target.Restartable()))
	spec.FailWith(chaos, fmt.Sprintf("%s was not over within %s", start, budget), append([]spec.Line{count}, spec.ListServices(down)...)...)
}

// countStarts returns how many processes of a victim have started.
func countStarts(ctx context.Context, sandbox *session.Sandbox, plan session.VictimPlan) int {
	journal, _ := spec.ReadJournal(ctx, sandbox, plan) // it is empty while it cannot be read
	return len(journal.Of(victim.EventStarted))
}
