// Package discover writes a target file from an image that runs: what zinit has registered, where it serves, and by
// which policies.
package discover

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// ours begins the name of every service of the harness.
const ours = "hero_chaos."

const (
	// look is the pause between two looks at what is registered.
	look = 100 * time.Millisecond
	// quiet is how long nothing may change until what is registered is taken for all there is.
	quiet = 2 * time.Second
)

// Box is a started target.
type Box interface {
	Agent() protocol.Client
	recovery.Dialer
	ZinitSocket() string
	Zinit() zinit.Supervisor
}

// found is what is known of one service.
type found struct {
	status  zinit.Status
	service zinit.Service
	actions []zinit.Action
}

// Target returns what defaults say of the image, with its services, policies, inventory and zinit's socket as they
// were found. Nothing is confirmed: that takes an inspection. It waits until all services run or nothing
// has changed for a while, at most for the boot budget.
func Target(ctx context.Context, defaults *target.Target, box Box) (*target.Target, error) {
	t := *defaults
	t.Confirmed, t.Services, t.Inventory = nil, nil, target.Inventory{}
	if socket := box.ZinitSocket(); socket != "" {
		t.Zinit.Sockets = []string{socket}
	}
	statuses, err := settled(ctx, defaults, box.Zinit())
	if err != nil {
		return nil, fmt.Errorf("discover the services: %w", err)
	}
	all, err := read(ctx, box.Zinit(), statuses)
	if err != nil {
		return nil, fmt.Errorf("read the definitions back: %w", err)
	}
	t.Policy, t.Health = commonPolicy(all, defaults.Policy), commonHealth(all, defaults.Health)
	t.Inventory.Services = len(all)
	where, err := endpoints(ctx, box, all)
	if err != nil {
		return nil, fmt.Errorf("find out where the services answer: %w", err)
	}
	for _, f := range all {
		t.Inventory.Actions += counted(f.actions)
		service := target.Service{Name: f.status.Name, Requires: requires(f, all)}
		if run, ok := (zinit.Definition{Actions: f.actions}).Action(zinit.KindRun); ok {
			service.Oneshot = run.Oneshot
			if run.Retry != nil && *run.Retry != t.Policy && !run.Oneshot {
				service.Policy = run.Retry
			}
		}
		if !service.Oneshot {
			endpoint := where[service.Name]
			service.Socket, service.Port, service.Health = endpoint.Socket, endpoint.Port, endpoint.Path
		}
		t.Services = append(t.Services, service)
	}
	return &t, nil
}

// settled returns the status of every service but ours, once all run or nothing changes any more.
func settled(ctx context.Context, t *target.Target, supervisor zinit.Supervisor) (statuses []zinit.Status, err error) {
	ctx, cancel := context.WithTimeout(ctx, t.Budgets.Boot.Duration())
	defer cancel()
	var before string
	since := time.Now()
	for {
		if statuses, err = supervisor.List(ctx); err != nil {
			return nil, err
		}
		statuses = slices.DeleteFunc(statuses, func(s zinit.Status) bool { return strings.HasPrefix(s.Name, ours) })
		running := !slices.ContainsFunc(statuses, func(s zinit.Status) bool { return s.State != zinit.StateRunning })
		now := fmt.Sprint(statuses)
		if now != before {
			before, since = now, time.Now()
		}
		if running && len(statuses) > 0 && len(statuses) == t.Inventory.Services || time.Since(since) > quiet {
			return statuses, nil
		}
		select {
		case <-time.After(look):
		case <-ctx.Done():
			return statuses, nil // what is there by now is what it is
		}
	}
}

// read reads the definitions back, where the dialect has words for it.
func read(ctx context.Context, supervisor zinit.Supervisor, statuses []zinit.Status) ([]found, error) {
	actions, err := supervisor.Actions(ctx, "")
	if err != nil && !errors.Is(err, zinit.ErrNotExpressible) {
		return nil, err
	}
	all := make([]found, 0, len(statuses))
	for _, status := range statuses {
		f := found{status: status}
		f.service, err = supervisor.Get(ctx, status.Name)
		if err != nil && !errors.Is(err, zinit.ErrNotExpressible) {
			return nil, err
		}
		for _, action := range actions {
			if action.Service == status.Name || slices.Contains(f.service.Actions, action.Name) {
				f.actions = append(f.actions, action)
			}
		}
		all = append(all, f)
	}
	slices.SortStableFunc(all, func(a, b found) int { return cmp.Compare(a.status.Name, b.status.Name) })
	return all, nil
}

// counted is how many actions of the kinds that an inventory counts there are.
func counted(actions []zinit.Action) (count int) {
	for _, action := range actions {
		if action.Kind == zinit.KindRun || action.Kind == "" || action.Kind == zinit.KindHealth {
			count++
		}
	}
	return count
}

