// Package dependency holds what is promised of services that need each other: who starts first, who waits, who is
// left alone, and that a crowd of them does not lock the supervisor up.
package dependency

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// The scaled policy, with odd values so that a slip of units shows (design, "Two profiles").
const (
	delay       = 730 * time.Millisecond
	stopTimeout = 670 * time.Millisecond
	stability   = 7 * time.Second
	// pause is how long something is kept waiting on purpose: far above what a start takes.
	pause = 1730 * time.Millisecond
	// starting is what a start may take on a busy host, beside the 2 s of contract zinit-0.4, Semantics 8.
	starting = 4 * time.Second
	// limit bounds a spec.
	limit = time.Minute
)

// Specs are the theme's.
func Specs(chaos *session.Session) {
	Describe("services that need each other", func() {
		startInOrder(chaos)
		awaitOneshots(chaos)
		bootInOrder(chaos)
		surviveCrashes(chaos)
	})
	crowd(chaos)
}

func policy() zinit.RetryPolicy { return spec.ScalePolicy(delay, stability) }

func planOf(name string) session.VictimPlan {
	return session.NewVictim(name, policy()).WithStopTimeout(stopTimeout)
}

// undisturbed is the main sandbox; where the supervisor is zinit 0.3, which loses sight of a service when others are
// deleted (registration.delete-neighbours), it is one of the experiment's own.
func undisturbed(ctx context.Context, chaos *session.Session, experiment string) *session.Sandbox {
	GinkgoHelper()
	sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
	needsRPC(sandbox)
	if sandbox.Supervisor.Dialect() == zinit.Dialect03 {
		return spec.Sandbox(ctx, chaos, "dependency-"+experiment)
	}
	return sandbox
}

// needsRPC ends the spec where no service of ours can be registered.
func needsRPC(sandbox *session.Sandbox) {
	GinkgoHelper()
	if dialect := sandbox.Supervisor.Dialect(); dialect != zinit.Dialect04 && dialect != zinit.Dialect03 {
		spec.Inconclusive(fmt.Sprintf("dependencies need zinit's RPC, and only its dialect %s is understood here", dialect))
	}
}

// add registers a service without waiting for it, for the length of the spec.
func add(ctx context.Context, sandbox *session.Sandbox, definition zinit.Definition) {
	GinkgoHelper()
	DeferCleanup(func(ctx SpecContext) { _ = sandbox.Discard(ctx, definition.Service.Name) }, NodeTimeout(30*time.Second))
	_, err := sandbox.Supervisor.Register(ctx, definition)
	var answer *zinit.Error
	if errors.As(err, &answer) {
		spec.Inconclusive(fmt.Sprintf("%s cannot be registered: %v", definition.Service.Name, err))
	}
	spec.Conclude(err)
}

// life is a victim's first life: its process, and when that began by the victim's own journal.
type life struct {
	plan    session.VictimPlan
	process record.Incarnation
	began   int64
}

// events are what a victim has written into its journal; none where it has not begun.
func events(ctx context.Context, sandbox *session.Sandbox, plan session.VictimPlan) []victim.Event {
	text, err := sandbox.Agent().ReadFile(ctx, plan.Options.Journal, 0)
	if err != nil {
		return nil
	}
	var all []victim.Event
	for line := range bytes.SplitSeq(text, []byte("\n")) {
		var event victim.Event
		if json.Unmarshal(line, &event) == nil {
			all = append(all, event)
		}
	}
	return all
}

// begun is when a victim began for the last time, false where it never has.
func begun(ctx context.Context, sandbox *session.Sandbox, plan session.VictimPlan) (victim.Event, bool) {
	var last victim.Event
	for _, event := range events(ctx, sandbox, plan) {
		if event.Event == victim.EventStarted {
			last = event
		}
	}
	return last, last.Event != ""
}

// serving waits until all victims serve and returns their lives; false with who does not.
func serving(ctx context.Context, sandbox *session.Sandbox, within time.Duration, plans ...session.VictimPlan) (lives []life, missing string) {
	spec.Until(ctx, within, func(ctx context.Context) bool {
		lives, missing = nil, ""
		for _, plan := range plans {
			identity, err := sandbox.Agent().Identify(ctx, protocol.IdentifyParams{Endpoint: plan.Endpoint(), SupervisorPID: sandbox.SupervisorPID()})
			event, wrote := begun(ctx, sandbox, plan)
			if err != nil || !wrote || event.PID != identity.Serving.PID {
				missing = plan.Name
				return false
			}
			lives = append(lives, life{plan, identity.Serving, event.MonoNS})
		}
		return true
	})
	return lives, missing
}

// inOrder says who of two began too early, judged by the kernel's clock ticks of 10 ms: processes that began within
// one tick are in order. Each life comes after the one before it.
func inOrder(lives []life) (lines [][2]string) {
	for i := 1; i < len(lives); i++ {
		if first, then := lives[i-1], lives[i]; then.process.StartTime < first.process.StartTime {
			lines = append(lines, [2]string{"early", fmt.Sprintf("%s began %s before %s", then.plan.Name,
				ticks(first.process.StartTime-then.process.StartTime), first.plan.Name)})
		}
	}
	return lines
}

// ticks are clock ticks as time: Linux has 100 a second.
func ticks(count uint64) time.Duration {
	return time.Duration(count) * 10 * time.Millisecond //nolint:gosec // far below the limit
}
