package registration

import (
	"context"
	"fmt"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// deleteService deletes a victim.
func (a access) deleteService(ctx context.Context, name string) {
	GinkgoHelper()
	By("delete " + name)
	spec.Conclude(a.Delete(ctx, name))
}

// itIsGone registers the spec of a service that is deleted: neither its definition nor a process stays or comes back.
func itIsGone(chaos *session.Session, plan session.VictimPlan) {
	itHoldsApart(promise.RegistrationDelete, "is gone with its processes", plan.Name, func(ctx SpecContext) {
		a := openOwn(ctx, chaos, "delete")
		spec.Victim(ctx, a.Sandbox, plan)
		a.deleteService(ctx, plan.Name)
		isGone := func(ctx context.Context) bool {
			_, err := a.Supervisor.Status(ctx, plan.Name)
			return isRefused(err) && len(a.findProcesses(ctx, plan)) == 0
		}
		const goneLimit = stopTimeout + reactionLimit
		if !spec.Watch(ctx, goneLimit, "wait until "+plan.Name+" is gone", isGone) {
			spec.FailWith(chaos, fmt.Sprintf("%s is not gone %s after it was deleted", plan.Name, goneLimit),
				a.noteStatus(ctx, plan.Name), a.noteProcesses(ctx, plan))
		}
		// A restart would be due after the policy's delay.
		if spec.Watch(ctx, 2*delay, "watch whether "+plan.Name+" comes back", func(ctx context.Context) bool { return !isGone(ctx) }) {
			spec.FailWith(chaos, plan.Name+" was deleted, was gone, and came back", a.noteStatus(ctx, plan.Name), a.noteProcesses(ctx, plan))
		}
	})
}

// itIsGoneWithActions registers the spec of the actions of a service that is deleted.
func itIsGoneWithActions(chaos *session.Session, plan session.VictimPlan) {
	itHoldsApart(promise.RegistrationDeleteActions, "is gone with its actions", plan.Name, func(ctx SpecContext) {
		a := openOwn(ctx, chaos, "delete-actions")
		a.requireOwnActions(noActions)
		spec.Victim(ctx, a.Sandbox, plan)
		a.deleteService(ctx, plan.Name)
		for _, name := range plan.Definition().Service.Actions {
			var left zinit.Action
			if !spec.Watch(ctx, reactionLimit, "wait until the action "+name+" is gone", func(ctx context.Context) bool {
				var err error
				left, err = a.speaker.Action(ctx, name)
				return isRefused(err)
			}) {
				spec.FailWith(chaos, fmt.Sprintf("%s was deleted, and its action %s is still there", plan.Name, name), spec.Note("action", "%s", left.Exec))
			}
		}
	})
}

// itLeavesNeighbours registers the spec that deletes the first of three services, and then kills the last.
func itLeavesNeighbours(chaos *session.Session, first, second, third session.VictimPlan) {
	itHoldsApart(promise.RegistrationDeleteOthers, "leaves its neighbours alone", third.Name, func(ctx SpecContext) {
		a := openOwn(ctx, chaos, "neighbours")
		spec.Victim(ctx, a.Sandbox, first)
		middle, last := spec.Victim(ctx, a.Sandbox, second), spec.Victim(ctx, a.Sandbox, third)
		middleBefore, lastBefore := spec.Identify(ctx, a.Sandbox, middle), spec.Identify(ctx, a.Sandbox, last)
		a.deleteService(ctx, first.Name)
		a.expectUntouched(ctx, middle, middleBefore, "when "+first.Name+" was deleted")
		a.expectUntouched(ctx, last, lastBefore, "when "+first.Name+" was deleted")
		a.expectRestart(ctx, promise.RegistrationDeleteOthers, last)
		a.expectUntouched(ctx, middle, middleBefore, "when "+last.Name+" was killed")
	}, spec.With(fault.SIGKILL))
}

// expectUntouched expects a service to serve by the process that it had before something happened.
func (a access) expectUntouched(ctx context.Context, service session.Service, before record.Incarnation, when string) {
	GinkgoHelper()
	var now record.Incarnation
	var err error
	was := spec.Note("before", "pid %d", before.PID)
	if !spec.Watch(ctx, reactionLimit, "identify the process that serves "+service.Name, func(ctx context.Context) bool {
		now, err = spec.FindProcess(ctx, a.Sandbox, service.Endpoint)
		return err == nil
	}) {
		spec.FailWith(a.chaos, fmt.Sprintf("%s no longer serves %s", service.Name, when),
			was, spec.Note("after", "%v", err), a.noteStatus(ctx, service.Name))
	}
	if !spec.IsSameProcess(now, before) {
		spec.FailWith(a.chaos, fmt.Sprintf("%s was replaced %s", service.Name, when), was, spec.Note("after", "pid %d", now.PID))
	}
}

// itLeavesDependents registers the spec that deletes a service which another requires. Whether the other one goes on
// running is not promised.
func itLeavesDependents(chaos *session.Session, base, orphan session.VictimPlan) {
	orphan.Requires = []string{base.Name}
	itHoldsApart(promise.RegistrationDeleteDependent, "leaves those registered that require it", orphan.Name, func(ctx SpecContext) {
		a := openOwn(ctx, chaos, "delete-dependents")
		spec.Victim(ctx, a.Sandbox, base)
		spec.Victim(ctx, a.Sandbox, orphan)
		spec.Hold(ctx, a.Sandbox, orphan.Name)
		a.deleteService(ctx, base.Name)
		_, err := a.Supervisor.Get(ctx, orphan.Name)
		if isRefused(err) {
			spec.FailWith(chaos, fmt.Sprintf("%s is no longer registered since %s, which it requires, was deleted", orphan.Name, base.Name),
				noteAnswer(err), a.noteProcesses(ctx, orphan))
		}
		spec.Conclude(err)
	})
}
