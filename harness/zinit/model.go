package zinit

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
)

// Service names the actions that make it up (suites/contract/zinit-0.4.md#model). Empty members take zinit's default: status
// "start", class "user".
type Service struct {
	Name         string       `json:"name"`
	Actions      []string     `json:"actions,omitempty"`
	Status       Wanted       `json:"status,omitempty"`
	Class        Class        `json:"class,omitempty"`
	Dependencies Dependencies `json:"dependencies,omitzero"`
}

// Wanted is the state that the supervisor has to bring a service to: Service.Status.
type Wanted string

// The values of Wanted.
const (
	WantStart  Wanted = "start"
	WantStop   Wanted = "stop"
	WantIgnore Wanted = "ignore"
)

// Class is the class of a service. System services are exempt from operations on all services.
type Class string

// The two classes of a service.
const (
	ClassUser   Class = "user"
	ClassSystem Class = "system"
)

// Dependencies are names of services (suites/contract/zinit-0.4.md#order).
type Dependencies struct {
	Requires  []string `json:"requires,omitempty"`
	After     []string `json:"after,omitempty"`
	Wants     []string `json:"wants,omitempty"`
	Conflicts []string `json:"conflicts,omitempty"`
}

// Kind is the purpose of an action.
type Kind string

// The kinds of action; an action without one is a run action.
const (
	KindRun     Kind = "run"
	KindHealth  Kind = "health"
	KindInstall Kind = "install"
	KindTest    Kind = "test"
)

// Action is a command and the policy by which it is executed. Empty members take zinit's default: kind "run", no timeout, SIGTERM,
// a stop timeout of 10 s. The nesting of retry and schedule is [A] action-nesting.
type Action struct {
	Name        string            `json:"name"`
	Service     string            `json:"service,omitempty"`
	Kind        Kind              `json:"kind,omitempty"`
	Exec        string            `json:"exec"` // run by /bin/sh -c
	Env         map[string]string `json:"env,omitempty"`
	Dir         string            `json:"dir,omitempty"`
	Oneshot     bool              `json:"oneshot,omitempty"`
	Timeout     Milliseconds      `json:"timeout_ms,omitempty"`
	StopSignal  string            `json:"stop_signal,omitempty"`
	StopTimeout Milliseconds      `json:"stop_timeout_ms,omitempty"`
	Retry       *RetryPolicy      `json:"retry,omitempty"`
	Schedule    *Schedule         `json:"schedule,omitempty"` // kind health only
}

// EffectiveKind returns the action's kind, which is KindRun if it is empty.
func (a Action) EffectiveKind() Kind { return cmp.Or(a.Kind, KindRun) }

// Job is one run of an action. Times are milliseconds of Unix time; Ended is 0 during the run. All members are [A] job-shape.
type Job struct {
	ID       int64    `json:"id"`
	Action   string   `json:"action"`
	Attempt  int      `json:"attempt,omitempty"`
	State    JobState `json:"state"`
	PID      int      `json:"pid,omitempty"`
	Started  int64    `json:"started_ms,omitempty"`
	Ended    int64    `json:"ended_ms,omitempty"`
	ExitCode *int     `json:"exit_code,omitempty"`
	Signal   *int     `json:"signal,omitempty"`
}

// JobState is the end of a job, or that it runs. Which end gives which state is [A] job-end-states.
type JobState string

// The states of a job.
const (
	JobRunning   JobState = "running"
	JobSucceeded JobState = "succeeded"
	JobFailed    JobState = "failed"
	JobTimeout   JobState = "timeout"
	JobStopped   JobState = "stopped"
)

// UnmarshalJSON reads a state in any case.
func (s *JobState) UnmarshalJSON(data []byte) error { return unmarshalWord(s, "job state", data) }

// Status is a service's status as the supervisor reports it. PID is 0 if nothing runs.
type Status struct {
	Name     string `json:"name"`
	State    State  `json:"state"`
	PID      int    `json:"pid,omitempty"`
	Health   Health `json:"health,omitempty"`
	Restarts int    `json:"restarts,omitempty"`
	Error    string `json:"error,omitempty"` // how the last run ended
}

// State is the state of a service (suites/contract/zinit-0.4.md#states), in lower case. An unknown word is kept.
type State string

// The states of a service.
const (
	StateInactive State = "inactive"
	StateBlocked  State = "blocked"
	StateStarting State = "starting"
	StateRunning  State = "running"
	StateStopping State = "stopping"
	StateExited   State = "exited"
	StateFailed   State = "failed"
)

// UnmarshalJSON reads a state in any case.
func (s *State) UnmarshalJSON(data []byte) error { return unmarshalWord(s, "service state", data) }

// Health is a service's health as the supervisor reports it, empty if it does not.
type Health string

// The three values of Health.
const (
	HealthUnknown   Health = "unknown"
	HealthHealthy   Health = "healthy"
	HealthUnhealthy Health = "unhealthy"
)

// UnmarshalJSON reads a health in any case.
func (h *Health) UnmarshalJSON(data []byte) error { return unmarshalWord(h, "health", data) }

func unmarshalWord[T ~string](word *T, what string, data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("read a %s: %w", what, err)
	}
	*word = T(strings.ToLower(text))
	return nil
}
