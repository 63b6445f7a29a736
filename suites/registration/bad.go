package registration

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// badDefinitions registers the specs of invalid definitions.
func badDefinitions(chaos *session.Session) {
	itIsRefused(chaos, promise.RegistrationBadCommand, "bad-command")
	itIsRefused(chaos, promise.RegistrationBadName, "bad-name")
	itIsRefused(chaos, promise.RegistrationBadPolicy, "bad-policy")
	itIsRefused(chaos, promise.RegistrationBadType, "bad-type")
	itChangesNothing(chaos, planVictim(chaos, "bad-harmless").WithHealth(rareSchedule(), stopTimeout))
}

// itIsRefused registers the spec that tries every mistake of a group, each under a name of its own.
func itIsRefused(chaos *session.Session, p, group string) {
	itHoldsApart(p, "is refused: "+group, session.VictimName(group), func(ctx SpecContext) {
		a := openOwn(ctx, chaos, "bad")
		a.mendAfterwards()
		var found []string
		tried := 0
		for i, m := range mistakes() {
			if m.promise != p {
				continue
			}
			plan := planMistaken(chaos, group, i)
			request, expressible := a.makeMistake(plan, m)
			if !expressible {
				continue
			}
			tried++
			By("register a service with " + m.what)
			result, err := a.call(ctx, request)
			switch {
			case isRefused(err):
			case err == nil:
				found = append(found, fmt.Sprintf("%s was accepted: %s answered %s", m.what, request.Method, result))
				a.discard(ctx, plan)
			case errors.Is(err, zinit.ErrConnection):
				found = append(found, fmt.Sprintf("%s was not answered: %v", m.what, err))
			}
		}
		if tried == 0 {
			spec.Inconclusive("this supervisor has none of the members that could be wrong, or it is not known where")
		}
		if len(found) > 0 {
			spec.FailWith(chaos, fmt.Sprintf("%d of %d invalid definitions were not refused", len(found), tried), spec.List("found", found)...)
		}
	})
}

// itChangesNothing registers the spec that tries every mistake on a service that runs, compares its definition after each,
// and kills it at last. In zinit 0.3, whose service.set changes no service, it tries them on another service.
func itChangesNothing(chaos *session.Session, plan session.VictimPlan) {
	itHoldsApart(promise.RegistrationBadHarmless, "changes nothing", plan.Name, func(ctx SpecContext) {
		a := openOwn(ctx, chaos, "bad")
		service := spec.Victim(ctx, a.Sandbox, plan)
		a.mendAfterwards()
		spec.Hold(ctx, a.Sandbox, plan.Name) // a definition that is accepted may replace it
		before, process := flatten(a.readDefinition(ctx, plan.Name)), spec.Identify(ctx, a.Sandbox, service)
		accepted := 0
		for i, m := range mistakes() {
			subject := plan
			if a.dialect == zinit.Dialect03 {
				subject = planMistaken(chaos, "bad-beside", i)
			}
			request, expressible := a.makeMistake(subject, m)
			if !expressible {
				continue
			}
			By(fmt.Sprintf("register %s with %s", subject.Name, m.what))
			err := a.send(ctx, request)
			if !isRefused(err) { // another promise judges that; here it is taken back
				accepted++
				if subject.Name == plan.Name {
					spec.Conclude(a.set(ctx, plan.Definition()))
				} else {
					a.discard(ctx, subject)
				}
				continue
			}
			if changed := findChanges(before, flatten(a.readDefinition(ctx, plan.Name))); len(changed) > 0 {
				spec.FailWith(chaos, fmt.Sprintf("%s was changed by a definition that was refused, with %s", plan.Name, m.what),
					append(spec.List("changed", changed), noteAnswer(err))...)
			}
			if _, err := a.Supervisor.Get(ctx, subject.Name); subject.Name != plan.Name && !isRefused(err) {
				spec.FailWith(chaos, fmt.Sprintf("%s was refused with %s, and is registered all the same", subject.Name, m.what))
			}
		}
		if now := spec.Identify(ctx, a.Sandbox, service); accepted == 0 && !spec.IsSameProcess(now, process) {
			spec.FailWith(chaos, plan.Name+" was replaced while bad definitions of it were refused",
				spec.Note("before", "pid %d", process.PID), spec.Note("after", "pid %d", now.PID))
		}
		a.expectRestart(ctx, promise.RegistrationBadHarmless, service)
	}, spec.With(fault.SIGKILL))
}

// makeMistake returns the request that registers a victim with a mistake in it, and false if the spelling has no such member.
func (a access) makeMistake(plan session.VictimPlan, m mistake) (zinit.Document, bool) {
	GinkgoHelper()
	if a.speaker == nil {
		document, err := zinit.LegacyDocument(plan.Definition())
		spec.Conclude(err)
		if params, isObject := document.Params.(map[string]any); isObject && m.legacy != "" {
			put(params, strings.Split(m.legacy, "."), m.legacyValue())
			return document, true
		}
		return document, false
	}
	at, value, expressible := m.place(a.speaker.Spelling())
	if !expressible {
		return zinit.Document{}, false
	}
	documents, err := a.speaker.Documents(plan.Definition(), m.change(at, value))
	if errors.Is(err, zinit.ErrNotExpressible) {
		return zinit.Document{}, false
	}
	spec.Conclude(err)
	i := slices.IndexFunc(documents, func(document zinit.Document) bool { return document.Of == m.of })
	if i < 0 { // it is in the service's
		i = len(documents) - 1
	}
	return documents[i], true
}

// planMistaken plans a victim for a mistake, which is never to run.
func planMistaken(chaos *session.Session, group string, i int) session.VictimPlan {
	return planVictim(chaos, fmt.Sprintf("%s-%d", group, i)).WithHealth(rareSchedule(), stopTimeout)
}

// discard removes what a mistake has left.
func (a access) discard(ctx context.Context, plan session.VictimPlan) {
	_ = a.Supervisor.Delete(ctx, plan.Name)
	if a.speaker != nil {
		for _, action := range plan.Definition().Service.Actions {
			_ = a.speaker.DeleteAction(ctx, action)
		}
	}
}

// findChanges returns a line for each member that is not as it was.
func findChanges(before, after map[string]string) []string {
	var changed []string
	for _, member := range slices.Sorted(maps.Keys(before)) {
		if after[member] != before[member] {
			changed = append(changed, fmt.Sprintf("%s: from %s to %s", member, before[member], after[member]))
		}
	}
	return changed
}
