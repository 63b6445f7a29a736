package inspect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// pollInterval is the pause between two polls.
const pollInterval = 40 * time.Millisecond

// inventory counts the actions of each service.
func (e *examiner) inventory(context.Context) error {
	if e.unread != nil {
		return e.unread
	}
	if len(e.services) == 0 {
		return errors.New("the image registers no service")
	}
	counts := map[zinit.Kind]int{}
	var odd, more []string
	scheduled := 0
	for _, service := range e.services {
		own := map[zinit.Kind]int{}
		for _, action := range actionsOf(service, e.actions) {
			own[action.EffectiveKind()]++
			counts[action.EffectiveKind()]++
			if action.Schedule != nil {
				scheduled++
			}
			if action.Schedule != nil && action.Schedule.Retries > 1 {
				more = append(more, fmt.Sprintf("%s takes %d", service.Name, action.Schedule.Retries))
			}
		}
		if own[zinit.KindRun] != 1 || own[zinit.KindHealth] != 1 {
			odd = append(odd, fmt.Sprintf("%s has %d run and %d health actions", service.Name, own[zinit.KindRun], own[zinit.KindHealth]))
		}
	}
	e.settle("one-run-one-health", firstOf(odd), "%d services, %d run and %d health actions",
		len(e.services), counts[zinit.KindRun], counts[zinit.KindHealth])
	if scheduled == 0 {
		e.note(Unseen, "no health action has a schedule", "shipped-retries-one")
		return nil
	}
	e.settle("shipped-retries-one", firstOf(more), "retries is 1, or not said, in every schedule")
	return nil
}

// firstOf returns an error with the first three texts, nil if there is none.
func firstOf(wrong []string) error {
	const shown = 3
	if len(wrong) == 0 {
		return nil
	}
	text := strings.Join(wrong[:min(shown, len(wrong))], ", ")
	if len(wrong) > shown {
		text += fmt.Sprintf(", and %d more", len(wrong)-shown)
	}
	return errors.New(text)
}

// actionsOf returns the actions that a service lists or owns.
func actionsOf(service zinit.Service, all []zinit.Action) []zinit.Action {
	return slices.DeleteFunc(slices.Clone(all), func(action zinit.Action) bool {
		return action.Service != service.Name && !slices.Contains(service.Actions, action.Name)
	})
}

// shapes checks the members of raw answers about a service of the image.
func (e *examiner) shapes(ctx context.Context) error {
	switch {
	case e.unread != nil:
		return e.unread
	case e.Client == nil:
		return fmt.Errorf("zinit %s has another model", e.Supervisor.Dialect())
	case len(e.services) == 0:
		return errors.New("the image registers no service")
	}
	named := map[string]any{"name": e.services[0].Name}
	e.checkMembers(ctx, "service-actions-member", "service.get", named, "actions")
	e.checkMembers(ctx, "status-members", "service.status", named, "health", "restarts")
	for _, action := range actionsOf(e.services[0], e.actions) {
		name := map[string]any{"name": action.Name}
		switch action.EffectiveKind() { //nolint:exhaustive // the others have neither
		case zinit.KindRun:
			e.checkMembers(ctx, "action-nesting", "action.get", name, "retry")
		case zinit.KindHealth:
			e.checkMembers(ctx, "action-nesting", "action.get", name, "schedule")
		}
	}
	return nil
}

// checkMembers asks for an object and checks its members.
func (e *examiner) checkMembers(ctx context.Context, id, method string, params any, wanted ...string) {
	raw, err := e.Client.Call(ctx, method, params)
	if err != nil {
		e.note(Unseen, oneLine(err), id)
		return
	}
	e.settle(id, requireMembers(raw, wanted...), "%s has %s", method, strings.Join(wanted, " and "))
}

// requireMembers returns an error that names the members that an object lacks, and those that it has.
func requireMembers(raw json.RawMessage, wanted ...string) error {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(raw, &object); err != nil {
		return fmt.Errorf("it is not an object: %.60q", raw)
	}
	var lacks []string
	for _, member := range wanted {
		if _, ok := object[member]; !ok {
			lacks = append(lacks, member)
		}
	}
	if len(lacks) == 0 {
		return nil
	}
	var has []string
	for member := range object {
		has = append(has, member)
	}
	slices.Sort(has)
	return fmt.Errorf("it has no %s; it has %s", strings.Join(lacks, ", no "), strings.Join(has, ", "))
}

func (e *examiner) socket(context.Context) error {
	if e.Socket == "" {
		return errors.New("no RPC is understood")
	}
	for _, candidate := range zinit.SocketCandidates("") {
		if matched, err := path.Match(candidate, e.Socket); err == nil && matched {
			e.confirm("socket-candidates", "%s", e.Socket)
			return nil
		}
	}
	e.differs("socket-candidates", "it is at %s", e.Socket)
	return nil
}

