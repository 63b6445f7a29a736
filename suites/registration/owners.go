package registration

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// noActions is why zinit 0.3 cannot be asked who owns an action.
const noActions = "actions: a service has one command"

// belongsToOne are the specs of who owns an action.
func belongsToOne(chaos *session.Session) {
	about(promise.RegistrationUniqueActions, "is one service's in the whole image", "", func(ctx SpecContext) {
		isUnique(ctx, shared(ctx, chaos))
	})
	about(promise.RegistrationActionNames, "is made of the service's", "", func(ctx SpecContext) {
		areCalledAfterTheirService(ctx, shared(ctx, chaos))
	})
	owner := victim(chaos, "owner")
	about(promise.RegistrationCollision, "is not taken over in silence", owner.Name, func(ctx SpecContext) {
		isNotTakenOver(ctx, aloneWithActions(ctx, chaos, noActions), owner)
	}, spec.With(fault.SIGKILL))
	named := victim(chaos, "shared")
	about(promise.RegistrationSharedAction, "that two services name is run by one", named.Name, func(ctx SpecContext) {
		runsOnce(ctx, aloneWithActions(ctx, chaos, noActions), named)
	})
}

// isUnique holds every service's list of actions against all others' and against the actions that there are.
func isUnique(ctx context.Context, g ground) {
	g.needsJobModel(noActions)
	actions, err := g.client.Actions(ctx, "")
	spec.Conclude(err)
	known := map[string]zinit.Action{}
	var lines [][2]string
	for _, action := range actions {
		if other, twice := known[action.Name]; twice {
			lines = append(lines, [2]string{"twice", fmt.Sprintf("%s, of %s and of %s", action.Name, other.Service, action.Service)})
		}
		known[action.Name] = action
	}
	owners := map[string]string{}
	for _, name := range g.shippedNames(ctx) {
		service, err := g.client.Get(ctx, name)
		spec.Conclude(err)
		for _, action := range service.Actions {
			defined, exists := known[action]
			switch other := owners[action]; {
			case other != "" && other != name:
				lines = append(lines, [2]string{"shared", fmt.Sprintf("%s, named by %s and by %s", action, other, name)})
			case !exists:
				lines = append(lines, [2]string{"missing", fmt.Sprintf("%s, named by %s", action, name)})
			case defined.Service != "" && defined.Service != name:
				lines = append(lines, [2]string{"shared", fmt.Sprintf("%s of %s, named by %s", action, defined.Service, name)})
			}
			owners[action] = name
		}
	}
	if len(lines) > 0 {
		g.broken(promise.RegistrationUniqueActions, "", "services of the image share actions, or name some that are not there", lines...)
	}
}

func areCalledAfterTheirService(ctx context.Context, g ground) {
	g.needsJobModel(noActions)
	var lines [][2]string
	for _, name := range g.shippedNames(ctx) {
		service, err := g.client.Get(ctx, name)
		spec.Conclude(err)
		for _, wanted := range []string{zinit.RunActionName(name), zinit.HealthActionName(name)} {
			if !slices.Contains(service.Actions, wanted) {
				lines = append(lines, [2]string{"missing", fmt.Sprintf("%s; %s names %v", wanted, name, service.Actions)})
			}
		}
	}
	if len(lines) > 0 {
		g.broken(promise.RegistrationActionNames, "", "actions of the image are not called after their service", lines...)
	}
}

// isNotTakenOver sets an action under a name that another service owns.
func isNotTakenOver(ctx context.Context, g ground, plan session.VictimPlan) {
	service := spec.Victim(ctx, g.Sandbox, plan)
	thief := victim(g.chaos, "thief")
	g.forget(thief.Name)
	name := zinit.RunActionName(plan.Name)
	before, err := g.client.Action(ctx, name)
	spec.Conclude(err)
	stolen := thief.Definition().Actions[0]
	stolen.Name = name

	replaced, err := g.client.SetAction(ctx, stolen)
	if err != nil && !refused(err) {
		spec.Conclude(err)
	}
	after, getErr := g.client.Action(ctx, name)
	spec.Conclude(getErr)
	unchanged := after.Exec == before.Exec && after.Service == before.Service
	switch {
	case err == nil && !replaced:
		g.broken(promise.RegistrationCollision, plan.Name,
			fmt.Sprintf("action %s of %s was set for %s as well, and nobody said a word", name, plan.Name, thief.Name),
			[2]string{"answer", "ok, replaced: false"}, [2]string{"now", fmt.Sprintf("of %s: %s", after.Service, after.Exec)})
	case err != nil && !unchanged:
		g.broken(promise.RegistrationCollision, plan.Name,
			fmt.Sprintf("action %s of %s was refused to %s, and changed all the same", name, plan.Name, thief.Name),
			[2]string{"answer", err.Error()}, [2]string{"now", fmt.Sprintf("of %s: %s", after.Service, after.Exec)})
	case err == nil:
		return // replaced for all to see: whose process runs now is the contract's "visibly"
	}
	g.comesBack(ctx, promise.RegistrationCollision, service)
}

