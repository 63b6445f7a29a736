package inspect

import (
	"context"
	"fmt"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// The numbers of the throw-away services: short, and odd so that a mistaken unit shows.
const (
	shortDelay = 230 * time.Millisecond
	crashDelay = 40 * time.Millisecond
	// latenessLimit is the largest lateness of a retry at which two formulas still differ.
	latenessLimit = 150 * time.Millisecond
	// roundingLimit is the error of a difference between time stamps in whole milliseconds.
	roundingLimit = 2 * time.Millisecond
	// earlyShare is the part of a delay by which a retry may seem early: the supervisor may write the end of a run down later than it
	// counts from it. Two formulas differ by more.
	earlyShare = 5
	// unreachedPeriod is a stability period that no throw-away service reaches.
	unreachedPeriod = time.Hour
	// attempts is the number of runs of a crashing service.
	attempts = 4
)

func policy(backoff zinit.Backoff, delay time.Duration, most int) zinit.RetryPolicy {
	return zinit.RetryPolicy{
		MaxAttempts: most, Delay: zinit.Milliseconds(delay), Backoff: backoff,
		MaxDelay: zinit.Milliseconds(time.Minute), StabilityPeriod: zinit.Milliseconds(unreachedPeriod),
	}
}

// register registers a throw-away service. remove deletes it.
func (e *examiner) register(ctx context.Context, definition zinit.Definition) (remove func(), err error) {
	remove = func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkTimeout)
		defer cancel()
		_ = e.Supervisor.Delete(ctx, definition.Service.Name)
	}
	if _, err := e.Supervisor.Register(ctx, definition); err != nil {
		remove()
		return func() {}, err
	}
	return remove, nil
}

// define returns a throw-away service with one run action.
func (e *examiner) define(name string, options victim.Options, p zinit.RetryPolicy) zinit.Definition {
	name = Prefix + name
	return zinit.Define(name, zinit.RunAction(name, e.Victim(options), p))
}

// until polls until done returns true.
func until(ctx context.Context, what string, done func() (bool, error)) error {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		ok, err := done()
		if ok || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waited for %s without success", what)
		}
	}
}

// within polls until done returns true, at most for limit.
func within(ctx context.Context, limit time.Duration, what string, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := until(ctx, what, done); err != nil {
		return fmt.Errorf("%w within %s", err, limit)
	}
	return nil
}

func (e *examiner) state(ctx context.Context, name string, want func(zinit.Status) bool) func() (bool, error) {
	return func() (bool, error) {
		status, err := e.Supervisor.Status(ctx, name)
		return err == nil && want(status), err
	}
}

func running(status zinit.Status) bool { return status.State == zinit.StateRunning && status.PID != 0 }

func down(status zinit.Status) bool { return status.PID == 0 && status.State != zinit.StateStarting }

// defineCrash returns a service that exits with 3 by itself.
func (e *examiner) defineCrash(name string, after time.Duration, p zinit.RetryPolicy) zinit.Definition {
	return e.define(name, victim.Options{ExitDelay: after, ExitCode: 3}, p)
}
