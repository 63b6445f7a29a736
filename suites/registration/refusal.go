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

// mistake is a value that cannot be meant, and where it is put.
type mistake struct {
	promise string
	what    string
	// request is which of a victim's requests it is put into, in 0.4: its run action, its health action, or itself.
	request int
	// member is where in 0.4, legacy where in 0.3; empty where the dialect has no such member.
	member, legacy string
	value          any
}

// The requests of a victim with a health check, in 0.4.
const (
	toRun = iota
	toHealth
	toService
)

// absent as a value takes the member away.
type absent struct{}

func mistakes() []mistake {
	const (
		command = promise.RegistrationBadCommand
		name    = promise.RegistrationBadName
		policy  = promise.RegistrationBadPolicy
		kind    = promise.RegistrationBadType
	)
	return []mistake{
		{command, "an empty command", toRun, "action.exec", "", ""},
		{command, "no command", toRun, "action.exec", "", absent{}},
		{command, "a number for a command", toRun, "action.exec", "config.service.exec", 1730},
		{command, "a list for a command", toRun, "action.exec", "config.service.exec", []any{"sleep", "3617"}},
		{command, "an empty health command", toHealth, "action.exec", "config.health.target", ""},

		{name, "an empty name of an action", toRun, "action.name", "", ""},
		{name, "no name of an action", toRun, "action.name", "", absent{}},
		{name, "a number for the name of an action", toRun, "action.name", "", 1730},
		{name, "an empty name of a service", toService, "config.name", "config.service.name", ""},
		{name, "no name of a service", toService, "config.name", "config.service.name", absent{}},
		{name, "a number for the name of a service", toService, "config.name", "config.service.name", 1730},

		{policy, "a negative delay", toRun, "action.retry.delay_ms", "config.lifecycle.restart_delay_ms", -1730},
		{policy, "a negative maximum delay", toRun, "action.retry.max_delay_ms", "config.lifecycle.restart_delay_max_ms", -1},
		{policy, "a negative number of attempts", toRun, "action.retry.max_attempts", "config.lifecycle.max_restarts", -3},
		{policy, "a negative stability period", toRun, "action.retry.stability_period_ms", "config.lifecycle.stability_period_ms", -7},
		{policy, "a negative stop timeout", toRun, "action.stop_timeout_ms", "config.lifecycle.stop_timeout_ms", -1},
		{policy, "an unknown backoff", toRun, "action.retry.backoff", "", "sideways"},
		{policy, "an unknown word for when to restart", toRun, "", "config.lifecycle.restart", "sideways"},
		{policy, "a text for a delay", toRun, "action.retry.delay_ms", "config.lifecycle.restart_delay_ms", "1730ms"},
		{policy, "a negative timeout of a health check", toHealth, "action.timeout_ms", "config.health.timeout_ms", -1},
		{policy, "a negative interval", toHealth, "action.schedule.interval_ms", "config.health.interval_ms", -1730},
		{policy, "a negative start period", toHealth, "action.schedule.start_period_ms", "config.health.start_period_ms", -1},
		{policy, "a negative number of failures", toHealth, "action.schedule.retries", "config.health.retries", -1},

		{kind, "an unknown kind of action", toRun, "action.kind", "", "sideways"},
		{kind, "a list for the environment", toRun, "action.env", "config.service.env", []any{"A=1"}},
		{kind, "a text for a yes or no", toRun, "action.oneshot", "config.service.oneshot", "perhaps"},
		{kind, "an unknown stop signal", toRun, "action.stop_signal", "config.lifecycle.stop_signal", "SIGSIDEWAYS"},
		{kind, "no action at all", toRun, "action", "", absent{}},
		{kind, "a text for the actions", toService, "config.actions", "", "all"},
		{kind, "an unknown wish", toService, "config.status", "config.service.status", "sideways"},
		{kind, "an unknown class", toService, "config.class", "config.service.class", "sideways"},
		{kind, "a text for the dependencies", toService, "config.dependencies", "config.dependencies", "none"},
		{kind, "a text for what is required", toService, "config.dependencies.requires", "config.dependencies.requires", "redis"},
		{kind, "a text for a service", toService, "config", "config", "service"},
		{kind, "no service at all", toService, "config", "config", absent{}},
	}
}

// isRefused are the specs of definitions that cannot be meant.
func isRefused(chaos *session.Session) {
	for p, group := range map[string]string{
		promise.RegistrationBadCommand: "bad-command", promise.RegistrationBadName: "bad-name",
		promise.RegistrationBadPolicy: "bad-policy", promise.RegistrationBadType: "bad-type",
	} {
		about(p, "is refused: "+group, session.VictimName(group), func(ctx SpecContext) {
			areRefused(ctx, alone(ctx, chaos, "bad"), p, group)
		})
	}
	plan := victim(chaos, "bad-harmless").WithHealth(seldom(), stopTimeout)
	about(promise.RegistrationBadHarmless, "changes nothing", plan.Name, func(ctx SpecContext) {
		changeNothing(ctx, alone(ctx, chaos, "bad"), plan)
	}, spec.With(fault.SIGKILL))
}

// flawed is the request with which a victim would be registered, with the mistake in it. It is false where the
// dialect has no such member.
func (g ground) flawed(plan session.VictimPlan, m mistake) (zinit.Document, bool) {
	GinkgoHelper()
	documents, err := zinit.Documents(g.dialect, plan.Definition())
	spec.Conclude(err)
	document, member := documents[0], m.legacy
	if g.dialect == zinit.Dialect04 {
		document, member = documents[m.request], m.member
	}
	if member == "" {
		return document, false
	}
	put(document.Params, strings.Split(member, "."), m.value)
	return document, true
}

