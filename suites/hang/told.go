package hang

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// itIsTold registers the spec of a mute service with a stop signal of its own. It still hears its stop signal, and takes its time to end.
func itIsTold(chaos *session.Session, plan session.VictimPlan) {
	plan = spec.PlanToTell(plan)
	It("is told by its stop signal: "+plan.Name, spec.About(promise.HangStopSignal), spec.On(plan.Name), spec.WithBehaviour(victim.Mute), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
		before := spec.VictimToTell(ctx, sandbox, plan)
		By("tell " + plan.Name + " to be mute")
		spec.Conclude(spec.Command(ctx, sandbox, plan).Become(ctx, victim.Mute, 0))
		if _, err := spec.Ask(ctx, sandbox, plan.Endpoint(), silenceLimit); err == nil {
			spec.Inconclusive("no landing: the service was told to be mute, and answers")
		}
		limit := detection().Latest + plan.StopTimeout.Duration() + 2*time.Second
		if !spec.Watch(ctx, limit, "wait until the process of "+plan.Name+" has ended", func(ctx context.Context) bool { return spec.HasEnded(ctx, sandbox, before) }) {
			spec.Inconclusive("no landing: the health check did not end the service's process")
		}
		spec.ExpectTold(ctx, chaos, sandbox, plan, before.PID, "its failed health check")
	}, NodeTimeout(time.Minute))
}
