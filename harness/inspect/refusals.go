package inspect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// refusalIDs returns the assumptions that refusals settles.
func refusalIDs() []string {
	return []string{"error-codes", "self-dependency", "missing-accepted", "unknown-members-ignored", "long-names", "action-ownership"}
}

// refusals registers unusual definitions, one after the other.
func (e *examiner) refusals(ctx context.Context) error {
	plain := policy(zinit.BackoffNone, shortDelay, 0)
	remove, err := e.register(ctx, e.define("plain", victim.Options{}, plain))
	if err != nil {
		return err
	}
	defer remove()
	e.codes(ctx, plain)
	e.selfDependency(ctx, plain)
	e.missing(ctx)
	e.longName(ctx, plain)
	if e.Client == nil {
		e.note(Unseen, fmt.Sprintf("zinit %s has no actions", e.Supervisor.Dialect()), "unknown-members-ignored", "action-ownership")
		return nil
	}
	e.unknownMembers(ctx)
	e.ownership(ctx, plain)
	return nil
}

// codes makes impossible requests and checks the error codes.
func (e *examiner) codes(ctx context.Context, p zinit.RetryPolicy) {
	_, missing := e.Supervisor.Status(ctx, Prefix+"nobody")
	bad := e.define("bad", victim.Options{}, p)
	bad.Actions[0].Exec = ""
	defer e.forget(ctx, bad)
	_, invalid := e.Supervisor.Register(ctx, bad)
	var other []string
	for _, asked := range []struct {
		what string
		err  error
		code int
	}{
		{"the status of an unknown service", missing, -32001},
		{"an action without exec", invalid, -32003},
		{"a cycle", e.cycle(ctx, p), -32004},
	} {
		answer := new(zinit.Error)
		switch {
		case asked.err == nil:
			other = append(other, asked.what+" is accepted")
		case !errors.As(asked.err, &answer):
			other = append(other, asked.what+": "+oneLine(asked.err))
		case answer.Code != asked.code:
			other = append(other, fmt.Sprintf("%s is answered with %d, not %d", asked.what, answer.Code, asked.code))
		}
	}
	e.settle("error-codes", firstOf(other), "-32001, -32003 and -32004 were seen")
}

// cycle registers two services that require each other and returns the answer to the second.
func (e *examiner) cycle(ctx context.Context, p zinit.RetryPolicy) error {
	first, second := e.define("cycle1", victim.Options{}, p), e.define("cycle2", victim.Options{}, p)
	first.Service.Dependencies.Requires = []string{second.Service.Name}
	second.Service.Dependencies.Requires = []string{first.Service.Name}
	defer e.forget(ctx, first)
	defer e.forget(ctx, second)
	if _, err := e.Supervisor.Register(ctx, first); err != nil {
		return err
	}
	_, err := e.Supervisor.Register(ctx, second)
	return err
}

// forget deletes a service and its actions if they exist. It removes the dependencies first: a supervisor that deletes dependents
// as well may follow a cycle for ever.
func (e *examiner) forget(ctx context.Context, definition zinit.Definition) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkTimeout)
	defer cancel()
	if e.Client != nil {
		bare := definition.Service
		bare.Dependencies, bare.Status = zinit.Dependencies{}, zinit.WantStop
		_, _ = e.Client.SetService(ctx, bare)
	}
	_ = e.Supervisor.Delete(ctx, definition.Service.Name)
	for _, action := range definition.Actions {
		if e.Client != nil {
			_ = e.Client.DeleteAction(ctx, action.Name)
		}
	}
}

// selfDependency asks only 0.4: 0.3.9 overflows its stack when such a service is deleted.
func (e *examiner) selfDependency(ctx context.Context, p zinit.RetryPolicy) {
	if e.Client == nil {
		e.note(Unseen, "not asked: deleting such a service crashes zinit 0.3.9 by a stack overflow", "self-dependency")
		return
	}
	definition := e.define("self", victim.Options{}, p)
	definition.Service.Dependencies.Requires = []string{definition.Service.Name}
	defer e.forget(ctx, definition)
	warnings, err := e.Supervisor.Register(ctx, definition)
	var wrong error
	how := "it is filtered with a warning"
	switch {
	case errors.Is(err, zinit.ErrDependencyCycle):
		how = "it is refused with -32004"
	case err != nil:
		wrong = fmt.Errorf("it is refused with another error: %s", oneLine(err))
	case len(warnings) == 0:
		wrong = errors.New("it is accepted without a warning")
	default:
		wrong = within(ctx, checkTimeout/2, "the service that requires itself to run", e.state(ctx, definition.Service.Name, running))
	}
	e.settle("self-dependency", wrong, "%s", how)
}

