// Package processtree holds what is promised of the processes that make up a service: one of it at any time,
// nothing left of the old one, and nothing left in the supervisor.
package processtree

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// The scaled policy of the theme's victims (design, "Two profiles").
const (
	delay       = 530 * time.Millisecond
	lingering   = 610 * time.Millisecond // from SIGTERM to the end
	stopTimeout = 1370 * time.Millisecond
	slowStart   = 410 * time.Millisecond // from the start to listening
	replacement = 15 * time.Second       // the longest that a successor is waited for: nothing is judged by it
)

// Specs are the theme's.
func Specs(chaos *session.Session) {
	Describe("a service", spec.About(promise.TreeSingle), func() { singles(chaos) })
	Describe("the family of a service", func() { families(chaos) })
	Describe("after 50 restarts", Ordered, ContinueOnFailure, func() { endurance(chaos) })
}

func policy(chaos *session.Session) zinit.RetryPolicy {
	return spec.LimitPolicy(chaos.Target, spec.ScalePolicy(delay, 7*time.Second))
}

// upheaval is something that makes a service's process be replaced.
type upheaval struct {
	name string // of the victim
	what string // in words, as in "while it ..."
	plan func(session.VictimPlan) session.VictimPlan
	do   order
}

// order does something to a service, for a promise.
type order func(ctx context.Context, sandbox *session.Sandbox, p string, service session.Service) error

func upheavals() []upheaval {
	lingers := func(plan session.VictimPlan) session.VictimPlan {
		plan.Options.TermDelay = lingering
		return plan
	}
	return []upheaval{
		{
			"single-killed", "is killed and slow to start again",
			func(plan session.VictimPlan) session.VictimPlan { plan.Options.StartDelay = slowStart; return plan }, killed,
		},
		{"single-restarted", "is restarted by service.restart and slow to end", lingers, restarted},
		{
			"single-stubborn", "is restarted by service.restart and ignores its stop signal",
			func(plan session.VictimPlan) session.VictimPlan {
				plan.Options.OnTerm = "ignore"
				return plan
			}, restarted,
		},
		{"single-hasty", "is restarted by service.restart five times at once", lingers, restartedAtOnce},
		{"single-stopped", "is stopped and, before it has ended, started again", lingers, stoppedAndStarted},
	}
}

func killed(ctx context.Context, sandbox *session.Sandbox, p string, service session.Service) error {
	_, err := sandbox.Inject(ctx, session.Injection{
		Promise: p, Service: service, Fault: fault.SIGKILL, Window: replacement,
	})
	return err
}

func restarted(ctx context.Context, sandbox *session.Sandbox, _ string, service session.Service) error {
	return sandbox.Supervisor.Restart(ctx, service.Name)
}

// restartedAtOnce is answered by errors as well as it may be: what is promised is what happens.
func restartedAtOnce(ctx context.Context, sandbox *session.Sandbox, _ string, service session.Service) error {
	answers := make(chan error)
	for range 5 {
		go func() { answers <- sandbox.Supervisor.Restart(ctx, service.Name) }()
	}
	var last error
	taken := false
	for range 5 {
		if err := <-answers; err != nil {
			last = err
		} else {
			taken = true
		}
	}
	if taken {
		return nil
	}
	return last
}

func stoppedAndStarted(ctx context.Context, sandbox *session.Sandbox, _ string, service session.Service) error {
	stopping := make(chan error, 1)
	go func() { stopping <- sandbox.Supervisor.Stop(ctx, service.Name) }()
	spec.Until(ctx, stopTimeout, func(ctx context.Context) bool {
		status, err := sandbox.Supervisor.Status(ctx, service.Name)
		return err == nil && status.State != zinit.StateRunning
	})
	_ = sandbox.Supervisor.Start(ctx, service.Name) // it may be refused as long as the service stops
	if err := <-stopping; err != nil {
		return err
	}
	return sandbox.Supervisor.Start(ctx, service.Name)
}

