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
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

const (
	// againDelay is the retry delay of the service whose oneshots are watched.
	againDelay = 530 * time.Millisecond
	// aliveWatch is how long they are watched for a second run: several retries would fall into it.
	aliveWatch = 6 * againDelay
	// lasts is how long a run of a oneshot of ours takes.
	lasts = 50 * time.Millisecond
	// manyJobs is more runs than any action has in a session.
	manyJobs = 10_000
)

func oneshotSpecs(chaos *session.Session) {
	It("the image's are not kept alive", spec.About(promise.BootOneshots), spec.On(whole), func(ctx SpecContext) {
		shippedOneshotsEnd(ctx, chaos, spec.Sandbox(ctx, chaos, session.MainSandbox))
	}, NodeTimeout(chaos.Target.Budgets.Smoke.Duration()))

	name := session.VictimName("oneshots")
	It("ours are not kept alive: "+name, spec.About(promise.BootOneshots), spec.On(name), func(ctx SpecContext) {
		ownOneshotsEnd(ctx, chaos, spec.Sandbox(ctx, chaos, session.MainSandbox), name)
	}, NodeTimeout(chaos.Target.Budgets.Smoke.Duration()))
}

// shippedOneshotsEnd reads the install and test actions of the image, and how often each was run.
func shippedOneshotsEnd(ctx context.Context, chaos *session.Session, sandbox *session.Sandbox) {
	GinkgoHelper()
	var wrong []string
	count := 0
	for _, action := range actions(ctx, sandbox) {
		if action.Kind != zinit.KindInstall && action.Kind != zinit.KindTest {
			continue
		}
		count++
		if !action.Oneshot {
			wrong = append(wrong, fmt.Sprintf("%s is a %s action and no oneshot", action.Name, action.Kind))
		}
		runs := jobs(ctx, sandbox, action.Name)
		if starts := jobs(ctx, sandbox, zinit.RunActionName(action.Service)); runs > max(1, starts) {
			wrong = append(wrong, fmt.Sprintf("%s was run %d times, and %s was started %d times", action.Name, runs, action.Service, starts))
		}
	}
	if count == 0 {
		spec.Inconclusive("the image registers no install or test action")
	}
	if len(wrong) > 0 {
		spec.FailWith(chaos, "an install or test action of the image is kept alive", spec.List("found", wrong)...)
	}
}

// jobs counts the recorded runs of an action.
func jobs(ctx context.Context, sandbox *session.Sandbox, action string) int {
	GinkgoHelper()
	runs, err := sandbox.Supervisor.Jobs(ctx, action, manyJobs)
	spec.Conclude(err)
	return len(runs)
}

// ownOneshotsEnd registers a service with an install and a test action that write down when they are run.
func ownOneshotsEnd(ctx context.Context, chaos *session.Session, sandbox *session.Sandbox, name string) {
	GinkgoHelper()
	install, test := oneshot("oneshots-install"), oneshot("oneshots-test")
	plan := session.NewVictim("oneshots", zinit.RetryPolicy{
		MaxAttempts: 20, Delay: zinit.Milliseconds(againDelay), Backoff: zinit.BackoffNone,
		MaxDelay: zinit.Milliseconds(againDelay), StabilityPeriod: zinit.Milliseconds(time.Minute),
	})
	definition := plan.Definition()
	for kind, once := range map[zinit.Kind]session.VictimPlan{zinit.KindInstall: install, zinit.KindTest: test} {
		run, _ := once.Definition().Action(zinit.KindRun)
		action := zinit.Action{Name: name + "." + string(kind), Service: name, Kind: kind, Exec: run.Exec, Oneshot: true}
		definition.Actions = append(definition.Actions, action)
		definition.Service.Actions = append(definition.Service.Actions, action.Name)
	}
	DeferCleanup(func(ctx SpecContext) { _ = sandbox.Discard(ctx, name) }, NodeTimeout(30*time.Second))
	_, err := sandbox.Supervisor.Register(ctx, definition)
	spec.Conclude(err)
	awaitInstall(ctx, sandbox, install)

	began := time.Now()
	spec.Until(ctx, aliveWatch, func(ctx context.Context) bool { // the time in which a second run would come
		for _, once := range []session.VictimPlan{install, test} {
			if runs := started(ctx, sandbox, once); runs > 1 {
				spec.FailWith(chaos, "an action that is a oneshot was run again",
					[2]string{"+" + span.Text(time.Since(began)), fmt.Sprintf("%s has started %d times, seen from its first start on", once.Name, runs)},
					[2]string{"policy", fmt.Sprintf("the service's retry delay is %s; the action has no retry policy", againDelay)})
			}
		}
		return false
	})
	spec.Conclude(ctx.Err())
}

// awaitInstall waits until the install action was run and has ended: else there is nothing that could be kept alive.
func awaitInstall(ctx context.Context, sandbox *session.Sandbox, install session.VictimPlan) {
	GinkgoHelper()
	if !spec.Until(ctx, 5*time.Second, func(ctx context.Context) bool { return started(ctx, sandbox, install) > 0 }) {
		spec.Inconclusive("zinit did not run the install action of our service: there is nothing that could be kept alive")
	}
}

// oneshot is a process that writes down its start and ends with 0.
func oneshot(name string) session.VictimPlan {
	plan := session.NewVictim(name, zinit.RetryPolicy{})
	plan.Options = victim.Options{Journal: plan.Options.Journal, ExitAfter: lasts}
	return plan
}
