package load

import (
	"context"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/expect"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

const (
	// floodPeriod is the time for which a victim writes 1 MB a second to its log.
	floodPeriod = 4700 * time.Millisecond
	// drainLimit bounds how much longer that may take: then it counts as held up.
	drainLimit = 10 * time.Second
	// readLines is how many lines are read of a log that was flooded.
	readLines = 20
)

// floodResult holds what was seen while a victim flooded its log.
type floodResult struct {
	before, after record.Incarnation
	ended         int64           // when all that it wrote had been taken, 0 for never
	neighbour     record.Recovery // of a victim that was killed meanwhile
	logs          error           // why the flooded log could not be read afterwards
	answers       spec.Answers
}

// flood registers the experiment in which a victim floods its log, and the specs that judge it.
func flood(chaos *session.Session) {
	plan := planVictim("flooder")
	plan.Options.FloodPeriod = floodPeriod
	experiment := spec.Shared[floodResult]{Run: func(ctx context.Context) (floodResult, error) { return runFlood(ctx, chaos, plan) }}
	It("a flood of a log hurts nobody: "+plan.Name, spec.About(promise.LoadFlood), spec.On(plan.Name), func(ctx SpecContext) {
		seen := experiment.Get(ctx)
		wrote := spec.Note("wrote", "1 MB a second for %s, without a line end, not in UTF-8", floodPeriod)
		switch {
		case seen.ended == 0:
			spec.FailWith(chaos, fmt.Sprintf("%s was held up by its own log: not all that it wrote was taken within %s", plan.Name, floodPeriod+drainLimit), wrote)
		case seen.ended < seen.neighbour.Injected.Hi:
			spec.Inconclusive("the flood was over before another service was killed")
		case seen.after.PID != seen.before.PID:
			spec.FailWith(chaos, plan.Name+" was replaced, or no longer serves, after it had flooded its log",
				spec.Note("before", "pid %d", seen.before.PID), spec.Note("after", "pid %d", seen.after.PID), wrote)
		case seen.logs != nil:
			spec.FailWith(chaos, "the log of "+plan.Name+" cannot be read after it was flooded", spec.Note("error", "%v", seen.logs), wrote)
		}
		tolerance := spec.Tolerance(chaos)
		spec.Expect(seen.neighbour,
			expect.Respawn(expect.NotBefore(delay), expect.Within(delay), expect.Tolerance(tolerance)),
			expect.Serve(expect.Within(delay+tolerance), expect.Tolerance(tolerance)),
			expect.LeaveOthersAlone(),
		)
	}, NodeTimeout(specTimeout))
	It("the supervisor answers during a flood", spec.About(promise.LoadRPC), spec.On("flood"), func(ctx SpecContext) {
		judgeAnswers(chaos, "flood", experiment.Get(ctx).answers)
	}, NodeTimeout(specTimeout))
}

// runFlood lets one victim flood its log, and kills another meanwhile.
func runFlood(ctx context.Context, chaos *session.Session, plan session.VictimPlan) (seen floodResult, err error) {
	By("open the sandbox " + herdSandbox)
	sandbox, err := chaos.Sandbox(ctx, herdSandbox)
	if err != nil {
		return seen, err
	}
	beside := planVictim("neighbour")
	defer func() {
		_ = sandbox.Delete(context.WithoutCancel(ctx), plan.Name)
		_ = sandbox.Delete(context.WithoutCancel(ctx), beside.Name)
	}()
	By("register " + beside.Name + " and " + plan.Name)
	neighbour, err := sandbox.Register(ctx, beside)
	if err != nil {
		return seen, err
	}
	questioner := spec.KeepAsking(ctx, sandbox, spec.Ping(sandbox), spec.StatusOf(sandbox, neighbour.Name))
	defer func() { seen.answers = questioner.Stop() }()
	flooder, err := sandbox.Register(ctx, plan)
	if err != nil {
		return seen, err
	}
	if seen.before, err = identify(ctx, sandbox, flooder); err != nil {
		return seen, err
	}
	By("kill " + neighbour.Name + " while " + plan.Name + " floods its log")
	seen.neighbour, err = sandbox.Inject(ctx, session.Injection{
		Promise: promise.LoadFlood, Service: neighbour, Fault: fault.SIGKILL,
		ObservationLimit: delay + 4*spec.Tolerance(chaos), Policy: "another service writes 1 MB a second to its log",
		Terms: record.Terms{Startup: int64(spec.Tolerance(chaos))},
	})
	if err != nil {
		return seen, err
	}
	seen.ended = awaitWritten(ctx, sandbox, plan, floodPeriod)
	By("read the log of " + plan.Name)
	_, seen.logs = sandbox.Supervisor.Logs(ctx, plan.Name, readLines)
	seen.after, _ = identify(ctx, sandbox, flooder)
	if err := recovery.CheckSteady(ctx, sandbox, flooder.Endpoint); err != nil {
		seen.after = record.Incarnation{}
	}
	return seen, nil
}

// awaitWritten waits until a victim has written all of its log by its journal. It returns when that was, or 0 for never.
func awaitWritten(ctx context.Context, sandbox *session.Sandbox, plan session.VictimPlan, period time.Duration) (ended int64) {
	By("wait until all that " + plan.Name + " writes to its log is taken")
	spec.Until(ctx, period+drainLimit, func(ctx context.Context) bool {
		journal, _ := spec.ReadJournal(ctx, sandbox, plan)
		ended = journal.Of(victim.EventFlooded).Time()
		return ended != 0
	})
	return ended
}
