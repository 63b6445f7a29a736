package registration

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// dependsOnItself reports whether a service requires itself or comes after itself.
func dependsOnItself(service zinit.Service) bool {
	return slices.Contains(service.Dependencies.Requires, service.Name) || slices.Contains(service.Dependencies.After, service.Name)
}

// defineSelfDependent returns a victim's definition with a dependency on itself.
func defineSelfDependent(plan session.VictimPlan) zinit.Definition {
	definition := plan.Definition()
	definition.Service.Dependencies = zinit.Dependencies{Requires: []string{plan.Name}, After: []string{plan.Name}}
	return definition
}

// itIsNeverOnItself registers the spec of the image's own definitions.
func itIsNeverOnItself(chaos *session.Session) {
	itHolds(promise.RegistrationNoSelf, "of a service of the image is never on itself", "", func(ctx SpecContext) {
		a := openMain(ctx, chaos)
		var found []string
		for _, name := range a.listShipped(ctx) {
			service, err := a.Supervisor.Get(ctx, name)
			spec.Conclude(err)
			if dependsOnItself(service) {
				found = append(found, name)
			}
		}
		if len(found) > 0 {
			spec.FailWith(chaos, "services of the image depend on themselves", spec.List("itself", found)...)
		}
	})
}

// itIsFilteredOrRefused registers the spec of a service that depends on itself.
func itIsFilteredOrRefused(chaos *session.Session, plan session.VictimPlan) {
	itHoldsApart(promise.RegistrationSelf, "on itself is filtered or refused", plan.Name, func(ctx SpecContext) {
		a := openOwn(ctx, chaos, "self")
		a.mendAfterwards() // first, so that it runs last: the removal can end a supervisor
		a.deleteAfterwards(plan.Name)
		err := a.set(ctx, defineSelfDependent(plan))
		if isRefused(err) {
			return
		}
		spec.Conclude(err)
		if a.awaitRunning(ctx, reactionLimit+startLimit, plan) != "" {
			spec.FailWith(chaos, plan.Name+" was accepted with a dependency on itself, and does not run",
				a.noteStatus(ctx, plan.Name), spec.Note("waited", "%s", reactionLimit+startLimit))
		}
		service, err := a.Supervisor.Get(ctx, plan.Name)
		spec.Conclude(err)
		if dependsOnItself(service) {
			spec.FailWith(chaos, plan.Name+" runs, and still depends on itself by its definition")
		}
	})
}

// itDoesNotHinderRemoval registers the spec that deletes a service which depends on itself. If it is refused, there is
// nothing to delete.
func itDoesNotHinderRemoval(chaos *session.Session, plan session.VictimPlan) {
	itHoldsApart(promise.RegistrationSelfDelete, "on itself does not hinder the service's removal", plan.Name, func(ctx SpecContext) {
		a := openOwn(ctx, chaos, "self-deleted")
		a.mendAfterwards()
		err := a.set(ctx, defineSelfDependent(plan))
		if isRefused(err) {
			return
		}
		spec.Conclude(err)
		before := a.identifySupervisor(ctx)
		By("delete " + plan.Name)
		deleteErr := a.deleteAtOnce(ctx, plan.Name)
		deleted := spec.Note("delete", "%s", describeAnswer(deleteErr))
		var pingErr error
		alive := spec.Watch(ctx, zinit.CallTimeout, "wait until the supervisor answers", func(ctx context.Context) bool {
			ctx, cancel := context.WithTimeout(ctx, spec.AnswerLimit)
			defer cancel()
			_, pingErr = a.Supervisor.Ping(ctx)
			return pingErr == nil
		})
		if !alive {
			spec.FailWith(chaos, fmt.Sprintf("the supervisor does not answer since %s was deleted, which depended on itself", plan.Name),
				deleted, spec.Note("ping", "%v", pingErr))
		}
		if now := a.identifySupervisor(ctx); !spec.IsSameProcess(now, before) {
			spec.FailWith(chaos, fmt.Sprintf("the supervisor ended when %s was deleted, which depended on itself", plan.Name),
				spec.Note("before", "pid %d", before.PID), spec.Note("after", "pid %d", now.PID), deleted)
		}
		if deleteErr != nil {
			spec.FailWith(chaos, plan.Name+", which depends on itself, could not be deleted", deleted)
		}
	})
}

// deleteAtOnce deletes a service without what 0.3 is spared otherwise (zinit.Supervisor).
func (a access) deleteAtOnce(ctx context.Context, name string) error {
	if a.client != nil {
		return a.client.Delete(ctx, name)
	}
	return a.Supervisor.Delete(ctx, name)
}

// identifySupervisor returns the process that serves the supervisor's socket.
func (a access) identifySupervisor(ctx context.Context) record.Incarnation {
	GinkgoHelper()
	endpoint := protocol.Endpoint{Socket: a.ZinitSocket()}
	if a.speaker != nil {
		if port := a.speaker.Spelling().Transport.Port; port != 0 {
			endpoint = protocol.Endpoint{Port: port}
		}
	}
	process, err := spec.FindProcess(ctx, a.Sandbox, endpoint)
	spec.Conclude(err)
	return process
}