// runsOnce registers a service that names another's action, and looks whether it runs twice.
func runsOnce(ctx context.Context, g ground, plan session.VictimPlan) {
	spec.Victim(ctx, g.Sandbox, plan)
	second := session.VictimName("second")
	g.forget(second)
	name := zinit.RunActionName(plan.Name)
	_, err := g.client.SetService(ctx, zinit.Service{Name: second, Actions: []string{name}})
	if err != nil && !refused(err) {
		spec.Conclude(err)
	}
	// A service starts within 2 s of everything being there: that time is what is watched.
	twice := spec.Until(ctx, answering+delay, func(ctx context.Context) bool { return len(g.instances(ctx, plan)) > 1 })
	spec.Conclude(ctx.Err())
	if twice {
		g.broken(promise.RegistrationSharedAction, plan.Name,
			fmt.Sprintf("%s runs twice since %s names its action %s", plan.Name, second, name),
			[2]string{"answer", answer(err)}, [2]string{"runs", fmt.Sprintf("%d processes", len(g.instances(ctx, plan)))})
	}
	action, err := g.client.Action(ctx, name)
	spec.Conclude(err)
	if action.Service != "" && action.Service != plan.Name {
		g.broken(promise.RegistrationSharedAction, plan.Name,
			fmt.Sprintf("action %s went from %s to %s, which only named it", name, plan.Name, action.Service))
	}
}

// isJudged are the specs of dependencies that cannot be met as they stand.
func isJudged(chaos *session.Session) {
	about(promise.RegistrationNoSelf, "of a service of the image is never on itself", "", func(ctx SpecContext) {
		g := shared(ctx, chaos)
		var lines [][2]string
		for _, name := range g.shippedNames(ctx) {
			service, err := g.Supervisor.Get(ctx, name)
			spec.Conclude(err)
			if onItself(service) {
				lines = append(lines, [2]string{"itself", name})
			}
		}
		if len(lines) > 0 {
			g.broken(promise.RegistrationNoSelf, "", "services of the image depend on themselves", lines...)
		}
	})
	self := victim(chaos, "self")
	about(promise.RegistrationSelf, "on itself is filtered or refused", self.Name, func(ctx SpecContext) {
		startsAllTheSame(ctx, alone(ctx, chaos, "self"), self)
	})
	doomed := victim(chaos, "self-deleted")
	about(promise.RegistrationSelfDelete, "on itself does not hinder the service's removal", doomed.Name, func(ctx SpecContext) {
		outlivesTheRemoval(ctx, alone(ctx, chaos, "self-deleted"), doomed)
	})
	about(promise.RegistrationUnknown, "on an unknown service is waited for", session.VictimName("waiting"), func(ctx SpecContext) {
		waitsForTheUnknown(ctx, shared(ctx, chaos))
	})
	about(promise.RegistrationMissingAction, "on an action that comes later is waited for", session.VictimName("actionless"), func(ctx SpecContext) {
		waitsForItsAction(ctx, shared(ctx, chaos), victim(chaos, "actionless"))
	})
	about(promise.RegistrationCycle, "that closes a cycle is refused", session.VictimName("cycle3"), func(ctx SpecContext) {
		refusesACycle(ctx, alone(ctx, chaos, "cycle"))
	})
}

func onItself(service zinit.Service) bool {
	return slices.Contains(service.Dependencies.Requires, service.Name) || slices.Contains(service.Dependencies.After, service.Name)
}

// narcissus is a victim's definition with a dependency on itself.
func narcissus(plan session.VictimPlan) zinit.Definition {
	definition := plan.Definition()
	definition.Service.Dependencies = zinit.Dependencies{Requires: []string{plan.Name}, After: []string{plan.Name}}
	return definition
}

