package zinit

import (
	"fmt"
	"slices"
	"time"
)

// legacyConfig is the config of service.set and service.get in zinit 0.3.9 [Z].
type legacyConfig struct {
	Service      legacyService   `json:"service"`
	Dependencies Dependencies    `json:"dependencies"`
	Lifecycle    legacyLifecycle `json:"lifecycle"`
	Health       *legacyHealth   `json:"health,omitempty"`
}

type legacyService struct {
	Name    string            `json:"name"`
	Exec    string            `json:"exec"`
	Dir     string            `json:"dir,omitempty"`
	Oneshot bool              `json:"oneshot"`
	Env     map[string]string `json:"env,omitempty"`
	Status  Wanted            `json:"status,omitempty"`
	Class   Class             `json:"class,omitempty"`
}

type legacyLifecycle struct {
	Restart      string       `json:"restart"`
	Delay        Milliseconds `json:"restart_delay_ms,omitempty"`
	MaxDelay     Milliseconds `json:"restart_delay_max_ms,omitempty"`
	MaxRestarts  int          `json:"max_restarts"`
	StableAfter  Milliseconds `json:"stability_period_ms,omitempty"`
	StartTimeout Milliseconds `json:"start_timeout_ms,omitempty"`
	StopTimeout  Milliseconds `json:"stop_timeout_ms,omitempty"`
	StopSignal   string       `json:"stop_signal,omitempty"`
}

type legacyHealth struct {
	Type        string       `json:"type"`
	Target      string       `json:"target"`
	Interval    Milliseconds `json:"interval_ms"`
	Timeout     Milliseconds `json:"timeout_ms"`
	Retries     int          `json:"retries"`
	StartPeriod Milliseconds `json:"start_period_ms"`
}

// forever stands for "never" and "no cap", which 0.3 cannot express: 0 means always stable, or is refused.
const forever = Milliseconds(365 * 24 * time.Hour)

// notExpressible returns an error of one line that says what 0.3 cannot express.
func notExpressible(what string) error {
	return fmt.Errorf("zinit %s has no %s: %w", Dialect03, what, ErrNotExpressible)
}

// toLegacy converts a definition to 0.3, or returns what of it 0.3 cannot express.
func toLegacy(definition Definition) (legacyConfig, error) {
	run, health, err := legacyActions(definition)
	if err != nil {
		return legacyConfig{}, err
	}
	lifecycle, err := toLegacyLifecycle(run)
	if err != nil {
		return legacyConfig{}, err
	}
	service := definition.Service
	config := legacyConfig{
		Service: legacyService{
			Name: service.Name, Exec: run.Exec, Dir: run.Dir, Oneshot: run.Oneshot, Env: run.Env,
			Status: service.Status, Class: service.Class,
		},
		Dependencies: service.Dependencies,
		Lifecycle:    lifecycle,
	}
	if health != nil {
		config.Health = &legacyHealth{
			Type: "exec", Target: health.Exec, Timeout: health.Timeout,
			Interval: health.Schedule.Interval, StartPeriod: health.Schedule.StartPeriod,
			Retries: max(1, health.Schedule.Retries), // [A] retries-default-one
		}
	}
	return config, nil
}

// legacyActions returns the run action and the health action, nil if there is none.
func legacyActions(definition Definition) (run Action, health *Action, err error) {
	var found []Kind
	for _, action := range definition.Actions {
		switch {
		case action.EffectiveKind() == KindRun:
			run = action
			found = append(found, KindRun)
		case action.Kind == KindHealth && (action.Schedule == nil || action.Timeout == 0 || action.Dir != "" || len(action.Env) > 0):
			return run, nil, notExpressible(fmt.Sprintf("health check %q without a schedule or timeout, or with an env or dir", action.Name))
		case action.Kind == KindHealth:
			health = &action
			found = append(found, KindHealth)
		default:
			return run, nil, notExpressible(fmt.Sprintf("%s action (%q)", action.Kind, action.Name))
		}
	}
	slices.Sort(found)
	if unique := slices.Compact(slices.Clone(found)); !slices.Contains(found, KindRun) || len(unique) != len(found) {
		return run, nil, notExpressible("service that is not one run and at most one health action")
	}
	return run, health, nil
}

