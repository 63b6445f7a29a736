package processtree

import (
	"context"
	"fmt"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// family is a kind of descendants of a service's process.
type family struct {
	name     string
	grow     func(*session.VictimPlan)
	includes func(root, descendant protocol.Process) bool
}

var (
	group = family{
		"group", func(plan *session.VictimPlan) { plan.Options.Children = 2 },
		func(root, p protocol.Process) bool { return p.Group == root.Group },
	}
	ownSession = family{
		"session", func(plan *session.VictimPlan) { plan.Options.SetsidChild = true },
		func(root, p protocol.Process) bool { return p.Session != root.Session },
	}
)

// familySpecs registers the specs of what becomes of descendants.
func familySpecs(chaos *session.Session) {
	for _, c := range []struct {
		family             family
		restarted, stopped string
	}{
		{group, promise.TreeRestartGroup, promise.TreeStopGroup},
		{ownSession, promise.TreeRestartSession, promise.TreeStopSession},
	} {
		plan := func(name string) session.VictimPlan {
			plan := planVictim(chaos, "tree-"+c.family.name+"-"+name)
			c.family.grow(&plan)
			return plan
		}
		itEndsTogether(chaos, c.family, c.restarted, plan("killed"), "killed", kill)
		itEndsTogether(chaos, c.family, c.restarted, plan("restarted"), "restarted by service.restart", restart)
		itEndsTogether(chaos, c.family, c.stopped, plan("stopped"), "stopped", nil)
	}
}

// itEndsTogether registers the spec of one kind of descendants and one way to end the service. Without replace the service
// is stopped for good.
func itEndsTogether(chaos *session.Session, kind family, p string, plan session.VictimPlan, what string, replace order) {
	It("ends when it is "+what+": "+plan.Name, spec.About(p), spec.On(plan.Name), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
		service := spec.Victim(ctx, sandbox, plan)
		spec.Hold(ctx, sandbox, plan.Name)
		before := spec.Identify(ctx, sandbox, service)
		descendants := listDescendants(ctx, sandbox, before, kind)
		if len(descendants) == 0 {
			spec.Inconclusive("the victim has no descendants of that kind")
		}

		By("wait until " + plan.Name + " is " + what)
		if replace != nil {
			requireTaken(replace(ctx, sandbox, p, service))
			if _, ok := spec.AwaitSuccessor(ctx, sandbox, service, before, successorLimit); !ok {
				spec.Inconclusive("the service was not replaced, so that nothing had to end with it")
			}
		} else {
			requireTaken(sandbox.Supervisor.Stop(ctx, plan.Name))
			if !spec.Until(ctx, successorLimit, func(ctx context.Context) bool { return spec.HasEnded(ctx, sandbox, before) }) {
				spec.Inconclusive("the service was not stopped, so that nothing had to end with it")
			}
		}

		// A gentle end of the descendants may take the stop timeout.
		limit := stopTimeout + spec.Tolerance(chaos)
		By(fmt.Sprintf("wait until the descendants of %s have ended", plan.Name))
		var left []protocol.Process
		var err error
		if spec.Until(ctx, limit, func(ctx context.Context) bool {
			left, err = spec.FindLiving(ctx, sandbox, descendants...)
			return err == nil && len(left) == 0
		}) {
			return
		}
		spec.Conclude(err)
		var alive []string
		for _, process := range left {
			alive = append(alive, fmt.Sprintf("pid %d in session %d, its parent is now pid %d: %s",
				process.PID, process.Session, process.Parent, strings.Join(process.Argv, " ")))
		}
		lines := append([]spec.Line{spec.Note("before", "pid %d with %s", before.PID, spec.Count(len(descendants), "descendant"))}, spec.List("left", alive)...)
		spec.FailWith(chaos, fmt.Sprintf("%d of the descendants of %s still lived %s after it was %s", len(left), plan.Name, limit, what),
			append(lines, spec.Note("zinit", "%s", sandbox.StatusText(ctx, plan.Name)))...)
	}, NodeTimeout(time.Minute))
}

// listDescendants returns the descendants of a process that a family includes.
func listDescendants(ctx context.Context, sandbox *session.Sandbox, root record.Incarnation, kind family) []record.Incarnation {
	GinkgoHelper()
	By(fmt.Sprintf("list the descendants of process %d", root.PID))
	table, err := sandbox.Agent().Processes(ctx)
	spec.Conclude(err)
	var top protocol.Process
	parents := map[int]bool{root.PID: true}
	for range table { // a child may precede its parent in the table if pids began again
		for _, process := range table {
			switch {
			case process.PID == root.PID:
				top = process
			case parents[process.Parent]:
				parents[process.PID] = true
			}
		}
	}
	var found []record.Incarnation
	for _, process := range table {
		if process.PID != root.PID && parents[process.PID] && kind.includes(top, process) {
			found = append(found, process.Incarnation)
		}
	}
	return found
}
