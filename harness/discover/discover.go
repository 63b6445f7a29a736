// Package discover writes a target file from a running image: its services, their policies, and where they answer.
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
	session "forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/learn"
)

const (
	// listInterval is the pause between two looks at the list of services.
	listInterval = 100 * time.Millisecond
	// quietPeriod is the time without a change after which the list is taken as complete.
	quietPeriod = 2 * time.Second
)

// Box is a started target.
type Box interface {
	Agent() protocol.Client
	recovery.Dialer
	ZinitSocket() string
	Zinit() zinit.Supervisor
	// Understood returns what was learned of the supervisor; nil if it speaks as the contract has it.
	Understood() *learn.Understanding
}

// found is one service as zinit has registered it.
type found struct {
	status  zinit.Status
	service zinit.Service
	actions []zinit.Action
}

// Describe returns a copy of defaults with the services, policies, inventory and socket that were found. It confirms no assumption:
// inspect does. It waits until all services run or nothing changes for a while, at most for the boot budget.
func Describe(ctx context.Context, defaults *target.Target, box Box) (*target.Target, error) {
	t := *defaults
	t.Confirmed, t.Services, t.Inventory = nil, nil, target.Inventory{}
	if socket := box.ZinitSocket(); socket != "" {
		t.Zinit.Sockets = []string{socket}
	}
	if understood := box.Understood(); understood != nil && understood.Level != learn.None {
		spoken := understood.Known()
		t.Zinit.Dialect = &spoken
	}
	statuses, err := awaitServices(ctx, defaults, box.Zinit())
	if errors.Is(err, zinit.ErrNotExpressible) {
		t.Services, err = findBySockets(ctx, box)
		return &t, err
	}
	if err != nil {
		return nil, fmt.Errorf("discover the services: %w", err)
	}
	all, err := read(ctx, box.Zinit(), statuses)
	if err != nil {
		return nil, fmt.Errorf("read the definitions back: %w", err)
	}
	t.Policy, t.Health = commonPolicy(all, defaults.Policy), commonHealth(all, defaults.Health)
	t.Inventory.Services = len(all)
	where, err := findEndpoints(ctx, box, all)
	if err != nil {
		return nil, fmt.Errorf("find out where the services answer: %w", err)
	}
	for _, f := range all {
		t.Inventory.Actions += countActions(f.actions)
		service := target.Service{Name: f.status.Name, Requires: knownRequires(f, all)}
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
	t.Container.Ports = findPorts(ctx, &t, box)
	return &t, nil
}

// findPorts returns the ports at which the image may be reached besides those of its services, as far as they are known.
func findPorts(ctx context.Context, t *target.Target, box Box) (ports []int) {
	exposed, err := box.Agent().Exposed(ctx)
	if err != nil {
		return t.Container.Ports
	}
	for _, place := range exposed {
		isService := slices.ContainsFunc(t.Services, func(s target.Service) bool { return s.Port == place.Port })
		if place.Port != 0 && !place.Loopback && !place.Ephemeral && !isService && place.Port != t.Container.Port && !slices.Contains(ports, place.Port) {
			ports = append(ports, place.Port)
		}
	}
	slices.Sort(ports)
	return ports
}

// findBySockets returns the services of an image whose supervisor is not understood: those that listen where the image's services do
// (suites/contract/hero_zero.md#image).
func findBySockets(ctx context.Context, box Box) ([]target.Service, error) {
	sockets, err := box.Agent().Glob(ctx, "/root/hero/var/sockets/*.sock")
	if err != nil {
		return nil, fmt.Errorf("look for the sockets of services: %w", err)
	}
	var services []target.Service
	for _, socket := range sockets {
		if name := strings.TrimSuffix(path.Base(socket), ".sock"); !strings.HasPrefix(name, "zinit") {
			services = append(services, target.Service{Name: "user." + name, Socket: socket})
		}
	}
	return addByPorts(ctx, box, services)
}

// addByPorts adds the services that listen at a port and answer HTTP there: they are called after their program, which is among the image's.
func addByPorts(ctx context.Context, box Box, services []target.Service) ([]target.Service, error) {
	const binaries = "/root/hero/bin"
	listeners, err := box.Agent().Listeners(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for the ports of services: %w", err)
	}
	table, err := box.Agent().Processes(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for the processes of services: %w", err)
	}
	slices.SortFunc(listeners, func(a, b protocol.Listener) int { return cmp.Compare(a.Port, b.Port) })
	for _, listener := range listeners {
		i := slices.IndexFunc(table, func(p protocol.Process) bool { return p.PID == listener.PID })
		if i < 0 || listener.Port == 0 || len(table[i].Argv) == 0 || path.Dir(table[i].Argv[0]) != binaries {
			continue
		}
		name := "user." + path.Base(table[i].Argv[0])
		if slices.ContainsFunc(services, func(s target.Service) bool { return s.Name == name }) {
			continue
		}
		for _, page := range []string{"/health", "/"} {
			if recovery.CheckSteady(ctx, box, protocol.Endpoint{Port: listener.Port, Path: page}) == nil {
				services = append(services, target.Service{Name: name, Port: listener.Port, Health: page})
				break
			}
		}
	}
	return services, nil
}

// awaitServices waits until all services run or nothing changes any more. It returns the status of each service of the image.
func awaitServices(ctx context.Context, t *target.Target, supervisor zinit.Supervisor) (statuses []zinit.Status, err error) {
	ctx, cancel := context.WithTimeout(ctx, t.Budgets.Boot.Duration())
	defer cancel()
	var before string
	since := time.Now()
	for {
		if statuses, err = supervisor.List(ctx); err != nil {
			return nil, err
		}
		statuses = slices.DeleteFunc(statuses, func(s zinit.Status) bool { return strings.HasPrefix(s.Name, session.VictimPrefix) })
		running := !slices.ContainsFunc(statuses, func(s zinit.Status) bool { return s.State != zinit.StateRunning })
		now := fmt.Sprint(statuses)
		if now != before {
			before, since = now, time.Now()
		}
		if running && len(statuses) > 0 && len(statuses) == t.Inventory.Services || time.Since(since) > quietPeriod {
			return statuses, nil
		}
		select {
		case <-time.After(listInterval):
		case <-ctx.Done():
			return statuses, nil // the boot budget is over
		}
	}
}

// read reads the definitions back, as far as the dialect can express them and the supervisor gives them.
func read(ctx context.Context, supervisor zinit.Supervisor, statuses []zinit.Status) ([]found, error) {
	actions, err := supervisor.Actions(ctx, "")
	if refused := new(zinit.Error); err != nil && !errors.Is(err, zinit.ErrNotExpressible) && !errors.As(err, &refused) {
		return nil, err
	}
	all := make([]found, 0, len(statuses))
	for _, status := range statuses {
		f := found{status: status}
		f.service, err = supervisor.Get(ctx, status.Name)
		if refused := new(zinit.Error); err != nil && !errors.Is(err, zinit.ErrNotExpressible) && !errors.As(err, &refused) {
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

// countActions counts the run and health actions, which an inventory counts.
func countActions(actions []zinit.Action) (count int) {
	for _, action := range actions {
		if kind := action.EffectiveKind(); kind == zinit.KindRun || kind == zinit.KindHealth {
			count++
		}
	}
	return count
}

// knownRequires returns the known services that a service requires, without itself.
func knownRequires(f found, all []found) []string {
	var kept []string
	for _, name := range f.service.Dependencies.Requires {
		known := slices.ContainsFunc(all, func(other found) bool { return other.status.Name == name })
		if known && name != f.status.Name {
			kept = append(kept, name)
		}
	}
	return kept
}

// commonPolicy returns the retry policy of most run actions that are kept alive.
func commonPolicy(all []found, fallback zinit.RetryPolicy) zinit.RetryPolicy {
	count := map[zinit.RetryPolicy]int{}
	for _, f := range all {
		for _, action := range f.actions {
			if action.Retry != nil && !action.Oneshot && action.EffectiveKind() == zinit.KindRun {
				count[*action.Retry]++
			}
		}
	}
	return mostFrequent(count, fallback)
}

// commonHealth returns the schedule of most health checks.
func commonHealth(all []found, fallback target.Health) target.Health {
	count := map[target.Health]int{}
	for _, f := range all {
		for _, action := range f.actions {
			if s := action.Schedule; s != nil && s.Interval != 0 && action.Timeout != 0 {
				count[target.Health{Interval: s.Interval, Timeout: action.Timeout, StartPeriod: s.StartPeriod, Retries: max(1, s.Retries)}]++
			}
		}
	}
	return mostFrequent(count, fallback)
}

// mostFrequent returns the key with the highest count, fallback if there is none.
func mostFrequent[K comparable](count map[K]int, fallback K) K {
	best := 0
	for key := range maps.Keys(count) {
		if count[key] > best || count[key] == best && fmt.Sprint(key) < fmt.Sprint(fallback) {
			best, fallback = count[key], key
		}
	}
	return fallback
}

// findEndpoints returns where each service answers: what its health check asks, or what its processes listen on. An endpoint that
// answers the harness's request is preferred.
func findEndpoints(ctx context.Context, box Box, all []found) (map[string]protocol.Endpoint, error) {
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
		candidates := listenedEndpoints(f.status, listeners, table)
		if asked, ok := probedEndpoint(f.actions); ok {
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

// listenedEndpoints returns where a service's processes listen: first the socket with its name.
func listenedEndpoints(status zinit.Status, listeners []protocol.Listener, table []protocol.Process) []protocol.Endpoint {
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

// descends reports whether a process is another or its descendant.
func descends(pid, from int, table []protocol.Process) bool {
	for range table { // bounded, in case the table has a cycle
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

// probedEndpoint returns what a service's health check asks, by its text.
func probedEndpoint(actions []zinit.Action) (protocol.Endpoint, bool) {
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
