package load

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/expect"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// flooding is for how long a victim writes 1 MB a second to its log; drained is how much longer that may take
// until it counts as held up.
const (
	flooding = 4700 * time.Millisecond
	drained  = 10 * time.Second
)

// deluge is what was seen while a victim flooded its log.
type deluge struct {
	flooder       session.Service
	before, after record.Incarnation
	ended         int64           // when all that it wrote had been taken, 0 for never
	neighbour     record.Recovery // of one that was killed meanwhile
	logs          error           // why the flooded log could not be read afterwards
	answers       spec.Answers
}

// flood is the experiment in which a victim floods its log, and the specs that judge it.
func flood(chaos *session.Session) {
	flooder := session.NewVictim("flooder", policy()).WithStopTimeout(stopTimeout)
	flooder.Options.Flood = flooding
	experiment := spec.Shared[deluge]{Run: func(ctx context.Context) (deluge, error) { return delugeOf(ctx, chaos, flooder) }}
	It("a flood of a log hurts nobody: "+flooder.Name, spec.About(promise.LoadFlood), spec.On(flooder.Name), func(ctx SpecContext) {
		judgeFlood(chaos, experiment.Get(ctx))
	}, NodeTimeout(outer))
	It("the supervisor answers during a flood", spec.About(promise.LoadRPC), spec.On("flood"), func(ctx SpecContext) {
		judgeAnswers(chaos, "flood", experiment.Get(ctx).answers)
	}, NodeTimeout(outer))
}

// delugeOf lets one victim flood its log, and kills another meanwhile.
func delugeOf(ctx context.Context, chaos *session.Session, plan session.VictimPlan) (seen deluge, err error) {
	sandbox, err := chaos.Sandbox(ctx, herdSandbox)
	if err != nil {
		return seen, err
	}
	beside := session.NewVictim("neighbour", policy()).WithStopTimeout(stopTimeout)
	defer func() {
		_ = sandbox.Delete(context.WithoutCancel(ctx), plan.Name)
		_ = sandbox.Delete(context.WithoutCancel(ctx), beside.Name)
	}()
	neighbour, err := sandbox.Register(ctx, beside)
	if err != nil {
		return seen, err
	}
	questioner := spec.KeepAsking(ctx, sandbox, spec.Ping(sandbox), spec.StatusOf(sandbox, neighbour.Name))
	defer func() { seen.answers = questioner.Stop() }()
	if seen.flooder, err = sandbox.Register(ctx, plan); err != nil {
		return seen, err
	}
	if seen.before, err = identify(ctx, sandbox, seen.flooder); err != nil {
		return seen, err
	}
	seen.neighbour, err = sandbox.Inject(ctx, session.Injection{
		Promise: promise.LoadFlood, Service: neighbour, Fault: fault.SIGKILL,
		Window: delay + 4*chaos.Target.Budgets.Tolerance.Duration(), Policy: "another service writes 1 MB a second to its log",
	})
	if err != nil {
		return seen, err
	}
	spec.Until(ctx, flooding+drained, func(ctx context.Context) bool {
		seen.ended = flooded(ctx, sandbox, seen.flooder)
		return seen.ended != 0
	})
	_, seen.logs = sandbox.Supervisor.Logs(ctx, plan.Name, 20)
	seen.after, _ = identify(ctx, sandbox, seen.flooder)
	if err := recovery.Steady(ctx, sandbox, seen.flooder.Endpoint); err != nil {
		seen.after = record.Incarnation{}
	}
	return seen, nil
}

func identify(ctx context.Context, sandbox *session.Sandbox, service session.Service) (record.Incarnation, error) {
	identity, err := sandbox.Agent().Identify(ctx, protocol.IdentifyParams{Endpoint: service.Endpoint, SupervisorPID: sandbox.SupervisorPID()})
	if err != nil {
		return record.Incarnation{}, &recovery.Inconclusive{Reason: fmt.Sprintf("%s could not be identified: %v", service.Name, err)}
	}
	return identity.Serving, nil
}

// flooded is when the victim had written all of its flood, by its own journal.
func flooded(ctx context.Context, sandbox *session.Sandbox, service session.Service) int64 {
	journal, err := sandbox.Agent().ReadFile(ctx, service.Journal, 0)
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(journal) {
		var event victim.Event
		if json.Unmarshal(line, &event) == nil && event.Event == victim.EventFlooded {
			return event.MonoNS
		}
	}
	return 0
}

func judgeFlood(chaos *session.Session, seen deluge) {
	GinkgoHelper()
	who := seen.flooder.Name
	wrote := [2]string{"wrote", fmt.Sprintf("1 MB a second for %s, without a line end, not in UTF-8", flooding)}
	switch {
	case seen.ended == 0:
		spec.FailWith(chaos, fmt.Sprintf("what %s wrote was not all taken %s after it should have been: it was held up by its own log",
			who, drained), wrote)
	case seen.ended < seen.neighbour.Injected.Hi:
		spec.Inconclusive("the flood was over before another service was killed")
	case seen.after.PID != seen.before.PID:
		spec.FailWith(chaos, who+" was replaced, or does not serve any more, after it had flooded its log",
			[2]string{"before", fmt.Sprintf("pid %d", seen.before.PID)}, [2]string{"after", fmt.Sprintf("pid %d", seen.after.PID)}, wrote)
	case seen.logs != nil:
		spec.FailWith(chaos, "the log of "+who+" cannot be read after it was flooded",
			[2]string{"error", seen.logs.Error()}, wrote)
	}
	tolerance := chaos.Target.Budgets.Tolerance.Duration()
	spec.Expect(seen.neighbour,
		expect.Respawn(expect.NotBefore(delay), expect.Within(delay), expect.Tolerance(tolerance)),
		expect.Serve(expect.Within(delay+tolerance), expect.Tolerance(tolerance)),
		expect.LeaveOthersAlone(),
	)
}