// requires are a service's requirements that are there, without itself.
func requires(f found, all []found) []string {
	var kept []string
	for _, name := range f.service.Dependencies.Requires {
		known := slices.ContainsFunc(all, func(other found) bool { return other.status.Name == name })
		if known && name != f.status.Name {
			kept = append(kept, name)
		}
	}
	return kept
}

// commonPolicy is the retry policy that most services have.
func commonPolicy(all []found, otherwise zinit.RetryPolicy) zinit.RetryPolicy {
	count := map[zinit.RetryPolicy]int{}
	for _, f := range all {
		for _, action := range f.actions {
			if action.Retry != nil && !action.Oneshot {
				count[*action.Retry]++
			}
		}
	}
	return most(count, otherwise)
}

// commonHealth is the schedule that most health checks have.
func commonHealth(all []found, otherwise target.Health) target.Health {
	count := map[target.Health]int{}
	for _, f := range all {
		for _, action := range f.actions {
			if s := action.Schedule; s != nil && s.Interval != 0 && action.Timeout != 0 {
				count[target.Health{Interval: s.Interval, Timeout: action.Timeout, StartPeriod: s.StartPeriod, Retries: max(1, s.Retries)}]++
			}
		}
	}
	return most(count, otherwise)
}

func most[K comparable](count map[K]int, otherwise K) K {
	best := 0
	for key := range maps.Keys(count) {
		if count[key] > best || count[key] == best && fmt.Sprint(key) < fmt.Sprint(otherwise) {
			best, otherwise = count[key], key
		}
	}
	return otherwise
}

// endpoints finds out where each service answers: by what its processes listen on, and where they cannot be
// looked into by what its own health check asks. What answers the harness's question is taken before what does not.
func endpoints(ctx context.Context, box Box, all []found) (map[string]protocol.Endpoint, error) {
	listeners, err := box.Agent().Listeners(ctx)
	if err != nil {
		return nil, err
	}
	table, err := box.Agent().Processes(ctx)
	if err != nil {
		return nil, err
	}
	chosen := map[string]protocol.Endpoint{}
	for _, f := range all {
		candidates := listened(f.status, listeners, table)
		if asked, ok := probed(f.actions); ok {
			candidates = append([]protocol.Endpoint{asked}, candidates...)
		}
		if len(candidates) == 0 {
			continue
		}
		chosen[f.status.Name] = candidates[0]
		for _, candidate := range candidates {
			if recovery.CheckSteady(ctx, box, candidate) == nil {
				chosen[f.status.Name] = candidate
				break
			}
		}
	}
	return chosen, nil
}

// listened are the places at which a service's processes listen: the socket that is called like it first.
func listened(status zinit.Status, listeners []protocol.Listener, table []protocol.Process) []protocol.Endpoint {
	var candidates []protocol.Endpoint
	for _, listener := range listeners {
		switch {
		case status.PID == 0 || !descends(listener.PID, status.PID, table):
		case listener.Socket != "":
			candidates = append(candidates, protocol.Endpoint{Socket: listener.Socket})
		default:
			candidates = append(candidates,
				protocol.Endpoint{Port: listener.Port, Path: "/health"}, protocol.Endpoint{Port: listener.Port, Path: "/"})
		}
	}
	_, own, _ := strings.Cut(status.Name, ".")
	slices.SortStableFunc(candidates, func(a, b protocol.Endpoint) int {
		named := func(e protocol.Endpoint) int {
			if e.Socket != "" && strings.TrimSuffix(path.Base(e.Socket), ".sock") == own {
				return 0
			}
			return 1
		}
		return cmp.Compare(named(a), named(b))
	})
	return candidates
}

// descends tells whether a process is another or comes from it.
func descends(pid, from int, table []protocol.Process) bool {
	for range table { // no longer than there are processes, should the table be odd
		if pid == from {
			return true
		}
		i := slices.IndexFunc(table, func(p protocol.Process) bool { return p.PID == pid })
		if i < 0 {
			return false
		}
		pid = table[i].Parent
	}
	return false
}

// probed is what a service's own health check asks, by its text.
func probed(actions []zinit.Action) (protocol.Endpoint, bool) {
	check, ok := (zinit.Definition{Actions: actions}).Action(zinit.KindHealth)
	if !ok {
		return protocol.Endpoint{}, false
	}
	url := regexp.MustCompile(`https?://(?:127\.0\.0\.1|localhost|\[::1\]|0\.0\.0\.0)(?::(\d+))?(/[^\s'"|;&]*)?`)
	if parts := url.FindStringSubmatch(check.Exec); parts != nil {
		const standard = 80
		port, err := strconv.Atoi(cmp.Or(parts[1], strconv.Itoa(standard)))
		return protocol.Endpoint{Port: port, Path: cmp.Or(parts[2], "/")}, err == nil
	}
	socket := regexp.MustCompile(`/[\w./@+-]+\.sock\b`).FindString(check.Exec)
	return protocol.Endpoint{Socket: socket}, socket != "" && path.Clean(socket) == socket
}
