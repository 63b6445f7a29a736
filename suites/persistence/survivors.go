package persistence

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// afterwards is for how long it is watched, once everything serves again, whether anything comes that must
// not: above the 2 s within which a service is started (contract zinit-0.4, Semantics 8).
const afterwards = 2500 * time.Millisecond

// survivors is a sandbox before a cut: who is there, and how it is registered.
type survivors struct {
	sandbox     *session.Sandbox
	kept        session.Service
	stopped     session.VictimPlan
	checked     session.VictimPlan
	deleted     deleted
	before      bool                  // its health was checked before the cut
	serving     []session.Service     // those that have to serve again
	argv        map[string][]string   // command lines by service
	definitions map[string]definition // by service
	done        session.Interruption
}

// definition is all that is registered of a service.
type definition struct {
	service zinit.Service
	actions []zinit.Action
}

// String is the definition as JSON: two that differ have different ones.
func (d definition) String() string {
	text, err := json.Marshal([]any{d.service, d.actions})
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// settle registers the victims of a cut and writes down what is there.
func settle(ctx context.Context, chaos *session.Session, where, name string) (*survivors, error) {
	sandbox, err := chaos.Background(ctx, where)
	if err != nil {
		return nil, err
	}
	kept, stopped := session.NewVictim("kept-"+name, policy()), session.NewVictim("stopped-"+name, policy()).WithStopTimeout(stopTimeout)
	kept = kept.WithStopTimeout(stopTimeout)
	kept.Options.Children = 1
	s := &survivors{sandbox: sandbox, stopped: stopped, argv: map[string][]string{}, definitions: map[string]definition{}}
	if s.kept, err = sandbox.Register(ctx, kept); err != nil {
		return nil, err
	}
	s.serving = []session.Service{s.kept}
	for _, shipped := range chaos.Target.Restartable() {
		s.serving = append(s.serving, chaos.Shipped(shipped))
	}
	if _, err := sandbox.Supervisor.Register(ctx, stopped.Definition()); err != nil {
		return nil, err
	}
	if err := s.identify(ctx, append(s.serving, stopped.Of())); err != nil {
		return nil, err
	}
	if err := s.stop(ctx); err != nil {
		return nil, err
	}
	s.deleted = s.delete(ctx, name)
	if s.before, err = s.check(ctx, name); err != nil {
		return nil, err
	}
	s.definitions, err = s.registered(ctx)
	return s, err
}

// identify learns everybody's command line, of whom serves.
func (s *survivors) identify(ctx context.Context, services []session.Service) error {
	for _, service := range services {
		var identity protocol.Identity
		var err error
		spec.Until(ctx, 10*time.Second, func(ctx context.Context) bool {
			identity, err = s.sandbox.Agent().Identify(ctx, protocol.IdentifyParams{Endpoint: service.Endpoint, SupervisorPID: s.sandbox.SupervisorPID()})
			return err == nil
		})
		if err != nil {
			return &recovery.Inconclusive{Reason: fmt.Sprintf("%s did not serve before: %v", service.Name, err)}
		}
		s.argv[service.Name] = identity.Serving.Argv
	}
	return nil
}

// stop stops the one that is to stay stopped, and waits until it is.
func (s *survivors) stop(ctx context.Context) error {
	if err := s.sandbox.Supervisor.Stop(ctx, s.stopped.Name); err != nil {
		return err
	}
	var status zinit.Status
	if !spec.Until(ctx, 10*time.Second, func(ctx context.Context) bool {
		var err error
		status, err = s.sandbox.Supervisor.Status(ctx, s.stopped.Name)
		return err == nil && status.PID == 0 && status.State != zinit.StateStopping
	}) {
		return &recovery.Inconclusive{Reason: fmt.Sprintf("%s could not be stopped: zinit says %q", s.stopped.Name, status.State)}
	}
	return nil
}

// deleted is a service that was deleted before a cut: why it could not be, or how it was there again.
type deleted struct{ name, unclear, returned string }

// delete registers a service and deletes it again, and waits until it is gone.
func (s *survivors) delete(ctx context.Context, name string) deleted {
	plan := session.NewVictim("deleted-"+name, policy()).WithStopTimeout(stopTimeout)
	gone := deleted{name: plan.Name}
	_, err := s.sandbox.Supervisor.Register(ctx, plan.Definition())
	if err == nil {
		err = s.sandbox.Supervisor.Delete(ctx, plan.Name)
	}
	switch {
	case err != nil:
		gone.unclear = err.Error()
	case !spec.Until(ctx, 10*time.Second, func(ctx context.Context) bool {
		_, err := s.sandbox.Supervisor.Get(ctx, plan.Name)
		return errors.Is(err, zinit.ErrNotFound)
	}):
		gone.unclear = plan.Name + " was deleted, and is still there"
	}
	return gone
}

// checked says whether the health of a service was checked before and after a cut.
type checked struct{ before, after bool }

// check registers a service whose health is checked, and waits until it was.
func (s *survivors) check(ctx context.Context, name string) (bool, error) {
	schedule := zinit.Schedule{Interval: zinit.Milliseconds(interval), StartPeriod: zinit.Milliseconds(startPeriod), Retries: 1}
	s.checked = session.NewVictim("checked-"+name, policy()).WithStopTimeout(stopTimeout).
		WithHealth(schedule, patience).WithPatientProbe(patience)
	if _, err := s.sandbox.Supervisor.Register(ctx, s.checked.Definition()); err != nil {
		return false, err
	}
	return s.isAsked(ctx, 1), nil
}

// isAsked waits until the checked service was asked so many times in all, which nobody does but its health check.
func (s *survivors) isAsked(ctx context.Context, times int) bool {
	limit := startPeriod + time.Duration(times)*interval + patience
	return spec.Until(ctx, limit, func(ctx context.Context) bool { return s.asked(ctx) >= times })
}

// asked is how many times the checked service was asked, by its own journal.
func (s *survivors) asked(ctx context.Context) int {
	journal, err := s.sandbox.Agent().ReadFile(ctx, s.checked.Options.Journal, 0)
	if err != nil {
		return 0 // it has not begun
	}
	times := 0
	for line := range bytes.Lines(journal) {
		var event victim.Event
		if json.Unmarshal(line, &event) == nil && event.Event == victim.EventProbe {
			times++
		}
	}
	return times
}

// registered asks for every definition.
func (s *survivors) registered(ctx context.Context) (map[string]definition, error) {
	statuses, err := s.sandbox.Supervisor.List(ctx)
	if err != nil {
		return nil, err
	}
	all := map[string]definition{}
	for _, status := range statuses {
		var d definition
		if d.service, err = s.sandbox.Supervisor.Get(ctx, status.Name); err != nil {
			return nil, err
		}
		if d.actions, err = s.sandbox.Supervisor.Actions(ctx, status.Name); err != nil {
			return nil, err
		}
		all[status.Name] = d
	}
	return all, nil
}

// outlive cuts, and looks at what is there afterwards.
func outlive(ctx context.Context, chaos *session.Session, c cut) (survival, error) {
	s, err := settle(ctx, chaos, restartSandbox, c.name)
	if s != nil {
		defer s.leave(context.WithoutCancel(ctx))
	}
	if err != nil {
		return survival{}, err
	}
	if c.inside { // a second process may come before the first good reply does
		if err := s.sandbox.Agent().WatchCrowd(ctx, c.name, s.argv); err != nil {
			return survival{}, err
		}
	}
	asked := s.asked(ctx)
	if err := c.do(ctx, chaos, s); err != nil || s.done.Refused != "" {
		return survival{interruption: s.done}, err
	}
	if !c.inside {
		if err := s.sandbox.Agent().WatchCrowd(ctx, c.name, s.argv); err != nil {
			return survival{}, err
		}
	}
	found, err := s.look(ctx, c.name, chaos.Target.Budgets.Boot.Duration())
	// One check may have begun before the cut, and one come of a supervisor that checks only who starts.
	found.checked = checked{before: s.before, after: s.isAsked(ctx, asked+3)}
	return found, err
}

// look says what survived, at most a boot budget after the cut.
func (s *survivors) look(ctx context.Context, count string, boot time.Duration) (survival, error) {
	found := survival{registered: len(s.definitions), interruption: s.done, doubled: map[string]string{}}
	spec.Until(ctx, boot, func(ctx context.Context) bool {
		found.silent = s.silent(ctx)
		return len(found.silent) == 0
	})
	spec.Until(ctx, afterwards, func(ctx context.Context) bool {
		status, err := s.sandbox.Supervisor.Status(ctx, s.stopped.Name)
		if err == nil && (status.PID != 0 || status.State == zinit.StateRunning) {
			found.revived = fmt.Sprintf("zinit says %q, pid %d", status.State, status.PID)
		}
		return found.revived != ""
	})
	crowd, err := s.sandbox.Agent().EndCrowd(ctx, count)
	if err != nil {
		return found, err
	}
	for service, most := range crowd.Most {
		if len(most.PIDs) > 1 {
			found.doubled[service] = fmt.Sprintf("pids %s at once", strings.Trim(fmt.Sprint(most.PIDs), "[]"))
		}
	}
	if most, ran := crowd.Most[s.stopped.Name]; ran && found.revived == "" {
		found.revived = fmt.Sprintf("it ran as pid %d", most.PIDs[0])
	}
	if word, err := s.sandbox.Supervisor.Status(ctx, s.deleted.name); err == nil {
		s.deleted.returned = fmt.Sprintf("zinit says %q, pid %d", word.State, word.PID)
	}
	found.deleted = s.deleted
	found.changed, err = s.changes(ctx)
	return found, err
}

// silent are those that do not serve, with why.
func (s *survivors) silent(ctx context.Context) map[string]string {
	silent := map[string]string{}
	var mu sync.Mutex
	var asking sync.WaitGroup
	for _, service := range s.serving {
		asking.Go(func() {
			if err := recovery.Steady(ctx, s.sandbox, service.Endpoint); err != nil {
				mu.Lock()
				defer mu.Unlock()
				silent[service.Name] = err.Error()
			}
		})
	}
	asking.Wait()
	return silent
}

// changes are the services that are not registered as they were.
func (s *survivors) changes(ctx context.Context) (map[string]string, error) {
	now, err := s.registered(ctx)
	if err != nil {
		return nil, err
	}
	changed := map[string]string{}
	for name, before := range s.definitions {
		after, there := now[name]
		switch {
		case !there:
			changed[name] = "zinit does not know it any more"
		case after.String() != before.String():
			changed[name] = "was " + before.String() + ", is " + after.String()
		}
	}
	return changed, nil
}

// leave deletes the victims, where there is still a supervisor to delete them.
func (s *survivors) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for _, name := range []string{s.kept.Name, s.stopped.Name, s.checked.Name} {
		if name != "" {
			_ = s.sandbox.Delete(ctx, name)
		}
	}
}