func startsAllTheSame(ctx context.Context, g ground, plan session.VictimPlan) {
	g.mend() // at last: its removal can end a supervisor
	g.forget(plan.Name)
	err := g.set(ctx, narcissus(plan))
	if refused(err) {
		return
	}
	spec.Conclude(err)
	if !spec.Until(ctx, answering+starting, func(ctx context.Context) bool { return g.runs(ctx, plan) }) {
		spec.Conclude(ctx.Err())
		g.broken(promise.RegistrationSelf, plan.Name,
			fmt.Sprintf("%s was accepted with a dependency on itself, and does not run", plan.Name),
			[2]string{"zinit", g.Word(ctx, plan.Name)}, [2]string{"waited", (answering + starting).String()})
	}
	service, err := g.Supervisor.Get(ctx, plan.Name)
	spec.Conclude(err)
	if onItself(service) {
		g.broken(promise.RegistrationSelf, plan.Name, fmt.Sprintf("%s runs, and still depends on itself by its definition", plan.Name))
	}
}

func outlivesTheRemoval(ctx context.Context, g ground, plan session.VictimPlan) {
	g.mend()
	err := g.set(ctx, narcissus(plan))
	if refused(err) {
		return // what is not there need not be deleted
	}
	spec.Conclude(err)
	before := g.supervisorLife(ctx)
	deletion := g.client.Delete(ctx, plan.Name)
	var after string
	alive := spec.Until(ctx, zinit.CallTimeout, func(ctx context.Context) bool {
		quick, cancel := context.WithTimeout(ctx, answering)
		defer cancel()
		_, err := g.Supervisor.Ping(quick)
		after = answer(err)
		return err == nil
	})
	if !alive {
		g.broken(promise.RegistrationSelfDelete, plan.Name,
			fmt.Sprintf("the supervisor does not answer since %s was deleted, which depended on itself", plan.Name),
			[2]string{"delete", answer(deletion)}, [2]string{"ping", after})
	}
	if now := g.supervisorLife(ctx); now != before {
		g.broken(promise.RegistrationSelfDelete, plan.Name,
			fmt.Sprintf("the supervisor ended when %s was deleted, which depended on itself", plan.Name),
			[2]string{"before", before}, [2]string{"after", now}, [2]string{"delete", answer(deletion)})
	}
	if deletion != nil {
		g.broken(promise.RegistrationSelfDelete, plan.Name,
			fmt.Sprintf("%s, which depends on itself, could not be deleted", plan.Name), [2]string{"delete", answer(deletion)})
	}
}

// supervisorLife is the supervisor's process as its socket tells it.
func (g ground) supervisorLife(ctx context.Context) string {
	GinkgoHelper()
	identity, err := g.Agent().Identify(ctx, endpointOf(g.ZinitSocket()))
	spec.Conclude(err)
	return fmt.Sprintf("pid %d, started at tick %d", identity.Serving.PID, identity.Serving.StartTime)
}

func waitsForTheUnknown(ctx context.Context, g ground) {
	plan, base := victim(g.chaos, "waiting"), victim(g.chaos, "unknown")
	plan.Requires = []string{base.Name}
	g.forget(base.Name)
	g.forget(plan.Name)
	_, err := g.Supervisor.Register(ctx, plan.Definition())
	if refused(err) {
		g.broken(promise.RegistrationUnknown, plan.Name,
			fmt.Sprintf("%s was refused because it requires %s, which is not there yet", plan.Name, base.Name), [2]string{"answer", answer(err)})
	}
	spec.Conclude(err)
	// A service starts within 2 s of its requirements being up: that time is what is watched.
	if spec.Until(ctx, answering, func(ctx context.Context) bool { return len(g.instances(ctx, plan)) > 0 }) {
		g.broken(promise.RegistrationUnknown, plan.Name,
			fmt.Sprintf("%s runs, and %s, which it requires, is not there", plan.Name, base.Name), [2]string{"zinit", g.Word(ctx, plan.Name)})
	}
	spec.Conclude(ctx.Err())
	_, err = g.Supervisor.Register(ctx, base.Definition())
	spec.Conclude(err)
	if !spec.Until(ctx, 2*(answering+starting), func(ctx context.Context) bool { return g.runs(ctx, base) && g.runs(ctx, plan) }) {
		spec.Conclude(ctx.Err())
		if !g.runs(ctx, base) {
			spec.Inconclusive(fmt.Sprintf("%s itself does not run: %s", base.Name, g.Word(ctx, base.Name)))
		}
		g.broken(promise.RegistrationUnknown, plan.Name,
			fmt.Sprintf("%s does not run, and %s, which it waited for, does", plan.Name, base.Name),
			[2]string{"zinit", g.Word(ctx, plan.Name)}, [2]string{"waited", (2 * (answering + starting)).String()})
	}
}

