package orders

import (
	"cmp"
	"context"
	"slices"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim/elf"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// state is a state of a service in which orders are given.
type state struct {
	name string
	// plan changes the witness before it is registered, and names the program that it runs at first.
	plan func(*subject) elf.Kind
	// isReached reports whether the service is in the state. reach, if it is not nil, brings it there once it was registered.
	isReached func(*subject, zinit.Status, int) bool
	reach     func(context.Context, *subject) error
	// prepare changes what the next run will do, before the order is given.
	prepare func(context.Context, *subject) error
}

// outcome is a state of a service that an order has to lead to.
type outcome string

const (
	up   outcome = "runs"              // one process
	down outcome = "does not run"      // none, and none comes
	gone outcome = "is not registered" // and has no process
	open outcome = "is open"           // the contract does not say (a choice of the supervisor)
)

const (
	// longDelay is the delay of a retry that orders fall into.
	longDelay = 1730 * time.Millisecond
	// harmlessSignal ends no process, so that a stop waits for its stop timeout.
	harmlessSignal = "SIGWINCH"
	// slowStopTimeout is the stop timeout of a service that is stopping.
	slowStopTimeout = 3370 * time.Millisecond
)

func idles(*subject) elf.Kind { return elf.Idle }

func runs(_ *subject, status zinit.Status, processes int) bool {
	return status.State == zinit.StateRunning && processes == 1
}

// isIdle reports whether a service has no process, whatever word its state has: an order may come a moment too early, and then it has to
// lead to the same.
func isIdle(status zinit.Status, processes int) bool {
	return processes == 0 && status.PID == 0 && status.State != zinit.StateRunning && status.State != zinit.StateStopping
}

// states are the states in which orders are given. What follows from an order is in the table of outcomes.
var states = []state{
	{name: "running", plan: idles, isReached: runs},
	{name: "starting", plan: idles, isReached: func(_ *subject, status zinit.Status, _ int) bool { return status.State != zinit.StateInactive }},
	{
		name: "waiting",
		plan: func(s *subject) elf.Kind {
			s.Run.Retry.Delay, s.Run.Retry.MaxDelay = zinit.Milliseconds(longDelay), zinit.Milliseconds(longDelay)
			return elf.Fail
		},
		isReached: func(_ *subject, status zinit.Status, processes int) bool {
			return isIdle(status, processes) && !slices.Contains([]zinit.State{zinit.StateFailed, zinit.StateInactive, zinit.StateBlocked}, status.State)
		},
		prepare: func(ctx context.Context, s *subject) error { return s.install(ctx, elf.Idle) },
	},
	{
		name: "failed",
		plan: func(s *subject) elf.Kind {
			s.Run.Retry.MaxAttempts = 1
			return elf.Fail
		},
		isReached: func(_ *subject, status zinit.Status, _ int) bool { return status.State == zinit.StateFailed },
		prepare:   func(ctx context.Context, s *subject) error { return s.install(ctx, elf.Idle) },
	},
	{
		name: "blocked",
		plan: func(s *subject) elf.Kind {
			s.Requires = []string{s.requirement().Name}
			return elf.Idle
		},
		isReached: func(_ *subject, status zinit.Status, processes int) bool {
			return isIdle(status, processes)
		},
	},
	{
		name: "stopping",
		plan: func(s *subject) elf.Kind {
			s.Run.StopSignal, s.Run.StopTimeout = harmlessSignal, zinit.Milliseconds(slowStopTimeout)
			return elf.Idle
		},
		isReached: func(s *subject, status zinit.Status, processes int) bool {
			return processes == 1 && (s.stopped || runs(s, status, processes))
		},
		reach: func(ctx context.Context, s *subject) error { return s.stopInBackground(ctx) },
	},
	{
		name: "oneshot done",
		plan: func(s *subject) elf.Kind {
			s.Run.Oneshot = true
			return elf.Succeed
		},
		isReached: func(_ *subject, status zinit.Status, processes int) bool {
			return isIdle(status, processes) && !slices.Contains([]zinit.State{zinit.StateFailed, zinit.StateStarting, zinit.StateBlocked}, status.State)
		},
	},
	{
		name: "stopped", plan: idles,
		isReached: func(s *subject, status zinit.Status, processes int) bool {
			return s.stopped && processes == 0 && status.State != zinit.StateStopping || !s.stopped && runs(s, status, processes)
		},
		reach: func(ctx context.Context, s *subject) error { return s.stopInBackground(ctx) },
	},
	{name: unknown, plan: idles},
}

// unknown is the state of a service that was never registered.
const unknown = "unknown"

// restartTwice is an order that two clients give at the same time.
const restartTwice = "restart by two"

// order is an order about a service.
type order struct {
	name string
	give func(context.Context, *subject) error
}

var allOrders = []order{
	{"start", func(ctx context.Context, s *subject) error { return s.supervisor.Start(ctx, s.Name) }},
	{"stop", func(ctx context.Context, s *subject) error { return s.supervisor.Stop(ctx, s.Name) }},
	{"restart", func(ctx context.Context, s *subject) error { return s.supervisor.Restart(ctx, s.Name) }},
	{restartTwice, func(ctx context.Context, s *subject) error {
		other := make(chan error, 1)
		go func() { other <- s.supervisor.Restart(ctx, s.Name) }()
		err := s.supervisor.Restart(ctx, s.Name)
		return cmp.Or(<-other, err)
	}},
	{"kill", func(ctx context.Context, s *subject) error { return s.supervisor.Kill(ctx, s.Name, "SIGKILL") }},
	{"delete", func(ctx context.Context, s *subject) error { return s.supervisor.Delete(ctx, s.Name) }},
	{"set", func(ctx context.Context, s *subject) error {
		_, err := s.supervisor.Register(ctx, s.Definition())
		return err
	}},
}

// outcomes list the effect of each order, by the state in which it is given, and whether it must be accepted.
var outcomes = map[string]map[string]cell{
	"running":      {"start": {up, false}, "stop": {down, true}, "restart": {up, true}, restartTwice: {up, false}, "kill": {up, true}, "delete": {gone, true}, "set": {up, true}},
	"starting":     {"start": {up, false}, "stop": {down, false}, "restart": {up, true}, restartTwice: {up, false}, "kill": {up, false}, "delete": {gone, true}, "set": {up, true}},
	"waiting":      {"start": {up, false}, "stop": {down, true}, "restart": {up, false}, restartTwice: {up, false}, "kill": {up, false}, "delete": {gone, true}, "set": {up, true}},
	"failed":       {"start": {up, true}, "stop": {down, false}, "restart": {up, false}, restartTwice: {up, false}, "kill": {down, false}, "delete": {gone, true}, "set": {open, true}},
	"blocked":      {"start": {up, false}, "stop": {down, false}, "restart": {up, false}, restartTwice: {up, false}, "kill": {up, false}, "delete": {gone, true}, "set": {up, true}},
	"stopping":     {"start": {up, false}, "stop": {down, false}, "restart": {up, false}, restartTwice: {up, false}, "kill": {down, false}, "delete": {gone, true}, "set": {open, true}},
	"oneshot done": {"start": {down, false}, "stop": {down, false}, "restart": {down, false}, restartTwice: {down, false}, "kill": {down, false}, "delete": {gone, true}, "set": {down, true}},
	"stopped":      {"start": {up, true}, "stop": {down, false}, "restart": {up, false}, restartTwice: {up, false}, "kill": {down, false}, "delete": {gone, true}, "set": {open, true}},
	unknown:        {"start": {gone, false}, "stop": {gone, false}, "restart": {gone, false}, restartTwice: {gone, false}, "kill": {gone, false}, "delete": {gone, false}, "set": {up, true}},
}

// cell is the effect of an order in a state.
type cell struct {
	outcome outcome
	// accepted says that the order must not be refused. One that may be, and is, need not have its effect.
	accepted bool
}

// scaled returns the policy of the subjects.
func scaled() zinit.RetryPolicy { return spec.ScalePolicy(delay, stabilityPeriod) }