func restart(ctx context.Context, chaos *session.Session, s *survivors) error {
	return s.interrupt(ctx, session.Restart, chaos.Target.Budgets.StopTimeout.Duration())
}

func killFirst(ctx context.Context, _ *session.Session, s *survivors) error {
	return s.interrupt(ctx, session.KillFirst, 0)
}

func (s *survivors) interrupt(ctx context.Context, order session.Order, limit time.Duration) error {
	var err error
	s.done, err = s.sandbox.Interrupt(ctx, order, limit)
	return err
}

// killSupervisor kills zinit itself, where the image starts it again. Everybody is held meanwhile: what ends
// with its supervisor is explained.
func killSupervisor(ctx context.Context, chaos *session.Session, s *survivors) (err error) {
	release, err := s.holdAll(ctx, chaos)
	defer func() { err = errors.Join(err, release(context.WithoutCancel(ctx))) }()
	if err != nil {
		return err
	}
	if s.sandbox.ZinitSocket() == "" {
		return &recovery.Inconclusive{Reason: "zinit's RPC is not understood, so that its own process cannot be identified"}
	}
	_, err = s.sandbox.Inject(ctx, session.Injection{
		Promise: promise.PersistenceDefinitions, Fault: fault.SIGKILL, Window: chaos.Target.Budgets.Boot.Duration(),
		Service: session.Service{Name: "zinit", Endpoint: protocol.Endpoint{Socket: s.sandbox.ZinitSocket(), Method: "system.ping"}},
	})
	if s.sandbox.FindSupervisor(ctx) != nil {
		return &recovery.Inconclusive{Reason: "the image does not start its supervisor again: it ends with it, or stays without"}
	}
	return err
}

// holdAll keeps every service of the sandbox.
func (s *survivors) holdAll(ctx context.Context, chaos *session.Session) (release func(context.Context) error, err error) {
	var held []func(context.Context) error
	release = func(ctx context.Context) error {
		failures := make(chan error, len(held))
		for _, one := range held {
			go func() { failures <- one(ctx) }()
		}
		var all error
		for range held {
			all = errors.Join(all, <-failures)
		}
		return all
	}
	everybody := append([]session.Service{session.BaseVictim(chaos.Target)}, s.sandbox.Bystanders()...)
	for _, service := range append(everybody, s.serving...) {
		one, err := s.sandbox.Hold(ctx, service.Name)
		if err != nil {
			return release, err
		}
		held = append(held, one)
	}
	return release, nil
}
