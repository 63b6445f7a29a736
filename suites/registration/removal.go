package registration

import (
	"context"
	"fmt"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// isGone are the specs of a removal.
func isGone(chaos *session.Session) {
	plan := victim(chaos, "deleted")
	about(promise.RegistrationDelete, "is gone with its processes", plan.Name, func(ctx SpecContext) {
		leavesNothing(ctx, alone(ctx, chaos, "delete"), plan)
	})
	actions := victim(chaos, "deleted-actions")
	about(promise.RegistrationDeleteActions, "is gone with its actions", actions.Name, func(ctx SpecContext) {
		leavesNoActions(ctx, alone(ctx, chaos, "delete-actions"), actions)
	})
	about(promise.RegistrationDeleteOthers, "leaves its neighbours alone", session.VictimName("neighbour3"), func(ctx SpecContext) {
		leavesNeighbours(ctx, alone(ctx, chaos, "neighbours"))
	}, spec.With(fault.SIGKILL))
	about(promise.RegistrationDeleteDependent, "leaves those registered that require it", session.VictimName("orphan"), func(ctx SpecContext) {
		leavesDependents(ctx, alone(ctx, chaos, "delete-dependents"))
	})
}

func leavesNothing(ctx context.Context, g ground, plan session.VictimPlan) {
	spec.Victim(ctx, g.Sandbox, plan)
	spec.Conclude(g.Delete(ctx, plan.Name))
	const patience = stopTimeout + answering
	gone := func(ctx context.Context) bool {
		_, err := g.Supervisor.Status(ctx, plan.Name)
		return refused(err) && len(g.instances(ctx, plan)) == 0
	}
	lines := func() [][2]string {
		return [][2]string{{"zinit", g.Word(ctx, plan.Name)}, {"runs", fmt.Sprintf("%d processes", len(g.instances(ctx, plan)))}}
	}
	if !spec.Until(ctx, patience, gone) {
		spec.Conclude(ctx.Err())
		g.broken(promise.RegistrationDelete, plan.Name, fmt.Sprintf("%s is not gone %s after it was deleted", plan.Name, patience), lines()...)
	}
	// A restart would be due after the policy's delay: that time is what is watched.
	if spec.Until(ctx, 2*delay, func(ctx context.Context) bool { return !gone(ctx) }) {
		g.broken(promise.RegistrationDelete, plan.Name, fmt.Sprintf("%s was deleted, gone, and came back", plan.Name), lines()...)
	}
	spec.Conclude(ctx.Err())
}

func leavesNoActions(ctx context.Context, g ground, plan session.VictimPlan) {
	g.needsJobModel(noActions)
	plan = plan.WithHealth(seldom(), stopTimeout)
	spec.Victim(ctx, g.Sandbox, plan)
	spec.Conclude(g.Delete(ctx, plan.Name))
	for _, name := range plan.Definition().Service.Actions {
		var left zinit.Action
		if !spec.Until(ctx, answering, func(ctx context.Context) bool {
			var err error
			left, err = g.client.Action(ctx, name)
			return refused(err)
		}) {
			spec.Conclude(ctx.Err())
			g.broken(promise.RegistrationDeleteActions, plan.Name,
				fmt.Sprintf("%s was deleted, and its action %s is still there", plan.Name, name), [2]string{"action", left.Exec})
		}
	}
}

// leavesNeighbours deletes the first of three and kills the last.
func leavesNeighbours(ctx context.Context, g ground) {
	var services []session.Service
	for i := range 3 {
		services = append(services, spec.Victim(ctx, g.Sandbox, victim(g.chaos, fmt.Sprintf("neighbour%d", i+1))))
	}
	middle, last := spec.Identify(ctx, g.Sandbox, services[1]), spec.Identify(ctx, g.Sandbox, services[2])
	spec.Conclude(g.Delete(ctx, services[0].Name))
	unchanged := func(service session.Service, pid int, start uint64, when string) {
		var found protocol.Identity
		var err error
		if !spec.Until(ctx, answering, func(ctx context.Context) bool {
			found, err = g.Agent().Identify(ctx, endpointOf(service.Endpoint.Socket))
			return err == nil
		}) {
			spec.Conclude(ctx.Err())
			g.broken(promise.RegistrationDeleteOthers, service.Name, fmt.Sprintf("%s does not serve any more %s", service.Name, when),
				[2]string{"before", fmt.Sprintf("pid %d", pid)}, [2]string{"after", err.Error()}, [2]string{"zinit", g.Word(ctx, service.Name)})
		} else if now := found.Serving; now.PID != pid || now.StartTime != start {
			g.broken(promise.RegistrationDeleteOthers, service.Name, fmt.Sprintf("%s was replaced %s", service.Name, when),
				[2]string{"before", fmt.Sprintf("pid %d", pid)}, [2]string{"after", fmt.Sprintf("pid %d", now.PID)})
		}
	}
	unchanged(services[1], middle.PID, middle.StartTime, "when "+services[0].Name+" was deleted")
	unchanged(services[2], last.PID, last.StartTime, "when "+services[0].Name+" was deleted")
	g.comesBack(ctx, promise.RegistrationDeleteOthers, services[2])
	unchanged(services[1], middle.PID, middle.StartTime, "when "+services[2].Name+" was killed")
}

func leavesDependents(ctx context.Context, g ground) {
	base, orphan := victim(g.chaos, "parent"), victim(g.chaos, "orphan")
	orphan.Requires = []string{base.Name}
	spec.Victim(ctx, g.Sandbox, base)
	spec.Victim(ctx, g.Sandbox, orphan)
	spec.Hold(ctx, g.Sandbox, orphan.Name) // whether it goes on running without its base is not promised
	spec.Conclude(g.Delete(ctx, base.Name))
	if _, err := g.Supervisor.Get(ctx, orphan.Name); refused(err) {
		g.broken(promise.RegistrationDeleteDependent, orphan.Name,
			fmt.Sprintf("%s is no longer registered since %s, which it requires, was deleted", orphan.Name, base.Name),
			[2]string{"zinit", answer(err)}, [2]string{"runs", fmt.Sprintf("%d processes", len(g.instances(ctx, orphan)))})
	} else {
		spec.Conclude(err)
	}
}
