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
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

const (
	// retryDelay is the retry delay of the service whose oneshots are watched.
	retryDelay = 530 * time.Millisecond
	// watchPeriod is the time for which they are watched for a second run: several retries would fall into it.
	watchPeriod = 6 * retryDelay
	// runPeriod is the time that a run of a oneshot of ours takes.
	runPeriod = 50 * time.Millisecond
	// installLimit is the longest time for which it is waited that zinit runs an install action.
	installLimit = 5 * time.Second
	// jobLimit is more runs than any action has in a session.
	jobLimit = 10_000
)

// oneshots registers the specs of install and test actions.
func oneshots(chaos *session.Session) {
	limit := NodeTimeout(chaos.Target.Budgets.Smoke.Duration())
	It("the image's are not kept alive", spec.About(promise.BootOneshots), spec.On(whole), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
		if speaker, speaks := sandbox.Supervisor.(zinit.Speaker); speaks {
			if _, placed := speaker.Spelling().Shape(dialect.Action)["oneshot"]; !placed {
				spec.Inconclusive("it is not known where this supervisor says that an action is run once (action.oneshot)")
			}
		}
		var found []string
		By("read how often each install and test action was run")
		for _, action := range listActions(ctx, sandbox) {
			if action.Kind != zinit.KindInstall && action.Kind != zinit.KindTest {
				continue
			}
			if !action.Oneshot {
				found = append(found, fmt.Sprintf("%s is a %s action and no oneshot", action.Name, action.Kind))
			}
			runs := countJobs(ctx, sandbox, action.Name)
			if starts := countJobs(ctx, sandbox, zinit.RunActionName(action.Service)); runs > max(1, starts) {
				found = append(found, fmt.Sprintf("%s was run %d times, and %s was started %d times", action.Name, runs, action.Service, starts))
			}
		}
		if len(found) > 0 {
			spec.FailWith(chaos, "an install or test action of the image is kept alive", spec.List("found", found)...)
		}
	}, limit)

	plan := session.NewVictim("oneshots", zinit.RetryPolicy{
		MaxAttempts: 20, Delay: zinit.Milliseconds(retryDelay), Backoff: zinit.BackoffNone,
		MaxDelay: zinit.Milliseconds(retryDelay), StabilityPeriod: zinit.Milliseconds(time.Minute),
	})
	It("ours are not kept alive: "+plan.Name, spec.About(promise.BootOneshots), spec.On(plan.Name), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
		install, test := planOneshot("oneshots-install"), planOneshot("oneshots-test")
		definition := plan.Definition()
		for kind, once := range map[zinit.Kind]session.VictimPlan{zinit.KindInstall: install, zinit.KindTest: test} {
			run, _ := once.Definition().Action(zinit.KindRun)
			action := zinit.Action{Name: plan.Name + "." + string(kind), Service: plan.Name, Kind: kind, Exec: run.Exec, Oneshot: true}
			definition.Actions = append(definition.Actions, action)
			definition.Service.Actions = append(definition.Service.Actions, action.Name)
		}
		spec.Register(ctx, sandbox, definition)
		By("wait until zinit runs the install action of " + plan.Name + ": it may leave it alone")
		spec.Until(ctx, installLimit, func(ctx context.Context) bool { return countStarts(ctx, sandbox, install) > 0 })
		began := time.Now()
		spec.Watch(ctx, watchPeriod, "watch the oneshots of "+plan.Name+" for a second run", func(ctx context.Context) bool {
			for _, once := range []session.VictimPlan{install, test} {
				if runs := countStarts(ctx, sandbox, once); runs > 1 {
					spec.FailWith(chaos, "an action that is a oneshot was run again",
						spec.Note("+"+span.Text(time.Since(began)), "%s has started %d times, seen from its first start on", once.Name, runs),
						spec.Note("policy", "the service's retry delay is %s; the action has no retry policy", retryDelay))
				}
			}
			return false
		})
	}, limit)
}

// countJobs returns how many runs of an action are recorded.
func countJobs(ctx context.Context, sandbox *session.Sandbox, action string) int {
	GinkgoHelper()
	jobs, err := sandbox.Supervisor.Jobs(ctx, action, jobLimit)
	spec.Conclude(err)
	return len(jobs)
}

// planOneshot plans a process that records its start and ends with 0.
func planOneshot(name string) session.VictimPlan {
	plan := session.NewVictim(name, zinit.RetryPolicy{})
	plan.Options = victim.Options{Journal: plan.Options.Journal, ExitDelay: runPeriod}
	return plan
}
