package registration

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// noActions is why zinit 0.3 cannot be asked which service an action belongs to.
const noActions = "actions: a service has one command"

// actionNames registers the specs of which service an action belongs to.
func actionNames(chaos *session.Session) {
	itHolds(promise.RegistrationUniqueActions, "is one service's in the whole image", "", func(ctx SpecContext) {
		findSharedActions(ctx, openMain(ctx, chaos)).Judge(chaos)
	})
	itHolds(promise.RegistrationActionNames, "is made of the service's", "", func(ctx SpecContext) {
		a := openMain(ctx, chaos)
		a.requireActionNames(noActions)
		var missing []string
		for _, name := range a.listShipped(ctx) {
			service, err := a.Supervisor.Get(ctx, name)
			spec.Conclude(err)
			for _, wanted := range []string{zinit.RunActionName(name), zinit.HealthActionName(name)} {
				if !slices.Contains(service.Actions, wanted) {
					missing = append(missing, fmt.Sprintf("%s is missing; %s names %v", wanted, name, service.Actions))
				}
			}
		}
		if len(missing) > 0 {
			spec.FailWith(chaos, "actions of the image are not called after their service", spec.List("found", missing)...)
		}
	})
	itIsNotTakenOver(chaos, planVictim(chaos, "owner"), planVictim(chaos, "thief"))
	itIsRunOnce(chaos, planVictim(chaos, "shared"))
}

// findSharedActions compares the actions that each service names with those of all others, and with the actions that exist.
func findSharedActions(ctx context.Context, a access) spec.Finding {
	GinkgoHelper()
	a.requireActionNames(noActions)
	By("list the image's actions")
	actions, err := a.Supervisor.Actions(ctx, "")
	spec.Conclude(err)
	known := map[string]zinit.Action{}
	var found []string
	for _, action := range actions {
		if other, twice := known[action.Name]; twice {
			found = append(found, fmt.Sprintf("%s is there twice, of %s and of %s", action.Name, other.Service, action.Service))
		}
		known[action.Name] = action
	}
	owners := map[string]string{}
	for _, name := range a.listShipped(ctx) {
		service, err := a.Supervisor.Get(ctx, name)
		spec.Conclude(err)
		for _, action := range service.Actions {
			defined, exists := known[action]
			switch other := owners[action]; {
			case other != "" && other != name:
				found = append(found, fmt.Sprintf("%s is named by %s and by %s", action, other, name))
			case !exists:
				found = append(found, fmt.Sprintf("%s is named by %s, and does not exist", action, name))
			case defined.Service != "" && defined.Service != name:
				found = append(found, fmt.Sprintf("%s belongs to %s, and is named by %s", action, defined.Service, name))
			}
			owners[action] = name
		}
	}
	if len(found) == 0 {
		return spec.Finding{}
	}
	return spec.Finding{Headline: "services of the image share actions, or name some that do not exist", Cases: found}
}

// itIsNotTakenOver registers the spec of an action that is set under a name which another service owns. A supervisor may
// refuse it, or say that it replaced the first.
func itIsNotTakenOver(chaos *session.Session, plan, thief session.VictimPlan) {
	itHoldsApart(promise.RegistrationCollision, "is not taken over in silence", plan.Name, func(ctx SpecContext) {
		a := openOwnWithActions(ctx, chaos, noActions)
		service := spec.Victim(ctx, a.Sandbox, plan)
		a.deleteAfterwards(thief.Name)
		name := zinit.RunActionName(plan.Name)
		before, err := a.speaker.Action(ctx, name)
		spec.Conclude(err)
		By(fmt.Sprintf("set the action %s for %s", name, thief.Name))
		stolen := thief.Definition().Actions[0]
		stolen.Name = name
		answer, setErr := a.setAction(ctx, stolen)
		if !isRefused(setErr) {
			spec.Conclude(setErr)
		}
		after, err := a.speaker.Action(ctx, name)
		spec.Conclude(err)
		now := spec.Note("now", "of %s: %s", after.Service, after.Exec)
		replaced, said := saysReplaced(answer)
		switch unchanged := after.Exec == before.Exec && after.Service == before.Service; {
		case setErr == nil && !said && a.client == nil:
			spec.Inconclusive("it is not known where this supervisor would say that an action was replaced (the answer is " + string(answer) + ")")
		case setErr == nil && !replaced:
			spec.FailWith(chaos, fmt.Sprintf("action %s of %s was set for %s as well, and the answer does not say so", name, plan.Name, thief.Name),
				spec.Note("answer", "ok, replaced: false"), now)
		case setErr != nil && !unchanged:
			spec.FailWith(chaos, fmt.Sprintf("action %s of %s was refused to %s, and changed all the same", name, plan.Name, thief.Name), noteAnswer(setErr), now)
		case setErr != nil:
			a.expectRestart(ctx, promise.RegistrationCollision, service)
		}
	}, spec.With(fault.SIGKILL))
}

// saysReplaced returns whether an answer says that an action was replaced; false if it says nothing of it.
func saysReplaced(answer json.RawMessage) (replaced, said bool) {
	var read struct {
		Replaced *bool `json:"replaced"`
	}
	if json.Unmarshal(answer, &read) != nil || read.Replaced == nil {
		return false, false
	}
	return *read.Replaced, true
}

// itIsRunOnce registers the spec of a service that names another's action.
func itIsRunOnce(chaos *session.Session, plan session.VictimPlan) {
	itHoldsApart(promise.RegistrationSharedAction, "that two services name is run by one", plan.Name, func(ctx SpecContext) {
		a := openOwnWithActions(ctx, chaos, noActions)
		spec.Victim(ctx, a.Sandbox, plan)
		second, name := session.VictimName("second"), zinit.RunActionName(plan.Name)
		a.deleteAfterwards(second)
		By(fmt.Sprintf("register %s, which names the action %s", second, name))
		setErr := a.setService(ctx, zinit.Service{Name: second, Actions: []string{name}})
		if !isRefused(setErr) {
			spec.Conclude(setErr)
		}
		if spec.Watch(ctx, reactionLimit+delay, "watch whether "+plan.Name+" runs twice", func(ctx context.Context) bool {
			return len(a.findProcesses(ctx, plan)) > 1
		}) {
			spec.FailWith(chaos, fmt.Sprintf("%s runs twice since %s names its action %s", plan.Name, second, name), noteAnswer(setErr), a.noteProcesses(ctx, plan))
		}
		action, err := a.speaker.Action(ctx, name)
		spec.Conclude(err)
		if action.Service != "" && action.Service != plan.Name {
			spec.FailWith(chaos, fmt.Sprintf("action %s went from %s to %s, which only named it", name, plan.Name, action.Service))
		}
	})
}