// itWaitsForService registers the spec of a service that is registered before what it requires.
func itWaitsForService(chaos *session.Session, plan, base session.VictimPlan) {
	plan.Requires = []string{base.Name}
	itHolds(promise.RegistrationUnknown, "on an unknown service is waited for", plan.Name, func(ctx SpecContext) {
		a := openMain(ctx, chaos)
		a.deleteAfterwards(base.Name)
		a.deleteAfterwards(plan.Name)
		By("register " + plan.Name)
		_, err := a.Supervisor.Register(ctx, plan.Definition())
		if isRefused(err) {
			spec.FailWith(chaos, fmt.Sprintf("%s was refused because it requires %s, which is not there yet", plan.Name, base.Name), noteAnswer(err))
		}
		spec.Conclude(err)
		if spec.Watch(ctx, reactionLimit, "watch whether "+plan.Name+" starts without "+base.Name, func(ctx context.Context) bool {
			return len(a.findProcesses(ctx, plan)) > 0
		}) {
			spec.FailWith(chaos, fmt.Sprintf("%s runs without %s, which it requires", plan.Name, base.Name), a.noteStatus(ctx, plan.Name))
		}
		By("register " + base.Name)
		_, err = a.Supervisor.Register(ctx, base.Definition())
		spec.Conclude(err)
		switch a.awaitRunning(ctx, runLimit, base, plan) {
		case base.Name:
			spec.Inconclusive(fmt.Sprintf("%s itself does not run: %s", base.Name, a.StatusText(ctx, base.Name)))
		case plan.Name:
			spec.FailWith(chaos, fmt.Sprintf("%s does not run, though %s does, which it waited for", plan.Name, base.Name),
				a.noteStatus(ctx, plan.Name), spec.Note("waited", "%s", runLimit))
		}
	})
}

// itWaitsForAction registers the spec of a service that is registered before its action.
func itWaitsForAction(chaos *session.Session, plan session.VictimPlan) {
	itHolds(promise.RegistrationMissingAction, "on an action that comes later is waited for", plan.Name, func(ctx SpecContext) {
		a := openMain(ctx, chaos)
		a.requireOwnActions("actions that could be registered on their own")
		a.deleteAfterwards(plan.Name)
		definition := plan.Definition()
		By("register " + plan.Name + " without its action")
		err := a.setService(ctx, definition.Service)
		if isRefused(err) {
			spec.FailWith(chaos, plan.Name+" was refused because its action is not there yet", noteAnswer(err))
		}
		spec.Conclude(err)
		By("register the action of " + plan.Name)
		registered := spec.Now(ctx, a.Sandbox)
		_, err = a.setAction(ctx, definition.Actions[0])
		spec.Conclude(err)
		if a.awaitRunning(ctx, runLimit, plan) != "" {
			spec.FailWith(chaos, plan.Name+" does not run, though its action is there now", a.noteStatus(ctx, plan.Name))
		}
		took := time.Duration(spec.FirstStart(ctx, a.Sandbox, plan) - registered)
		if limit := reactionLimit + spec.Tolerance(chaos); took > limit {
			spec.FailWith(chaos, fmt.Sprintf("%s started %s after its action was there", plan.Name, took.Round(time.Millisecond)), spec.Note("allowed", "%s", limit))
		}
	})
}

// itClosesNoCycle registers the spec of three services that require each other in a circle.
func itClosesNoCycle(chaos *session.Session, first, second, third session.VictimPlan) {
	first.Requires, second.Requires, third.Requires = []string{second.Name}, []string{third.Name}, []string{first.Name}
	itHoldsApart(promise.RegistrationCycle, "that closes a cycle is refused", third.Name, func(ctx SpecContext) {
		a := openOwn(ctx, chaos, "cycle")
		a.mendAfterwards() // first, so that it runs last: a removal can end a supervisor
		for _, plan := range []session.VictimPlan{first, second, third} {
			a.deleteAfterwards(plan.Name)
		}
		for _, plan := range []session.VictimPlan{first, second} {
			err := a.set(ctx, plan.Definition())
			if isRefused(err) {
				spec.Inconclusive(fmt.Sprintf("no cycle can be made: %s is refused while what it requires is not there: %v", plan.Name, err))
			}
			spec.Conclude(err)
		}
		err := a.set(ctx, third.Definition())
		if !isRefused(err) {
			if err != nil && !errors.Is(err, zinit.ErrConnection) {
				spec.Conclude(err)
			}
			spec.FailWith(chaos, "three services that require each other in a circle were accepted", noteAnswer(err), a.noteStatus(ctx, third.Name))
		}
		if _, getErr := a.Supervisor.Get(ctx, third.Name); getErr == nil {
			spec.FailWith(chaos, third.Name+" was refused because it closes a cycle, and is registered all the same", noteAnswer(err))
		}
		open := third
		open.Requires = nil
		spec.Conclude(a.set(ctx, open.Definition()))
		if a.awaitRunning(ctx, 3*(reactionLimit+startLimit), open, second, first) != "" {
			spec.FailWith(chaos, "a cycle was refused, and without it the services do not run",
				a.noteStatus(ctx, first.Name), a.noteStatus(ctx, second.Name), a.noteStatus(ctx, third.Name))
		}
	})
}
