package registration

import "forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"

// mistake is an invalid value, and the member that it is put into.
type mistake struct {
	promise string
	what    string
	// request is the request of a victim that it is put into, in zinit 0.4: its run action, its health action, or itself.
	request int
	// member is the member in zinit 0.4, and legacy that in 0.3. It is empty if the dialect has no such member.
	member, legacy string
	value          any
}

// The requests of a victim with a health check, in zinit 0.4.
const (
	toRun = iota
	toHealth
	toService
)

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
