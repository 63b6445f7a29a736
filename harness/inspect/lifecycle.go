package inspect

import (
	"context"
	"errors"
	"fmt"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// lifecycle gives every order once with an effect, and start and stop once without an effect.
func (e *examiner) lifecycle(ctx context.Context) error {
	const effectLimit = 15 * time.Second
	definition := e.define("life", victim.Options{}, policy(zinit.BackoffNone, shortDelay, 0))
	name := definition.Service.Name
	remove, err := e.register(ctx, definition)
	if err != nil {
		return err
	}
	defer remove()
	const startLimit = 2 * time.Second // suites/contract/zinit-0.4.md#definitions
	wrong := within(ctx, startLimit, "it to run", e.state(ctx, name, running))
	e.settle("start-within-2s", wrong, "a service of ours ran in time")
	if wrong != nil {
		return wrong
	}
	unchanged := e.Supervisor.Start(ctx, name)
	orders := []struct {
		word  string
		give  func(context.Context, string) error
		after func(zinit.Status) bool
	}{
		{"stop", e.Supervisor.Stop, down},
		{"start", e.Supervisor.Start, running},
		{"restart", e.Supervisor.Restart, running},
		{"stop", e.Supervisor.Stop, down},
	}
	for _, order := range orders {
		if err := order.give(ctx, name); err != nil {
			e.differs("effect-around-answer", "%s: %s", order.word, oneLine(err))
			return nil
		}
		if err := within(ctx, effectLimit, "the effect of "+order.word, e.state(ctx, name, order.after)); err != nil {
			e.differs("effect-around-answer", "%v", err)
			return nil
		}
	}
	e.settle("no-change-is-fine", errors.Join(refuseErrors("start", unchanged), refuseErrors("stop", e.Supervisor.Stop(ctx, name))),
		"start of what runs and stop of what is stopped are answered by ok or -32002")
	if err := e.Supervisor.Delete(ctx, name); err != nil {
		e.differs("effect-around-answer", "delete: %s", oneLine(err))
		return nil
	}
	gone := within(ctx, effectLimit, "the effect of delete", func() (bool, error) {
		_, err := e.Supervisor.Status(ctx, name)
		return err != nil, nil
	})
	e.settle("effect-around-answer", gone, "stop, start, restart and delete had their effect by the answer or soon after")
	return nil
}

// refuseErrors accepts ok and "already in that state".
func refuseErrors(order string, err error) error {
	if err == nil || errors.Is(err, zinit.ErrAlreadyInState) {
		return nil
	}
	return fmt.Errorf("%s: %s", order, oneLine(err))
}

// reset sets an action again while it runs, and ends the run.
func (e *examiner) reset(ctx context.Context) error {
	p := policy(zinit.BackoffNone, shortDelay, 0)
	before, after := e.define("reset", victim.Options{}, p), e.defineCrash("reset", crashDelay, p)
	name, action := before.Service.Name, before.Actions[0].Name
	remove, err := e.register(ctx, before)
	if err != nil {
		return err
	}
	defer remove()
	if _, err := e.jobs(ctx, action); err != nil {
		return err
	}
	if err := until(ctx, name+" to run", e.state(ctx, name, running)); err != nil {
		return err
	}
	if _, err := e.Supervisor.Register(ctx, after); err != nil {
		return err
	}
	if err := e.Supervisor.Kill(ctx, name, "SIGTERM"); err != nil {
		return err
	}
	var jobs []zinit.Job
	err = until(ctx, "a run of the new command", func() (bool, error) {
		jobs, err = e.jobs(ctx, action)
		return len(jobs) > 1 && jobs[len(jobs)-1].Ended != 0 || len(jobs) > 2, err
	})
	if err != nil {
		e.differs("reset-next-run", "%s", oneLine(err))
		return nil //nolint:nilerr // the error is the finding
	}
	e.confirm("reset-next-run", "the next run was of the new command")
	return nil
}

// dependents kills a service that another one requires.
func (e *examiner) dependents(ctx context.Context) error {
	p := policy(zinit.BackoffNone, shortDelay, 0)
	base, dependent := e.define("base", victim.Options{}, p), e.define("dependent", victim.Options{}, p)
	dependent.Service.Dependencies.Requires = []string{base.Service.Name}
	pids := map[string]int{}
	for _, definition := range []zinit.Definition{base, dependent} {
		remove, err := e.register(ctx, definition)
		if err != nil {
			return err
		}
		defer remove()
		name := definition.Service.Name
		if err := until(ctx, name+" to run", e.state(ctx, name, func(s zinit.Status) bool {
			pids[name] = s.PID
			return running(s)
		})); err != nil {
			return err
		}
	}
	if err := e.Supervisor.Kill(ctx, base.Service.Name, "SIGKILL"); err != nil {
		return err
	}
	if err := until(ctx, base.Service.Name+" to run again", e.state(ctx, base.Service.Name, func(s zinit.Status) bool {
		return running(s) && s.PID != pids[base.Service.Name]
	})); err != nil {
		return err
	}
	status, err := e.Supervisor.Status(ctx, dependent.Service.Name)
	if err != nil {
		return err
	}
	var wrong error
	if status.PID != pids[dependent.Service.Name] {
		wrong = errors.New("a service was replaced when one that it requires was killed")
	}
	e.settle("dependents-stay", wrong, "a service stayed as it was while one that it requires was killed and came back")
	return nil
}