// singles are the specs of TreeSingle.
func singles(chaos *session.Session) {
	for _, u := range upheavals() {
		plan := u.plan(session.NewVictim(u.name, policy(chaos)).WithStopTimeout(stopTimeout))
		It("is one process while it "+u.what+": "+plan.Name, spec.On(plan.Name), func(ctx SpecContext) {
			sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
			service := spec.Victim(ctx, sandbox, plan)
			spec.Hold(ctx, sandbox, plan.Name)
			before := spec.Identify(ctx, sandbox, service)

			count := plan.Name
			spec.Conclude(sandbox.Agent().WatchCrowd(ctx, count, map[string][]string{plan.Name: before.Argv}))
			trouble := u.do(ctx, sandbox, promise.TreeSingle, service)
			after, replaced := spec.AwaitSuccessor(ctx, sandbox, service, before, replacement)
			quiet(ctx)
			crowd, err := sandbox.Agent().EndCrowd(ctx, count)
			spec.Conclude(err)
			judgeSingle(ctx, chaos, sandbox, u, plan, before, crowd)
			if crowd.Rate() < lookedEnough {
				spec.Inconclusive(record.HostStalled("the processes were counted less than 20 times a second"))
			}
			if !isAcceptable(trouble) {
				spec.Conclude(trouble)
			}
			if !replaced || after.PID == 0 {
				spec.Inconclusive("the service was not replaced, so that there was no moment for two processes of it")
			}
		}, NodeTimeout(time.Minute))
	}
}

// lookedEnough is how often a second processes have to be counted.
const lookedEnough = 20

// isAcceptable tells whether an order was taken, or changed nothing.
func isAcceptable(err error) bool { return err == nil || errors.Is(err, zinit.ErrAlreadyInState) }

// quiet lets the retry delay of an end pass that was taken for one more than there was: the second process
// would come then. The policy's time is what is being tested.
func quiet(ctx context.Context) {
	select {
	case <-time.After(2 * delay):
	case <-ctx.Done():
	}
}

func judgeSingle(ctx context.Context, chaos *session.Session, sandbox *session.Sandbox, u upheaval, plan session.VictimPlan, before record.Incarnation, crowd protocol.Crowd) {
	GinkgoHelper()
	most := crowd.Most[plan.Name].PIDs
	if len(most) < 2 {
		return
	}
	spec.FailWith(chaos,
		fmt.Sprintf("there were %d processes of %s at the same time while it %s", len(most), plan.Name, past(u.what)),
		[2]string{"before", fmt.Sprintf("pid %d", before.PID)},
		[2]string{"at once", "pids " + strings.Trim(fmt.Sprint(most), "[]")},
		[2]string{"looked", fmt.Sprintf("%d times, %.0f a second", crowd.Looks, crowd.Rate())},
		[2]string{"zinit", sandbox.Word(ctx, plan.Name)})
}

// past is what happened, of what happens: "is stopped" becomes "was stopped".
func past(what string) string { return "was " + strings.TrimPrefix(what, "is ") }

// family is a kind of descendants, and the promises about them.
type family struct {
	name               string
	grow               func(*session.VictimPlan)
	is                 func(root, descendant protocol.Process) bool
	restarted, stopped string
}

func kinds() []family {
	return []family{
		{
			"group", func(plan *session.VictimPlan) { plan.Options.Children = 2 },
			func(root, p protocol.Process) bool { return p.Group == root.Group },
			promise.TreeRestartGroup, promise.TreeStopGroup,
		},
		{
			"session", func(plan *session.VictimPlan) { plan.Options.SetsidChild = true },
			func(root, p protocol.Process) bool { return p.Session != root.Session },
			promise.TreeRestartSession, promise.TreeStopSession,
		},
	}
}

// families are the specs of what becomes of descendants.
func families(chaos *session.Session) {
	for _, kind := range kinds() {
		plan := func(name string) session.VictimPlan {
			plan := session.NewVictim("tree-"+kind.name+"-"+name, policy(chaos)).WithStopTimeout(stopTimeout)
			kind.grow(&plan)
			return plan
		}
		goesWith(chaos, kind, kind.restarted, plan("killed"), "is killed", killed)
		goesWith(chaos, kind, kind.restarted, plan("restarted"), "is restarted by service.restart", restarted)
		goesWith(chaos, kind, kind.stopped, plan("stopped"), "is stopped", nil)
	}
}

