// Package dependency holds what is promised of services that need each other: which starts first, which waits, and which is
// left alone. A crowd of them does not lock the supervisor up.
package dependency

import (
	"context"
	"fmt"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// The victims' scaled policy.
const (
	delay           = 730 * time.Millisecond
	stopTimeout     = 670 * time.Millisecond
	stabilityPeriod = 7 * time.Second
)

const (
	// keptPeriod is the time that something is kept waiting on purpose: far above what a start takes.
	keptPeriod = 1730 * time.Millisecond
	// startLimit is the longest time that a start may take on a busy host, with the 2 s of suites/contract/zinit-0.4.md#definitions.
	startLimit = 4 * time.Second
	// specTimeout bounds a spec.
	specTimeout = time.Minute
)

// Specs registers the specs of the theme.
func Specs(chaos *session.Session) {
	Describe("services that need each other", func() {
		itStartsInOrder(chaos)
		required, ordered := planOneshot("prepare", 0), planOneshot("after", 0)
		itWaitsForSuccess(chaos, promise.DependencyOneshot, required, planVictim("prepare-then"), zinit.Dependencies{Requires: []string{required.Name}})
		itWaitsForSuccess(chaos, promise.DependencyAfter, ordered, planVictim("after-then"), zinit.Dependencies{After: []string{ordered.Name}})
		itWaitsForever(chaos, planOneshot("prepare-failing", 3), planVictim("prepare-failing-then"))
		itWaitsForTheSignalled(chaos, "prepare-signalled", planVictim("prepare-signalled-then"))
		boots(chaos)
		itLeavesDependents(chaos, planVictim("crash-base"))
		itLeavesDependentsOfAReplaced(chaos)
		itComesBackTogether(chaos, planVictim("both-base"), planVictim("both-then"))
	})
	crowds(chaos)
}

// planVictim plans a victim with the scaled policy, which requires others.
func planVictim(name string, requires ...string) session.VictimPlan {
	plan := session.NewVictim(name, spec.ScalePolicy(delay, stabilityPeriod)).WithStopTimeout(stopTimeout)
	plan.Requires = requires
	return plan
}

// planOneshot plans a victim that ends by itself after a while.
func planOneshot(name string, code int) session.VictimPlan {
	plan := planVictim(name)
	plan.Options.ExitDelay, plan.Options.ExitCode = keptPeriod, code
	return plan
}

// defineOneshot returns a definition whose run action is a oneshot.
func defineOneshot(plan session.VictimPlan) zinit.Definition {
	definition := plan.Definition()
	definition.Actions[0].Oneshot = true
	return definition
}

// openUndisturbed opens the main sandbox. With zinit 0.3, which misses the end of a service while others are deleted
// (registration.delete-neighbours), it opens a sandbox of the experiment's own.
func openUndisturbed(ctx context.Context, chaos *session.Session, experiment string) *session.Sandbox {
	GinkgoHelper()
	sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
	spec.Conclude(requireRPC(sandbox))
	if sandbox.Supervisor.Dialect() == zinit.Dialect03 {
		return spec.Sandbox(ctx, chaos, "dependency-"+experiment)
	}
	return sandbox
}

// requireRPC returns an error if no service of ours can be registered.
func requireRPC(sandbox *session.Sandbox) error {
	if dialect := sandbox.Supervisor.Dialect(); !dialect.Registers() {
		return recovery.NotProved(fmt.Sprintf("dependencies need zinit's RPC, and only its dialect %s is understood here", dialect))
	}
	return nil
}

// life is a run of a victim: the process that the supervisor started, and when the victim began by its own journal.
type life struct {
	plan  session.VictimPlan
	root  record.Incarnation
	began int64
}

// findStart returns the event of a victim's last start, and whether it has started at all.
func findStart(ctx context.Context, sandbox *session.Sandbox, plan session.VictimPlan) (victim.Event, bool) {
	journal, _ := spec.ReadJournal(ctx, sandbox, plan) // it is empty while it cannot be read
	starts := journal.Of(victim.EventStarted)
	if len(starts) == 0 {
		return victim.Event{}, false
	}
	return starts[len(starts)-1], true
}

// awaitServing waits until all victims serve, and returns their lives, or a victim that does not serve.
func awaitServing(ctx context.Context, sandbox *session.Sandbox, limit time.Duration, plans ...session.VictimPlan) (lives []life, missing string) {
	GinkgoHelper()
	spec.Watch(ctx, limit, "wait until "+listNames(plans)+" serve", func(ctx context.Context) bool {
		lives, missing = nil, ""
		for _, plan := range plans {
			run, err := spec.FindRun(ctx, sandbox, plan.Endpoint())
			start, started := findStart(ctx, sandbox, plan)
			if err != nil || !started || start.PID != run.Serving.PID {
				missing = plan.Name
				return false
			}
			lives = append(lives, life{plan, run.Root, start.MonoNS})
		}
		return true
	})
	return lives, missing
}

// listNames names victims in a row.
func listNames(plans []session.VictimPlan) string {
	var names []string
	for _, plan := range plans {
		names = append(names, plan.Name)
	}
	return strings.Join(names, ", ")
}

// findEarly returns a line for each life that began before the one in front of it. A service is up as soon as its process is spawned,
// so the supervisor's own children count (suites/contract/zinit-0.4.md#order). It compares the kernel's clock ticks of 10 ms: processes
// that began within one tick are in order.
func findEarly(lives []life) (early []spec.Line) {
	for i := 1; i < len(lives); i++ {
		if first, then := lives[i-1], lives[i]; then.root.StartTime < first.root.StartTime {
			early = append(early, spec.Note("early", "%s began %s before %s", then.plan.Name,
				ticks(first.root.StartTime-then.root.StartTime), first.plan.Name))
		}
	}
	return early
}

// ticks converts clock ticks, of which Linux has 100 a second.
func ticks(count uint64) time.Duration {
	return time.Duration(count) * 10 * time.Millisecond //nolint:gosec // far below the limit
}
