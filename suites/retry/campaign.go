package retry

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	. "forge.ourworld.tf/lhumina_code/hero_chaos/harness/expect" //nolint:revive // matchers read as part of the language

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/budget"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// campaign is a service being killed again and again, and where it stands in its policy.
type campaign struct {
	chaos   *session.Session
	sandbox *session.Sandbox
	promise string
	service session.Service
	state   budget.State
	began   *record.Interval // the present run, nil for the first: it is followed by retry 1 however long it was
	crowded bool             // many services are killed at the same time, and each waits for its turn
}

// campaignOf registers a victim and holds it for the whole spec.
func campaignOf(ctx SpecContext, chaos *session.Session, p string, plan session.VictimPlan) *campaign {
	GinkgoHelper()
	sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
	service := spec.Victim(ctx, sandbox, plan)
	spec.Hold(ctx, sandbox, service.Name)
	return &campaign{chaos: chaos, sandbox: sandbox, promise: p, service: service}
}

func (c *campaign) tolerance() Option { return Tolerance(c.chaos.Target.Budgets.Tolerance.Duration()) }

// kill kills the service when its present run has lasted so long, at once for 0, and expects the retry that is
// due then: no earlier, no later.
func (c *campaign) kill(ctx SpecContext, lasting time.Duration) {
	GinkgoHelper()
	delay := c.service.Policy.DelayOfRetry(c.next(lasting).Retry)
	c.killExpecting(ctx, lasting, Respawn(NotBefore(delay), Within(delay), c.tolerance()))
}

// killExpecting is kill with another expectation. The new process has to serve, so that it can be killed in turn.
func (c *campaign) killExpecting(ctx SpecContext, lasting time.Duration, expected Expectation) {
	GinkgoHelper()
	c.await(ctx, lasting)
	next := c.next(lasting)
	due := budget.AfterExit(c.service.Policy, next.Retry, 0, c.sandbox.Jitter()).Respawn
	seen := spec.Inject(ctx, c.sandbox, session.Injection{
		Promise: c.promise, Service: c.service, Fault: fault.SIGKILL, Window: due.Earliest + c.slack(),
		Policy: budget.Policy(c.service.Policy, due), InTurn: c.crowded,
	})
	c.lastedAsPlanned(seen, lasting)
	spec.Expect(seen, expected, Serve(Within(due.Earliest+c.starting()), c.tolerance()))
	c.state, c.began = next, seen.Respawned
}

// next is where the service stands in its policy after a run of that length.
func (c *campaign) next(lasting time.Duration) budget.State {
	next, _ := c.state.End(c.service.Policy, lasting)
	return next
}

// starting is what a new process may take until it serves: what the target's budgets leave for it.
func (c *campaign) starting() time.Duration {
	budgets := c.chaos.Target.Budgets
	return budgets.Serving.Duration() - budgets.Restart.Duration()
}

// slack is for how long a retry is looked for that is late.
func (c *campaign) slack() time.Duration {
	return c.starting() + 2*c.chaos.Target.Budgets.Tolerance.Duration() + time.Second
}

// await lets the present run last: its length is what is under test.
func (c *campaign) await(ctx SpecContext, lasting time.Duration) {
	GinkgoHelper()
	if c.began == nil || lasting == 0 {
		return
	}
	now, err := c.sandbox.Agent().Hello(ctx)
	spec.Conclude(err)
	left := lasting - time.Duration(now.MonotonicNs-c.began.Hi)
	c.chaos.Progress().Due(left)
	select {
	case <-time.After(left):
	case <-ctx.Done():
	}
}

// lastedAsPlanned ends the spec where the run was not certainly as stable, or unstable, as it was meant to be:
// its end is when the supervisor noticed it, at the latest.
func (c *campaign) lastedAsPlanned(seen record.Recovery, lasting time.Duration) {
	GinkgoHelper()
	period := c.service.Policy.StabilityPeriod.Duration()
	if c.began == nil || period == 0 || seen.Exited == nil {
		return
	}
	shortest, longest := seen.Exited.Since(*c.began)
	if seen.Noticed != nil {
		_, longest = seen.Noticed.Since(*c.began)
	}
	if (lasting >= period) != (shortest >= period) || (lasting >= period) != (longest >= period) {
		spec.Inconclusive(record.TooCoarse(fmt.Sprintf("a run of %s did not last as long as it was planned to, compared with its stability period", c.service.Name)))
	}
}