func waitsForItsAction(ctx context.Context, g ground, plan session.VictimPlan) {
	g.needsJobModel("actions that could be registered on their own")
	g.forget(plan.Name)
	definition := plan.Definition()
	_, err := g.client.SetService(ctx, definition.Service)
	if refused(err) {
		g.broken(promise.RegistrationMissingAction, plan.Name,
			fmt.Sprintf("%s was refused because its action is not there yet", plan.Name), [2]string{"answer", answer(err)})
	}
	spec.Conclude(err)
	hello, err := g.Agent().Hello(ctx)
	spec.Conclude(err)
	_, err = g.client.SetAction(ctx, definition.Actions[0])
	spec.Conclude(err)
	if !spec.Until(ctx, 2*(answering+starting), func(ctx context.Context) bool { return g.runs(ctx, plan) }) {
		spec.Conclude(ctx.Err())
		g.broken(promise.RegistrationMissingAction, plan.Name,
			fmt.Sprintf("%s does not run, and its action is there now", plan.Name), [2]string{"zinit", g.Word(ctx, plan.Name)})
	}
	began := g.firstStart(ctx, plan)
	took := time.Duration(began - hello.MonotonicNs)
	if allowed := answering + g.chaos.Target.Budgets.Tolerance.Duration(); took > allowed {
		g.broken(promise.RegistrationMissingAction, plan.Name,
			fmt.Sprintf("%s started %s after its action was there", plan.Name, took.Round(time.Millisecond)), [2]string{"allowed", allowed.String()})
	}
}

func refusesACycle(ctx context.Context, g ground) {
	plans := []session.VictimPlan{victim(g.chaos, "cycle1"), victim(g.chaos, "cycle2"), victim(g.chaos, "cycle3")}
	g.mend() // at last: a removal can end a supervisor
	for i, plan := range plans {
		g.forget(plan.Name)
		plans[i].Requires = []string{plans[(i+1)%len(plans)].Name}
	}
	last := len(plans) - 1
	for _, plan := range plans[:last] {
		err := g.set(ctx, plan.Definition())
		if refused(err) {
			spec.Inconclusive(fmt.Sprintf("no cycle can be made: %s is refused while what it requires is not there: %v", plan.Name, err))
		}
		spec.Conclude(err)
	}
	err := g.set(ctx, plans[last].Definition())
	if !refused(err) {
		if err != nil && !errors.Is(err, zinit.ErrConnection) {
			spec.Conclude(err)
		}
		g.broken(promise.RegistrationCycle, plans[last].Name,
			"three services that require each other in a circle were accepted", [2]string{"answer", answer(err)},
			[2]string{"zinit", g.Word(ctx, plans[last].Name)})
	}
	if _, getErr := g.Supervisor.Get(ctx, plans[last].Name); getErr == nil {
		g.broken(promise.RegistrationCycle, plans[last].Name,
			fmt.Sprintf("%s was refused because it closes a cycle, and is registered all the same", plans[last].Name), [2]string{"answer", answer(err)})
	}
	open := plans[last]
	open.Requires = nil
	spec.Conclude(g.set(ctx, open.Definition()))
	if !spec.Until(ctx, 3*(answering+starting), func(ctx context.Context) bool {
		return g.runs(ctx, plans[0]) && g.runs(ctx, plans[1]) && g.runs(ctx, open)
	}) {
		spec.Conclude(ctx.Err())
		g.broken(promise.RegistrationCycle, plans[last].Name, "a cycle was refused, and without it the services do not run",
			[2]string{"zinit", fmt.Sprintf("%s is %s, %s is %s, %s is %s", plans[0].Name, g.Word(ctx, plans[0].Name),
				plans[1].Name, g.Word(ctx, plans[1].Name), open.Name, g.Word(ctx, open.Name))})
	}
}
