package zinit

// Definition is a service together with its actions.
type Definition struct {
	Service Service
	Actions []Action
}

// Define returns a service that is made up of the given actions.
func Define(service string, actions ...Action) Definition {
	names := make([]string, 0, len(actions))
	for _, action := range actions {
		names = append(names, action.Name)
	}
	return Definition{Service: Service{Name: service, Actions: names}, Actions: actions}
}

// Action returns the first action of a kind.
func (d Definition) Action(kind Kind) (Action, bool) {
	for _, action := range d.Actions {
		if action.EffectiveKind() == kind {
			return action, true
		}
	}
	return Action{}, false
}

// RunActionName returns the name of a service's run action (suites/contract/hero_zero.md#supervision).
func RunActionName(service string) string { return service + ".run" }

// HealthActionName returns the name of a service's health action (suites/contract/hero_zero.md#supervision).
func HealthActionName(service string) string { return service + ".health" }

// RunAction returns the action that runs exec with /bin/sh -c, and again by the policy.
func RunAction(service, exec string, policy RetryPolicy) Action {
	return Action{Name: RunActionName(service), Service: service, Kind: KindRun, Exec: exec, Retry: &policy}
}

// HealthAction returns the action that runs exec with /bin/sh -c on the schedule. Each run is killed after the timeout.
func HealthAction(service, exec string, schedule Schedule, timeout Milliseconds) Action {
	return Action{
		Name: HealthActionName(service), Service: service, Kind: KindHealth, Exec: exec,
		Timeout: timeout, Schedule: &schedule,
	}
}