func (e *examiner) missing(ctx context.Context) {
	const seen = 500 * time.Millisecond
	definition := e.define("missing", victim.Options{}, policy(zinit.BackoffNone, shortDelay, 0))
	definition.Service.Dependencies.Requires = []string{Prefix + "nobody"}
	without := zinit.Define(Prefix+"without", zinit.Action{Name: Prefix + "without.nothing"})
	without.Actions = nil
	defer e.forget(ctx, definition)
	defer e.forget(ctx, without)
	for _, d := range []zinit.Definition{definition, without} {
		if _, err := e.Supervisor.Register(ctx, d); err != nil {
			if errors.Is(err, zinit.ErrNotExpressible) {
				continue
			}
			e.differs("missing-accepted", "%s", oneLine(err))
			return
		}
	}
	err := within(ctx, seen, "", e.state(ctx, definition.Service.Name, running))
	if err == nil {
		e.differs("missing-accepted", "a service runs although it requires an unknown one")
		return
	}
	e.confirm("missing-accepted", "both are accepted, and nothing runs")
}

func (e *examiner) longName(ctx context.Context, p zinit.RetryPolicy) {
	const length = 4096
	definition := e.define(strings.Repeat("x", length), victim.Options{}, p)
	defer e.forget(ctx, definition)
	_, err := e.Supervisor.Register(ctx, definition)
	answer := new(zinit.Error)
	if errors.As(err, &answer) {
		e.confirm("long-names", "a name of %d bytes is refused with %d", length, answer.Code)
		return
	}
	if err == nil {
		_, err = e.Supervisor.Get(ctx, definition.Service.Name)
	}
	if err != nil {
		e.differs("long-names", "a name of %d bytes: %.200s", length, strings.ReplaceAll(oneLine(err), strings.Repeat("x", length), "..."))
		return
	}
	e.confirm("long-names", "a name of %d bytes is stored intact", length)
}

func (e *examiner) unknownMembers(ctx context.Context) {
	definition := e.define("unknown", victim.Options{}, policy(zinit.BackoffNone, shortDelay, 0))
	defer e.forget(ctx, definition)
	text, err := json.Marshal(definition.Actions[0])
	var action map[string]any
	if err = errors.Join(err, json.Unmarshal(text, &action)); err != nil {
		e.note(Unseen, oneLine(err), "unknown-members-ignored")
		return
	}
	action["hero_chaos_knows_more"] = map[string]any{"than": "zinit"}
	_, err = e.Client.Call(ctx, "action.set", map[string]any{"action": action, "hero_chaos_knows_more": true})
	e.settle("unknown-members-ignored", err, "an action with one is accepted")
}

// ownership sets an action of one throw-away service for another.
func (e *examiner) ownership(ctx context.Context, p zinit.RetryPolicy) {
	owner, thief := e.define("owner", victim.Options{}, p), e.define("thief", victim.Options{}, p)
	defer e.forget(ctx, owner)
	defer e.forget(ctx, thief)
	if _, err := e.Supervisor.Register(ctx, owner); err != nil {
		e.note(Unseen, oneLine(err), "action-ownership")
		return
	}
	action := owner.Actions[0]
	action.Service = thief.Service.Name
	answer, err := e.Client.SetAction(ctx, action)
	switch {
	case errors.Is(err, zinit.ErrInvalidConfig):
		e.confirm("action-ownership", "setting another service's action is refused with -32003")
	case err != nil:
		e.differs("action-ownership", "%s", oneLine(err))
	case answer:
		e.confirm("action-ownership", "setting another service's action is answered with replaced")
	default:
		e.differs("action-ownership", "setting another service's action is accepted silently")
	}
}
