package zinit

import (
	"maps"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
)

// serviceValues returns a service's members by their names in the model.
func serviceValues(service Service) dialect.Values {
	return dialect.Values{
		"name": service.Name, "actions": service.Actions, "status": string(service.Status), "class": string(service.Class),
		"dependencies.requires": service.Dependencies.Requires, "dependencies.after": service.Dependencies.After,
		"dependencies.wants": service.Dependencies.Wants, "dependencies.conflicts": service.Dependencies.Conflicts,
	}
}

// serviceOf returns the service that has these members.
func serviceOf(values dialect.Values) Service {
	return Service{
		Name: text(values, "name"), Actions: names(values, "actions"), Status: Wanted(text(values, "status")), Class: Class(text(values, "class")),
		Dependencies: Dependencies{
			Requires: names(values, "dependencies.requires"), After: names(values, "dependencies.after"),
			Wants: names(values, "dependencies.wants"), Conflicts: names(values, "dependencies.conflicts"),
		},
	}
}

// actionValues returns an action's members by their names in the model.
func actionValues(action Action) dialect.Values {
	values := dialect.Values{
		"name": action.Name, "service": action.Service, "kind": string(action.EffectiveKind()), "exec": action.Exec, "env": action.Env, "dir": action.Dir,
		"oneshot": action.Oneshot, "timeout": action.Timeout.Duration(), "stop_signal": action.StopSignal,
		"stop_timeout": action.StopTimeout.Duration(),
	}
	if policy := action.Retry; policy != nil {
		maps.Copy(values, dialect.Values{
			"retry.max_attempts": int64(policy.MaxAttempts), "retry.delay": policy.Delay.Duration(), "retry.backoff": string(policy.Backoff),
			"retry.max_delay": policy.MaxDelay.Duration(), "retry.stability_period": policy.StabilityPeriod.Duration(),
		})
	}
	if schedule := action.Schedule; schedule != nil {
		maps.Copy(values, dialect.Values{
			"schedule.interval": schedule.Interval.Duration(), "schedule.start_period": schedule.StartPeriod.Duration(),
			"schedule.retries": int64(schedule.Retries),
		})
	}
	return values
}

// actionOf returns the action that has these members. It has a retry policy or a schedule if one of their members has a value.
func actionOf(values dialect.Values) Action {
	action := Action{
		Name: text(values, "name"), Service: text(values, "service"), Kind: Kind(text(values, "kind")), Exec: text(values, "exec"), Dir: text(values, "dir"),
		Timeout: period(values, "timeout"), StopSignal: text(values, "stop_signal"), StopTimeout: period(values, "stop_timeout"),
	}
	action.Env, _ = values["env"].(map[string]string)
	action.Oneshot, _ = values["oneshot"].(bool)
	policy := RetryPolicy{
		MaxAttempts: number(values, "retry.max_attempts"), Delay: period(values, "retry.delay"), Backoff: Backoff(text(values, "retry.backoff")),
		MaxDelay: period(values, "retry.max_delay"), StabilityPeriod: period(values, "retry.stability_period"),
	}
	if policy != (RetryPolicy{}) {
		action.Retry = &policy
	}
	schedule := Schedule{
		Interval: period(values, "schedule.interval"), StartPeriod: period(values, "schedule.start_period"), Retries: number(values, "schedule.retries"),
	}
	if schedule != (Schedule{}) {
		action.Schedule = &schedule
	}
	return action
}

// statusOf returns the status that has these members.
func statusOf(values dialect.Values) Status {
	return Status{
		Name: text(values, "name"), State: State(text(values, "state")), PID: number(values, "pid"), Health: Health(text(values, "health")),
		Restarts: number(values, "restarts"), Error: text(values, "error"),
	}
}

// jobOf returns the job that has these members. action is its action's name if it has none.
func jobOf(values dialect.Values, action string) Job {
	job := Job{
		ID: int64(number(values, "id")), Action: text(values, "action"), Attempt: number(values, "attempt"), State: JobState(text(values, "state")),
		PID: number(values, "pid"), Started: milliseconds(values, "started"), Ended: milliseconds(values, "ended"),
		ExitCode: optional(values, "exit_code"), Signal: optional(values, "signal"),
	}
	if job.Action == "" {
		job.Action = action
	}
	return job
}

func text(values dialect.Values, name string) string {
	value, _ := values[name].(string)
	return value
}

func names(values dialect.Values, name string) []string {
	value, _ := values[name].([]string)
	return value
}

func number(values dialect.Values, name string) int {
	value, _ := values[name].(int64)
	return int(value)
}

func optional(values dialect.Values, name string) *int {
	value, given := values[name].(int64)
	if !given {
		return nil
	}
	short := int(value)
	return &short
}

func period(values dialect.Values, name string) Milliseconds {
	value, _ := values[name].(time.Duration)
	return Milliseconds(value)
}

// milliseconds returns a point in time as milliseconds of Unix time, 0 for none.
func milliseconds(values dialect.Values, name string) int64 {
	value, _ := values[name].(time.Time)
	if value.IsZero() {
		return 0
	}
	return value.UnixMilli()
}