func (e *examiner) boot(context.Context) error {
	if e.Boot == nil {
		return errors.New("the container was running already")
	}
	missing, took := e.Boot()
	const promised = 60 * time.Second // [A] boot-within-60s
	switch {
	case len(e.Target.Services) == 0:
		return errors.New("the target file lists no service")
	case len(missing) > 0:
		names := make([]string, 0, len(missing))
		for name, what := range missing {
			names = append(names, name+": "+what)
		}
		slices.Sort(names)
		e.differs("boot-within-60s", "%v", firstOf(names))
	case took > promised:
		e.differs("boot-within-60s", "it took %s", took.Round(time.Second))
	default:
		e.confirm("boot-within-60s", "all %d services of the target file served in time", len(e.Target.Restartable()))
	}
	return nil
}

func (e *examiner) smoke(ctx context.Context) error {
	if e.Smoke == nil || len(e.Target.Smoke) == 0 {
		return errors.New("the target file lists no path to ask")
	}
	const promised = 120 * time.Second // [A] smoke-within-120s
	for _, asked := range e.Target.Smoke {
		status, err := e.Smoke(ctx, asked.Path)
		if err != nil {
			return fmt.Errorf("GET %s: %w", asked.Path, err)
		}
		if status != asked.Status {
			return fmt.Errorf("GET %s answers %d, not %d, so far", asked.Path, status, asked.Status)
		}
	}
	if e.Age == nil || e.Age() > promised {
		return errors.New("it answers, but the start is too long ago to tell since when")
	}
	e.confirm("smoke-within-120s", "%d paths answer", len(e.Target.Smoke))
	return nil
}

// healthReplies asks the real services for their health. Victims answer in the same way.
func (e *examiner) healthReplies(ctx context.Context) error {
	if e.Health == nil {
		return errors.New("no service can be asked")
	}
	asked := 0
	var other []string
	for _, service := range e.Target.Services {
		if service.Socket == "" {
			continue
		}
		asked++
		result, err := e.Health(ctx, service.Socket)
		if err != nil {
			other = append(other, fmt.Sprintf("%s: %s", service.Name, oneLine(err)))
		} else if !isOK(result) {
			other = append(other, fmt.Sprintf("%s answers %.80s", service.Name, result))
		}
	}
	if asked == 0 {
		return errors.New("the target file lists no service with a socket")
	}
	e.settle("health-reply-ok", firstOf(other), `all %d sockets answer {"status": "ok"}`, asked)
	return nil
}

func isOK(result string) bool {
	var reply struct {
		Status string `json:"status"`
	}
	return json.Unmarshal([]byte(result), &reply) == nil && reply.Status == "ok"
}

// commandLine compares the output of `zinit list` with the RPC.
func (e *examiner) commandLine(ctx context.Context) error {
	if e.Command == nil {
		return errors.New("no zinit command can be run")
	}
	if e.Supervisor.Dialect() == zinit.DialectCLI {
		return errors.New("there is no RPC to compare it with")
	}
	statuses, err := e.Supervisor.List(ctx)
	if err != nil {
		return err
	}
	listed, err := zinit.NewCommandLine(e.Command, "").List(ctx)
	if err != nil {
		return err
	}
	var other []string
	compared := 0
	for _, status := range statuses {
		if strings.HasPrefix(status.Name, Prefix) {
			continue // it may end at any time
		}
		compared++
		i := slices.IndexFunc(listed, func(s zinit.Status) bool { return s.Name == status.Name })
		switch {
		case i < 0:
			other = append(other, "no line of zinit list holds "+status.Name+" and a state word")
		case listed[i].State != status.State || listed[i].PID != status.PID:
			other = append(other, fmt.Sprintf("zinit list says %s, pid %d of %s, and the RPC %s, pid %d",
				listed[i].State, listed[i].PID, status.Name, status.State, status.PID))
		}
	}
	if compared == 0 {
		return errors.New("there is no service to compare")
	}
	e.settle("cli-output", firstOf(other), "zinit list tells the state and the pid of all %d services", compared)
	return nil
}

// zombies looks twice: a process that has just ended is a zombie for a moment.
func (e *examiner) zombies(ctx context.Context) error {
	if e.Zombies == nil {
		return errors.New("no process table can be read")
	}
	const reapLimit = 500 * time.Millisecond
	before, err := e.Zombies(ctx)
	if err != nil {
		return err
	}
	select {
	case <-time.After(reapLimit):
	case <-ctx.Done():
		return ctx.Err()
	}
	after, err := e.Zombies(ctx)
	if err != nil {
		return err
	}
	stay := slices.DeleteFunc(after, func(name string) bool { return !slices.Contains(before, name) })
	e.settle("no-zombie", firstOf(stay), "none is left of the services that came and went in this inspection")
	return nil
}
