package registration

import (
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
)

// mistake is an invalid value, and the member that it is put into.
type mistake struct {
	promise string
	what    string
	// of is the document of a victim with a health check that it is put into, in the model of 0.4, and member the member of the model. An empty
	// member is the document itself. legacy is the path in a request of 0.3, empty if that has no such member.
	of     dialect.Document
	member string
	legacy string
	// value is a value of the model, as a negative duration, or one of JSON.
	value any
}

const (
	toRun     = dialect.Action
	toHealth  = dialect.HealthAction
	toService = dialect.Service
	toNobody  = dialect.Document("") // only 0.3 has the member
	itself    = ""
)

// dependencies is the group of all members of a service that name others.
const dependencies = "dependencies"

// absent as a value removes the member.
type absent struct{}

// mistakes returns all mistakes.
func mistakes() []mistake {
	const (
		command = promise.RegistrationBadCommand
		name    = promise.RegistrationBadName
		policy  = promise.RegistrationBadPolicy
		kind    = promise.RegistrationBadType
	)
	return []mistake{
		{command, "an empty command", toRun, "exec", "", ""},
		{command, "no command", toRun, "exec", "", absent{}},
		{command, "a number for a command", toRun, "exec", "config.service.exec", 1730},
		{command, "a list for a command", toRun, "exec", "config.service.exec", []any{"sleep", "3617"}},
		{command, "an empty health command", toHealth, "exec", "config.health.target", ""},

		{name, "an empty name of an action", toRun, "name", "", ""},
		{name, "no name of an action", toRun, "name", "", absent{}},
		{name, "a number for the name of an action", toRun, "name", "", 1730},
		{name, "an empty name of a service", toService, "name", "config.service.name", ""},
		{name, "no name of a service", toService, "name", "config.service.name", absent{}},
		{name, "a number for the name of a service", toService, "name", "config.service.name", 1730},

		{policy, "a negative delay", toRun, "retry.delay", "config.lifecycle.restart_delay_ms", -1730 * time.Millisecond},
		{policy, "a negative maximum delay", toRun, "retry.max_delay", "config.lifecycle.restart_delay_max_ms", -time.Millisecond},
		{policy, "a negative number of attempts", toRun, "retry.max_attempts", "config.lifecycle.max_restarts", int64(-3)},
		{policy, "a negative stability period", toRun, "retry.stability_period", "config.lifecycle.stability_period_ms", -7 * time.Millisecond},
		{policy, "a negative stop timeout", toRun, "stop_timeout", "config.lifecycle.stop_timeout_ms", -time.Millisecond},
		{policy, "an unknown backoff", toRun, "retry.backoff", "", "sideways"},
		{policy, "an unknown word for when to restart", toNobody, "", "config.lifecycle.restart", "sideways"},
		{policy, "a text for a delay", toRun, "retry.delay", "config.lifecycle.restart_delay_ms", "1730ms"},
		{policy, "a negative timeout of a health check", toHealth, "timeout", "config.health.timeout_ms", -time.Millisecond},
		{policy, "a negative interval", toHealth, "schedule.interval", "config.health.interval_ms", -1730 * time.Millisecond},
		{policy, "a negative start period", toHealth, "schedule.start_period", "config.health.start_period_ms", -time.Millisecond},
		{policy, "a negative number of failures", toHealth, "schedule.retries", "config.health.retries", int64(-1)},

		{kind, "an unknown kind of action", toRun, "kind", "", "sideways"},
		{kind, "a list for the environment", toRun, "env", "config.service.env", []any{"A=1"}},
		{kind, "a text for a yes or no", toRun, "oneshot", "config.service.oneshot", "perhaps"},
		{kind, "an unknown stop signal", toRun, "stop_signal", "config.lifecycle.stop_signal", "SIGSIDEWAYS"},
		{kind, "no action at all", toRun, itself, "", absent{}},
		{kind, "a text for the actions", toService, "actions", "", "all"},
		{kind, "an unknown wish", toService, "status", "config.service.status", "sideways"},
		{kind, "an unknown class", toService, "class", "config.service.class", "sideways"},
		{kind, "a text for the dependencies", toService, dependencies, "config.dependencies", "none"},
		{kind, "a text for what is required", toService, "dependencies.requires", "config.dependencies.requires", "redis"},
		{kind, "a text for a service", toService, itself, "config", "service"},
		{kind, "no service at all", toService, itself, "config", absent{}},
	}
}

// legacyValue returns the mistake's value as 0.3 has it.
func (m mistake) legacyValue() any {
	if d, ok := m.value.(time.Duration); ok {
		return d.Milliseconds()
	}
	return m.value
}

// put puts a value into a request, by the path of its member.
func put(into map[string]any, path []string, value any) {
	key := path[0]
	switch _, removes := value.(absent); {
	case len(path) > 1:
		inner, _ := into[key].(map[string]any)
		if inner == nil {
			inner = map[string]any{}
		}
		into[key] = inner
		put(inner, path[1:], value)
	case removes:
		delete(into, key)
	default:
		into[key] = value
	}
}

// place returns where a spelling has the member of a mistake, and what is put there. It is false if the spelling has no such member, or if the
// value would be no mistake in it.
func (m mistake) place(spelling dialect.Dialect) (at dialect.Path, value any, ok bool) {
	embeds := spelling.Embedding != nil
	switch {
	case m.of == toNobody:
		return nil, nil, false
	case m.member == itself:
		return nil, m.value, m.of == toService || !embeds
	case m.member == dependencies:
		place, placed := spelling.Shape(m.of)["dependencies.requires"]
		if !placed || len(place.At) < 2 {
			return nil, nil, false
		}
		return place.At[:len(place.At)-1], m.value, true
	case m.member == "name" && (embeds && m.of != toService || spelling.Operations[setterOf(m.of)].Takes(dialect.TheName)):
		return nil, nil, false // what it is called is said elsewhere as well
	}
	member, placed := spelling.Shape(m.of)[m.member]
	known, _ := dialect.MemberOf(m.of, m.member)
	if !placed || len(member.At) == 0 {
		return nil, nil, false
	}
	switch m.value.(type) {
	case time.Duration, int64:
		written, err := member.Write(known, m.value)
		return member.At, written, err == nil
	case absent:
		return member.At, m.value, true
	}
	return member.At, m.value, member.IsWrong(known, m.value)
}

func setterOf(document dialect.Document) dialect.Operation {
	if document == toService {
		return dialect.SetService
	}
	return dialect.SetAction
}

// change returns the change that makes the mistake in a definition.
func (m mistake) change(at dialect.Path, value any) dialect.Change {
	return func(document dialect.Document, written any) any {
		if document != m.of {
			return written
		}
		_, removes := value.(absent)
		switch {
		case removes && len(at) == 0:
			return nil
		case removes:
			at.Delete(written)
			return written
		case len(at) == 0:
			return value
		}
		changed, err := at.Set(written, value)
		if err != nil {
			return written
		}
		return changed
	}
}