// goesWith is the spec of one kind of descendants and one end; without do the service is stopped for good.
func goesWith(chaos *session.Session, kind family, p string, plan session.VictimPlan, what string, do order) {
	It("ends when it "+what+": "+plan.Name, spec.About(p), spec.On(plan.Name), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
		service := spec.Victim(ctx, sandbox, plan)
		spec.Hold(ctx, sandbox, plan.Name)
		before := spec.Identify(ctx, sandbox, service)
		descendants := familyOf(ctx, sandbox, before, kind)
		if len(descendants) == 0 {
			spec.Inconclusive("the victim has no descendants of that kind")
		}
		ended := "the service was not stopped"
		if do != nil {
			ended = "the service was not replaced"
			if err := do(ctx, sandbox, p, service); !isAcceptable(err) {
				spec.Conclude(err)
			}
			if _, ok := spec.AwaitSuccessor(ctx, sandbox, service, before, replacement); ok {
				ended = ""
			}
		} else {
			if err := sandbox.Supervisor.Stop(ctx, plan.Name); !isAcceptable(err) {
				spec.Conclude(err)
			}
			if spec.Until(ctx, replacement, func(ctx context.Context) bool { return len(living(ctx, sandbox, before)) == 0 }) {
				ended = ""
			}
		}
		if ended != "" {
			spec.Inconclusive(ended + ", so that nothing had to end with it")
		}
		judgeFamily(ctx, chaos, sandbox, p, plan, what, before, descendants)
	}, NodeTimeout(time.Minute))
}

// judgeFamily grants the descendants what is left of the stop timeout, for what is to be ended gently may take
// that.
func judgeFamily(ctx context.Context, chaos *session.Session, sandbox *session.Sandbox, p string, plan session.VictimPlan, what string,
	before record.Incarnation, descendants []record.Incarnation,
) {
	GinkgoHelper()
	tolerance := chaos.Target.Budgets.Tolerance.Duration()
	var left []protocol.Process
	if spec.Until(ctx, stopTimeout+tolerance, func(ctx context.Context) bool {
		left = living(ctx, sandbox, descendants...)
		return len(left) == 0
	}) {
		return
	}
	lines := [][2]string{{"before", fmt.Sprintf("pid %d with %d descendants", before.PID, len(descendants))}}
	for _, process := range left {
		lines = append(lines, [2]string{"left", fmt.Sprintf("pid %d in session %d, its parent is now pid %d: %s",
			process.PID, process.Session, process.Parent, strings.Join(process.Argv, " "))})
	}
	lines = append(lines, [2]string{"zinit", sandbox.Word(ctx, plan.Name)})
	spec.FailWith(chaos, fmt.Sprintf("%d of the descendants of %s still lived %s after it was over, when it %s",
		len(left), plan.Name, stopTimeout+tolerance, past(what)), lines...)
}

// familyOf are the descendants of a process that are of a kind.
func familyOf(ctx context.Context, sandbox *session.Sandbox, root record.Incarnation, kind family) []record.Incarnation {
	GinkgoHelper()
	table, err := sandbox.Agent().Processes(ctx)
	spec.Conclude(err)
	var top protocol.Process
	parents := map[int]bool{root.PID: true}
	var found []record.Incarnation
	for range table { // a child may stand before its parent where pids began again
		for _, process := range table {
			switch {
			case process.PID == root.PID:
				top = process
			case parents[process.Parent]:
				parents[process.PID] = true
			}
		}
	}
	for _, process := range table {
		if process.PID != root.PID && parents[process.PID] && kind.is(top, process) {
			found = append(found, process.Incarnation)
		}
	}
	return found
}

// living are those of some processes that are still there and no zombies.
func living(ctx context.Context, sandbox *session.Sandbox, those ...record.Incarnation) []protocol.Process {
	table, err := sandbox.Agent().Processes(ctx)
	if err != nil {
		return []protocol.Process{{Incarnation: those[0]}} // not known to be gone
	}
	return slices.DeleteFunc(table, func(p protocol.Process) bool {
		return p.State == "Z" || p.State == "X" || !slices.ContainsFunc(those, func(one record.Incarnation) bool {
			return one.PID == p.PID && one.StartTime == p.StartTime
		})
	})
}
