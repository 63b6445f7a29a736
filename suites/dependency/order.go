package dependency

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim/elf"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// itStartsInOrder registers the spec of a chain of three that is registered the wrong way round.
func itStartsInOrder(chaos *session.Session) {
	first := planVictim("requires1")
	second := planVictim("requires2", first.Name)
	third := planVictim("requires3", second.Name)
	It("start in their order: requires", spec.About(promise.DependencyRequires), spec.On(third.Name), func(ctx SpecContext) {
		sandbox := openUndisturbed(ctx, chaos, "requires")
		spec.Register(ctx, sandbox, third.Definition())
		spec.Register(ctx, sandbox, second.Definition())
		waiting := []session.VictimPlan{second, third}
		if spec.Watch(ctx, keptPeriod, "watch whether "+listNames(waiting)+" start without "+first.Name, func(ctx context.Context) bool {
			return slices.ContainsFunc(waiting, func(plan session.VictimPlan) bool { _, started := findStart(ctx, sandbox, plan); return started })
		}) {
			spec.FailWith(chaos, "services started before the one that they require was there",
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
			spec.FailWith(chaos, "services that require each other did not start in their order", early...)
		}
	}, NodeTimeout(specTimeout))
}

// itWaitsForSuccess registers the spec of a service that waits for a oneshot which succeeds. The oneshot is registered first: after
// orders only what is there (suites/contract/zinit-0.4.md#order).
func itWaitsForSuccess(chaos *session.Session, p string, plan, then session.VictimPlan, needs zinit.Dependencies) {
	itWaits(chaos, p, plan, then, needs, func(ctx SpecContext, sandbox *session.Sandbox) {
		lives, missing := awaitServing(ctx, sandbox, keptPeriod+2*startLimit, then)
		over := spec.FirstStart(ctx, sandbox, plan) + int64(plan.Options.ExitDelay)
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
	itWaits(chaos, promise.DependencyOneshotFailed, plan, then, zinit.Dependencies{Requires: []string{plan.Name}}, func(ctx SpecContext, sandbox *session.Sandbox) {
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
				spec.Note("started", "%s after the oneshot, which takes %s and exits with %d", began, plan.Options.ExitDelay, plan.Options.ExitCode),
				spec.Note("zinit", "%s", sandbox.StatusText(ctx, plan.Name)))
		}
	})
}

// itWaitsForTheSignalled registers the spec of a service that requires a oneshot which a signal ends.
func itWaitsForTheSignalled(chaos *session.Session, oneshot string, then session.VictimPlan) {
	then.Requires = []string{session.VictimName(oneshot)}
	It("wait for a oneshot that a signal ends: "+then.Name, spec.About(promise.DependencyOneshotSignalled), spec.On(then.Name), func(ctx SpecContext) {
		sandbox := openUndisturbed(ctx, chaos, oneshot)
		w := spec.NewWitness(sandbox, oneshot, spec.ScalePolicy(delay, stabilityPeriod))
		w.Run.Oneshot = true
		w.Install(ctx, w.Program, elf.Die)
		spec.Register(ctx, sandbox, w.Definition())
		spec.Await(ctx, startLimit, w.Name+" has ended", func(ctx context.Context) bool {
			status, err := sandbox.Supervisor.Status(ctx, w.Name)
			return err == nil && status.PID == 0 && (status.State == zinit.StateFailed || status.State == zinit.StateExited || status.State == zinit.StateInactive)
		})
		spec.Register(ctx, sandbox, then.Definition())
		if spec.Watch(ctx, keptPeriod+spec.AnswerLimit, "watch whether "+then.Name+" starts", func(ctx context.Context) (started bool) {
			_, started = findStart(ctx, sandbox, then)
			return started
		}) {
			spec.FailWith(chaos, fmt.Sprintf("%s started, though a signal has ended %s, which it requires", then.Name, w.Name),
				spec.Note("oneshot", "it ends by SIGKILL"), spec.Note("zinit", "%s", sandbox.StatusText(ctx, w.Name)))
		}
	}, NodeTimeout(specTimeout))
}

// itWaits registers a spec of a oneshot and of a service that needs it.
func itWaits(chaos *session.Session, p string, plan, then session.VictimPlan, needs zinit.Dependencies, judge func(SpecContext, *session.Sandbox)) {
	definition := then.Definition()
	definition.Service.Dependencies = needs
	It(fmt.Sprintf("wait for a oneshot that ends with %d: %s", plan.Options.ExitCode, then.Name), spec.About(p), spec.On(then.Name), func(ctx SpecContext) {
		sandbox := openUndisturbed(ctx, chaos, strings.TrimPrefix(plan.Name, session.VictimName("")))
		spec.Register(ctx, sandbox, defineOneshot(plan))
		spec.Register(ctx, sandbox, definition)
		judge(ctx, sandbox)
	}, NodeTimeout(specTimeout))
}