// toLegacyLifecycle converts a retry policy to 0.3.9. That counts restarts instead of runs, and doubles the delay unless the cap
// equals the delay [Z].
func toLegacyLifecycle(run Action) (legacyLifecycle, error) {
	lifecycle := legacyLifecycle{Restart: "always", StopTimeout: run.StopTimeout, StopSignal: run.StopSignal}
	if run.Timeout > 0 {
		return lifecycle, notExpressible("timeout of a run action")
	}
	if run.Retry == nil {
		return lifecycle, nil
	}
	policy := *run.Retry
	lifecycle.Delay = max(policy.Delay, Milliseconds(time.Millisecond)) // 0 is refused
	lifecycle.MaxDelay = orForever(policy.MaxDelay)
	lifecycle.StableAfter = orForever(policy.StabilityPeriod)
	lifecycle.Delay = min(lifecycle.Delay, lifecycle.MaxDelay)
	switch {
	case policy.Backoff == BackoffLinear:
		return lifecycle, notExpressible("linear backoff")
	case policy.MaxAttempts == 1:
		return lifecycle, notExpressible("cap of a single attempt") // 0 restarts is no limit
	case policy.MaxAttempts > 1:
		lifecycle.MaxRestarts = policy.MaxAttempts - 1
	}
	if policy.Backoff != BackoffExponential {
		lifecycle.MaxDelay = lifecycle.Delay
	}
	return lifecycle, nil
}

func orForever(period Milliseconds) Milliseconds {
	if period == 0 {
		return forever
	}
	return period
}

// definition converts the config to 0.4. Whether a service is restarted only on failure is lost. A health check that is no command
// becomes "tcp TARGET" or "http TARGET".
func (c legacyConfig) definition(name string) Definition {
	run := Action{
		Name: RunActionName(name), Service: name, Kind: KindRun, Exec: c.Service.Exec, Env: c.Service.Env,
		Dir: c.Service.Dir, Oneshot: c.Service.Oneshot,
		StopSignal: c.Lifecycle.StopSignal, StopTimeout: c.Lifecycle.StopTimeout, Retry: c.Lifecycle.policy(),
	}
	var actions []Action
	if run.Exec != "" { // a target of 0.3 runs nothing
		actions = append(actions, run)
	}
	if health := c.Health; health != nil {
		command := health.Target
		if health.Type != "exec" {
			command = health.Type + " " + health.Target
		}
		schedule := Schedule{Interval: health.Interval, StartPeriod: health.StartPeriod, Retries: health.Retries}
		actions = append(actions, HealthAction(name, command, schedule, health.Timeout))
	}
	definition := Define(name, actions...)
	definition.Service.Status, definition.Service.Class = c.Service.Status, c.Service.Class
	definition.Service.Dependencies = c.Dependencies
	return definition
}

// policy converts a lifecycle to a retry policy, nil if it never restarts.
func (l legacyLifecycle) policy() *RetryPolicy {
	if l.Restart == "never" {
		return nil
	}
	policy := RetryPolicy{
		Delay: l.Delay, MaxDelay: l.MaxDelay, StabilityPeriod: l.StableAfter, Backoff: BackoffExponential,
	}
	if l.MaxRestarts > 0 {
		policy.MaxAttempts = l.MaxRestarts + 1
	}
	if policy.Delay == policy.MaxDelay {
		policy.Backoff = BackoffNone
	}
	if policy.MaxDelay >= forever {
		policy.MaxDelay = 0
	}
	if policy.StabilityPeriod >= forever {
		policy.StabilityPeriod = 0
	}
	return &policy
}
