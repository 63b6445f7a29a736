package dependency

import (
	"context"
	"fmt"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// itStartsInOrder registers the spec of a chain of three that is registered the wrong way round.
func itStartsInOrder(chaos *session.Session, p, kind string) {
	first, second, third := planVictim(kind+"1"), planVictim(kind+"2"), planVictim(kind+"3")
	// define returns the definition of a service that needs another in the way that is asked.
	define := func(plan session.VictimPlan, needs string) zinit.Definition {
		definition := plan.Definition()
		definition.Service.Dependencies = zinit.Dependencies{Requires: []string{needs}}
		if kind == "after" {
			definition.Service.Dependencies = zinit.Dependencies{After: []string{needs}}
		}
		return definition
	}
	It("start in their order: "+kind, spec.About(p), spec.On(third.Name), func(ctx SpecContext) {
		sandbox := openUndisturbed(ctx, chaos, kind)
		spec.Register(ctx, sandbox, define(third, second.Name))
		spec.Register(ctx, sandbox, define(second, first.Name))
		waiting := []session.VictimPlan{second, third}
		if spec.Watch(ctx, keptPeriod, "watch whether "+listNames(waiting)+" start without "+first.Name, func(ctx context.Context) bool {
			return slices.ContainsFunc(waiting, func(plan session.VictimPlan) bool { _, started := findStart(ctx, sandbox, plan); return started })
		}) {
			spec.FailWith(chaos, fmt.Sprintf("services that are ordered by %s started before the first of them was there", kind),
				spec.Note("order", "%s, %s, %s", first.Name, second.Name, third.Name),
				spec.Note("zinit", "%s, %s", sandbox.StatusText(ctx, second.Name), sandbox.StatusText(ctx, third.Name)))
		}
		spec.Register(ctx, sandbox, first.Definition())
		lives, missing := awaitServing(ctx, sandbox, 3*startLimit, first, second, third)
		if missing == first.Name {
			spec.Inconclusive(fmt.Sprintf("%s itself does not serve: %s", missing, sandbox.StatusText(ctx, missing)))
		}
		if missing != "" {
			spec.FailWith(chaos, fmt.Sprintf("%s does not start, though the service before it runs", missing),
				spec.Note("zinit", "%s", sandbox.StatusText(ctx, missing)), spec.Note("waited", "%s", 3*startLimit))
		}
		if early := findEarly(lives); len(early) > 0 {
			spec.FailWith(chaos, fmt.Sprintf("services that are ordered by %s did not start in their order", kind), early...)
		}
	}, NodeTimeout(specTimeout))
}

// itWaitsForSuccess registers the spec of a service that requires a oneshot which succeeds.
func itWaitsForSuccess(chaos *session.Session, plan, then session.VictimPlan) {
	itWaits(chaos, promise.DependencyOneshot, plan, then, func(ctx SpecContext, sandbox *session.Sandbox) {
		lives, missing := awaitServing(ctx, sandbox, keptPeriod+2*startLimit, then)
		over := spec.FirstStart(ctx, sandbox, plan) + int64(plan.Options.ExitAfter)
		if missing != "" {
			spec.FailWith(chaos, fmt.Sprintf("%s does not start, though %s, which it waits for, has succeeded", then.Name, plan.Name),
				spec.Note("zinit", "%s", sandbox.StatusText(ctx, then.Name)), spec.Note("oneshot", "%s", sandbox.StatusText(ctx, plan.Name)))
		}
		if early := time.Duration(over - lives[0].began); early > 0 {
			spec.FailWith(chaos, fmt.Sprintf("%s started %s before the end of %s, which it waits for", then.Name, early.Round(time.Millisecond), plan.Name))
		}
	})
}

// itWaitsForever registers the spec of a service that requires a oneshot which fails.
func itWaitsForever(chaos *session.Session, plan, then session.VictimPlan) {
	itWaits(chaos, promise.DependencyOneshotFailed, plan, then, func(ctx SpecContext, sandbox *session.Sandbox) {
		spec.Await(ctx, startLimit, plan.Name+" starts", func(ctx context.Context) bool {
			_, started := findStart(ctx, sandbox, plan)
			return started
		})
		// A start would follow within the answer limit of the oneshot's end.
		var start victim.Event
		if spec.Watch(ctx, keptPeriod+spec.AnswerLimit+delay, "watch whether "+then.Name+" starts", func(ctx context.Context) (started bool) {
			start, started = findStart(ctx, sandbox, then)
			return started
		}) {
			began := time.Duration(start.MonoNS - spec.FirstStart(ctx, sandbox, plan)).Round(time.Millisecond)
			spec.FailWith(chaos, fmt.Sprintf("%s started, though %s, which it requires, has not succeeded", then.Name, plan.Name),
				spec.Note("started", "%s after the oneshot, which takes %s and exits with %d", began, plan.Options.ExitAfter, plan.Options.ExitCode),
				spec.Note("zinit", "%s", sandbox.StatusText(ctx, plan.Name)))
		}
	})
}

// itWaits registers a spec of a oneshot and of a service that requires it.
func itWaits(chaos *session.Session, p string, plan, then session.VictimPlan, judge func(SpecContext, *session.Sandbox)) {
	then.Requires = []string{plan.Name}
	It(fmt.Sprintf("wait for a oneshot that ends with %d: %s", plan.Options.ExitCode, then.Name), spec.About(p), spec.On(then.Name), func(ctx SpecContext) {
		sandbox := openUndisturbed(ctx, chaos, fmt.Sprintf("oneshot%d", plan.Options.ExitCode))
		spec.Register(ctx, sandbox, defineOneshot(plan))
		spec.Register(ctx, sandbox, then.Definition())
		judge(ctx, sandbox)
	}, NodeTimeout(specTimeout))
}
