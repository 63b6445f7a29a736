package health

import (
	"context"
	"fmt"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// checkedVictim is a victim with a health check, seen by its own journal: when it was asked, on the agent's clock. Only
// its health check asks it.
type checkedVictim struct {
	chaos   *session.Session
	sandbox *session.Sandbox
	plan    session.VictimPlan
	host    *spec.Host
	lives   []life // as they were read last
}

// life is one process of a victim.
type life struct {
	pid         int
	started     int64
	probes      []int64
	terminating int64 // when it was told to end, 0 for never
}

// isOver reports whether the first life is being ended, or was followed by another.
func isOver(lives []life) bool { return lives[0].terminating != 0 || len(lives) > 1 }

// lateness returns how much later than it was due the last question of a life came. The probe had waited that long, and
// had so much less time for the answer.
func (l life) lateness(interval time.Duration) time.Duration {
	last := len(l.probes) - 1
	if last < 0 {
		return 0
	}
	return time.Duration(l.probes[last]-l.started) - startPeriod - time.Duration(last)*interval
}

// register registers a victim for the length of the spec. The census does not watch it, since it may be replaced.
func register(ctx context.Context, chaos *session.Session, plan session.VictimPlan) *checkedVictim {
	GinkgoHelper()
	sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
	spec.Register(ctx, sandbox, plan.Definition())
	return &checkedVictim{chaos: chaos, sandbox: sandbox, plan: plan, host: spec.WatchHost(ctx, sandbox)}
}

// readLives divides the journal by processes. If the journal cannot be read, it returns what was read last.
func (v *checkedVictim) readLives(ctx context.Context) []life {
	journal, err := spec.ReadJournal(ctx, v.sandbox, v.plan)
	if err != nil {
		return v.lives
	}
	v.lives = nil
	for _, start := range journal.Of(victim.EventStarted) {
		events := journal.By(start.PID)
		one := life{pid: start.PID, started: start.MonoNS, terminating: events.Of(victim.EventTerminating).Time()}
		for _, probe := range events.Of(victim.EventProbe) {
			one.probes = append(one.probes, probe.MonoNS)
		}
		v.lives = append(v.lives, one)
	}
	return v.lives
}

// await waits until a condition holds for the victim's lives, and reports whether it held within the limit.
func (v *checkedVictim) await(ctx context.Context, condition string, limit time.Duration, holds func([]life) bool) (lives []life, ok bool) {
	By("wait until " + v.plan.Name + " " + condition)
	v.chaos.Progress().Due(limit)
	ok = spec.Until(ctx, limit, func(ctx context.Context) bool {
		lives = v.readLives(ctx)
		return holds(lives)
	})
	return lives, ok
}

// awaitStart waits for the first process.
func (v *checkedVictim) awaitStart(ctx context.Context) {
	GinkgoHelper()
	if _, ok := v.await(ctx, "starts", 10*time.Second, func(lives []life) bool { return len(lives) > 0 }); !ok {
		spec.Inconclusive(fmt.Sprintf("%s was registered and does not run: zinit says %q", v.plan.Name, v.sandbox.StatusText(ctx, v.plan.Name)))
	}
}

// awaitProbes waits until the first process was asked n times, and reports whether it was.
func (v *checkedVictim) awaitProbes(ctx context.Context, n int) (life, bool) {
	GinkgoHelper()
	v.awaitStart(ctx)
	limit := startPeriod + time.Duration(n)*v.plan.Schedule.Interval.Duration() + overdueLimit
	lives, ok := v.await(ctx, "was asked "+spec.Count(n, "time"), limit, func(lives []life) bool { return len(lives) > 1 || len(lives[0].probes) >= n })
	if len(lives) > 1 {
		v.fail(ctx, v.plan.Name+" was well and was replaced", lives)
	}
	return lives[0], ok
}

// requireProbes waits like awaitProbes, for a spec that proves nothing without the checks.
func (v *checkedVictim) requireProbes(ctx context.Context, n int) life {
	GinkgoHelper()
	seen, ok := v.awaitProbes(ctx, n)
	if !ok {
		spec.Inconclusive("no landing: the service was not checked often enough to prove anything")
	}
	return seen
}

// handovers counts the processes that have to be scheduled, one after the other, for a health check to have its effect:
// the probe, the service and the supervisor.
const handovers = 3

// fail fails the spec. If the host stalled so much that all handovers together may have exceeded the tolerance, the spec
// ends as INCONCLUSIVE instead.
func (v *checkedVictim) fail(ctx context.Context, headline string, lives []life, lines ...spec.Line) {
	GinkgoHelper()
	v.failBeyond(ctx, spec.Tolerance(v.chaos), headline, lives, lines...)
}

// failBeyond fails the spec like fail, by something that only stalls of more than margin in all can have made.
func (v *checkedVictim) failBeyond(ctx context.Context, margin time.Duration, headline string, lives []life, lines ...spec.Line) {
	GinkgoHelper()
	if handovers*v.host.Stall() > margin {
		spec.InconclusiveBecause(record.HostStalled("the health checks cannot be timed"))
	}
	schedule := v.plan.Schedule
	lines = append(append(describeLives(lives), lines...),
		spec.Note("zinit", "%q", v.sandbox.StatusText(ctx, v.plan.Name)),
		spec.Note("policy", "checked every %s, first %s after the start, a check may take %s, restarted after %s in a row",
			span.Text(schedule.Interval.Duration()), span.Text(schedule.StartPeriod.Duration()), span.Text(v.plan.Timeout.Duration()),
			spec.Count(schedule.Retries, "failure")))
	spec.FailWith(v.chaos, headline, lines...)
}

// describeLives writes a line for each process, with times counted from the first start.
func describeLives(lives []life) []spec.Line {
	var lines []spec.Line
	for _, life := range lives {
		since := func(at int64) string { return "+" + span.Text(time.Duration(at-lives[0].started)) }
		text := fmt.Sprintf("pid %d began at %s", life.pid, since(life.started))
		if len(life.probes) > 0 {
			var at []string
			for _, probe := range life.probes {
				at = append(at, since(probe))
			}
			text += ", was asked at " + strings.Join(at, ", ")
		}
		if life.terminating != 0 {
			text += ", was told to end at " + since(life.terminating)
		}
		lines = append(lines, spec.Line{"journal", text})
	}
	return lines
}

// isOnTime reports whether a time is within the tolerance of its due time.
func (v *checkedVictim) isOnTime(passed, due time.Duration) bool {
	tolerance := spec.Tolerance(v.chaos)
	return passed >= due-tolerance && passed <= due+tolerance
}