func put(into map[string]any, path []string, value any) {
	key := path[0]
	switch _, gone := value.(absent); {
	case len(path) > 1:
		inner, _ := into[key].(map[string]any)
		if inner == nil {
			inner = map[string]any{}
		}
		into[key] = inner
		put(inner, path[1:], value)
	case gone:
		delete(into, key)
	default:
		into[key] = value
	}
}

// candidate is a victim for a mistake, which should never come to be.
func candidate(chaos *session.Session, group string, i int) session.VictimPlan {
	return victim(chaos, fmt.Sprintf("%s-%d", group, i)).WithHealth(seldom(), stopTimeout)
}

// areRefused tries every mistake of a group, each under a name of its own.
func areRefused(ctx context.Context, g ground, p, group string) {
	g.mend()
	var lines [][2]string
	tried := 0
	for i, m := range mistakes() {
		if m.promise != p {
			continue
		}
		plan := candidate(g.chaos, group, i)
		document, expressible := g.flawed(plan, m)
		if !expressible {
			continue
		}
		tried++
		result, err := g.client.Call(ctx, document.Method, document.Params)
		switch {
		case refused(err):
		case err == nil:
			lines = append(lines, [2]string{"accepted", fmt.Sprintf("%s: %s answered %s", m.what, document.Method, result)})
			g.discard(ctx, plan)
		case errors.Is(err, zinit.ErrConnection):
			lines = append(lines, [2]string{"silence", fmt.Sprintf("%s: %v", m.what, err)})
		}
	}
	if tried == 0 {
		spec.Inconclusive(fmt.Sprintf("zinit %s has none of the members that could be wrong", g.dialect))
	}
	if len(lines) > 0 {
		g.broken(p, session.VictimName(group), fmt.Sprintf("%d of %d definitions that cannot be meant were not refused", len(lines), tried), lines...)
	}
}

// discard removes what a mistake has left.
func (g ground) discard(ctx context.Context, plan session.VictimPlan) {
	_ = g.Supervisor.Delete(ctx, plan.Name)
	if g.dialect == zinit.Dialect04 {
		for _, action := range plan.Definition().Service.Actions {
			_ = g.client.DeleteAction(ctx, action)
		}
	}
}

// changeNothing tries every mistake on a service that runs (in 0.3, whose service.set is no way to change one, beside
// it), compares its definition after each, and kills it at last.
func changeNothing(ctx context.Context, g ground, plan session.VictimPlan) {
	service := spec.Victim(ctx, g.Sandbox, plan)
	g.mend()
	spec.Hold(ctx, g.Sandbox, plan.Name) // what is accepted may replace it
	before := g.registered(ctx, plan.Name)
	process := spec.Identify(ctx, g.Sandbox, service)
	accepted := 0
	for i, m := range mistakes() {
		subject := plan
		if g.dialect == zinit.Dialect03 {
			subject = candidate(g.chaos, "bad-beside", i)
		}
		document, expressible := g.flawed(subject, m)
		if !expressible {
			continue
		}
		_, err := g.client.Call(ctx, document.Method, document.Params)
		if !refused(err) {
			accepted++
			g.discardBeside(ctx, subject, plan)
			continue
		}
		if lines := changes(before, g.registered(ctx, plan.Name)); len(lines) > 0 {
			g.broken(promise.RegistrationBadHarmless, plan.Name,
				fmt.Sprintf("%s was changed by a definition that was refused: %s", plan.Name, m.what), append(lines, [2]string{"answer", answer(err)})...)
		}
		if _, err := g.Supervisor.Get(ctx, subject.Name); subject.Name != plan.Name && !refused(err) {
			g.broken(promise.RegistrationBadHarmless, plan.Name, fmt.Sprintf("%s was refused, and is registered: %s", subject.Name, m.what))
		}
	}
	if now := spec.Identify(ctx, g.Sandbox, service); accepted == 0 && (now.PID != process.PID || now.StartTime != process.StartTime) {
		g.broken(promise.RegistrationBadHarmless, plan.Name, fmt.Sprintf("%s was replaced while bad definitions of it were refused", plan.Name),
			[2]string{"before", fmt.Sprintf("pid %d", process.PID)}, [2]string{"after", fmt.Sprintf("pid %d", now.PID)})
	}
	g.comesBack(ctx, promise.RegistrationBadHarmless, service)
}

// discardBeside takes back what was accepted: it is another promise's to judge.
func (g ground) discardBeside(ctx context.Context, subject, plan session.VictimPlan) {
	GinkgoHelper()
	if subject.Name != plan.Name {
		g.discard(ctx, subject)
		return
	}
	spec.Conclude(g.set(ctx, plan.Definition()))
}

// registered is a service's definition as the supervisor tells it, member by member.
func (g ground) registered(ctx context.Context, name string) map[string]string {
	GinkgoHelper()
	service, err := g.Supervisor.Get(ctx, name)
	spec.Conclude(err)
	actions, err := g.Supervisor.Actions(ctx, name)
	spec.Conclude(err)
	return leaves(zinit.Definition{Service: service, Actions: actions})
}

func changes(before, after map[string]string) [][2]string {
	var lines [][2]string
	for _, member := range slices.Sorted(maps.Keys(before)) {
		if after[member] != before[member] {
			lines = append(lines, [2]string{"changed", fmt.Sprintf("%s: from %s to %s", member, before[member], after[member])})
		}
	}
	return lines
}
