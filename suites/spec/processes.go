package spec

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// IsOurs reports whether a service or an action belongs to the harness, by its name.
func IsOurs(name string) bool { return strings.HasPrefix(name, session.VictimName("")) }

// FindProcess returns the process that serves an endpoint right now.
func FindProcess(ctx context.Context, sandbox *session.Sandbox, endpoint protocol.Endpoint) (record.Incarnation, error) {
	identity, err := FindRun(ctx, sandbox, endpoint)
	return identity.Serving, err
}

// FindRun returns the process that serves an endpoint right now, and the process that the supervisor started: the same, or a shell
// around it. The run began with the latter.
func FindRun(ctx context.Context, sandbox *session.Sandbox, endpoint protocol.Endpoint) (protocol.Identity, error) {
	return sandbox.Agent().Identify(ctx, protocol.IdentifyParams{Endpoint: endpoint, SupervisorPID: sandbox.SupervisorPID()})
}

// IsSameProcess reports whether two sightings are of one process: a pid alone may have been given out again.
func IsSameProcess(one, other record.Incarnation) bool {
	return one.PID == other.PID && one.StartTime == other.StartTime
}

// FindLiving returns those of some processes that still exist and are no zombies.
func FindLiving(ctx context.Context, sandbox *session.Sandbox, processes ...record.Incarnation) ([]protocol.Process, error) {
	table, err := sandbox.Agent().Processes(ctx)
	return slices.DeleteFunc(table, func(p protocol.Process) bool {
		return p.State == "Z" || p.State == "X" || !slices.ContainsFunc(processes, func(one record.Incarnation) bool { return IsSameProcess(one, p.Incarnation) })
	}), err
}

// HasEnded reports whether none of some processes exists any more. It is false if they cannot be looked for.
func HasEnded(ctx context.Context, sandbox *session.Sandbox, processes ...record.Incarnation) bool {
	living, err := FindLiving(ctx, sandbox, processes...)
	return err == nil && len(living) == 0
}

// FindDown returns the services that do not run by the supervisor's status or do not serve, with what is wrong.
func FindDown(ctx context.Context, sandbox *session.Sandbox, services []session.Service) map[string]string {
	statuses, err := sandbox.Supervisor.List(ctx)
	unspoken := errors.Is(err, zinit.ErrNotExpressible) // then the services' own answers have to do
	if err != nil && !unspoken {
		return map[string]string{"zinit": err.Error()}
	}
	reported := map[string]zinit.Status{}
	for _, status := range statuses {
		reported[status.Name] = status
	}
	down := map[string]string{}
	for _, service := range services {
		if status := reported[service.Name]; status.State != zinit.StateRunning && !unspoken {
			down[service.Name] = strings.TrimSpace(fmt.Sprintf("zinit says %q %s", status.State, status.Error))
		} else if err := recovery.CheckSteady(ctx, sandbox, service.Endpoint); err != nil {
			down[service.Name] = "it does not serve: " + err.Error()
		}
	}
	return down
}

// FindDoubled returns the services that had two processes at once while they were counted, with their pids.
func FindDoubled(crowd protocol.Crowd) map[string]string {
	doubled := map[string]string{}
	for service, most := range crowd.Most {
		if len(most.PIDs) > 1 {
			doubled[service] = fmt.Sprintf("pids %s at once", strings.Trim(fmt.Sprint(most.PIDs), "[]"))
		}
	}
	return doubled
}

// ListServices makes lines of what is wrong with some services, in the order of their names.
func ListServices(wrong map[string]string) []Line {
	var cases []string
	for _, service := range slices.Sorted(maps.Keys(wrong)) {
		cases = append(cases, service+": "+wrong[service])
	}
	return List("service", cases)
}

// StopServices stops services of the image for good, and reports whether none of them had a process within a time.
func StopServices(ctx context.Context, sandbox *session.Sandbox, services []target.Service, limit time.Duration) (stopped bool, err error) {
	for _, service := range services {
		if err := sandbox.Dismiss(ctx, service.Name); err != nil {
			return false, err
		}
	}
	for _, service := range services {
		_ = sandbox.Supervisor.Stop(ctx, service.Name) // a service may be stopped already; what counts comes next
	}
	return Until(ctx, limit, func(ctx context.Context) bool {
		statuses, err := sandbox.Supervisor.List(ctx)
		return err == nil && !slices.ContainsFunc(statuses, func(s zinit.Status) bool {
			return s.PID != 0 && slices.ContainsFunc(services, func(ours target.Service) bool { return ours.Name == s.Name })
		})
	}), nil
}

// HoldAll keeps services until release is called, also after an error. release gives all back at the same time, since each
// waits until its service serves again.
func HoldAll(ctx context.Context, sandbox *session.Sandbox, services []string) (release func(context.Context) error, err error) {
	var held []func(context.Context) error
	release = func(ctx context.Context) error {
		abandonIfCut(ctx, sandbox, services...)
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
	for _, service := range services {
		one, err := sandbox.Hold(ctx, service)
		if err != nil {
			return release, err
		}
		held = append(held, one)
	}
	return release, nil
}
