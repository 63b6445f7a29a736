package spec

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// Observer reads the circumstances of processes, so that those of two runs can be compared.
type Observer struct {
	sandbox *session.Sandbox
	salt    []byte
}

// NewObserver returns an observer. Only what the same observer has read can be compared.
func NewObserver(sandbox *session.Sandbox) *Observer {
	return &Observer{sandbox: sandbox, salt: []byte(rand.Text())}
}

// Mark returns the mark that a variable with that value has.
func (o *Observer) Mark(value string) string { return protocol.MarkOf(o.salt, value) }

// Read returns the circumstances of processes by their pids. A process that is gone is left out.
func (o *Observer) Read(ctx context.Context, pids ...int) (map[int]protocol.Circumstances, error) {
	all, err := o.sandbox.Agent().Circumstances(ctx, protocol.CircumstancesParams{PIDs: pids, SupervisorPID: o.sandbox.SupervisorPID(), Salt: o.salt})
	found := map[int]protocol.Circumstances{}
	for _, one := range all {
		found[one.PID] = one
	}
	return found, err
}

// Comparison says how the circumstances of two runs are compared.
type Comparison struct {
	// Registered are the variables that the action registers. Others may differ: a supervisor may tell each run its number.
	Registered []string
	// Except are prefixes of aspects that may differ.
	Except []string
}

// Compare returns a line for each circumstance in which two runs differ. What could not be read of one of them is not compared.
func (c Comparison) Compare(before, after protocol.Circumstances) []string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(before.Aspects)) {
		excepted := slices.ContainsFunc(c.Except, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
		if value, known := after.Aspects[name]; known && value != before.Aspects[name] && !excepted {
			lines = append(lines, fmt.Sprintf("%s: %s, then %s", name, before.Aspects[name], value))
		}
	}
	if len(before.Environment) == 0 || slices.Contains(after.Unread, "environment") {
		return lines
	}
	for _, name := range slices.Sorted(slices.Values(c.Registered)) {
		was, had := before.Environment[name]
		switch is, has := after.Environment[name]; {
		case had && !has:
			lines = append(lines, "environment: "+name+" is no longer set")
		case had && is != was:
			lines = append(lines, "environment: "+name+" has another value")
		}
	}
	return lines
}

// alikeLimit bounds the wait until a service runs in the circumstances of its run before: a program may change them as it starts.
const alikeLimit = 2 * time.Second

// Snapshot holds the circumstances of the processes that serve, by service.
type Snapshot map[string]protocol.Circumstances

// Take returns the circumstances of services that serve. A service whose process is not identified is left out.
func (o *Observer) Take(ctx context.Context, services []session.Service) (Snapshot, error) {
	owners := map[int]string{}
	for _, service := range services {
		if process, err := FindProcess(ctx, o.sandbox, service.Endpoint); err == nil {
			owners[process.PID] = service.Name
		}
	}
	found, err := o.Read(ctx, slices.Collect(maps.Keys(owners))...)
	snapshot := Snapshot{}
	for pid, one := range found {
		snapshot[owners[pid]] = one
	}
	return snapshot, err
}

// Changes is the result of a comparison of many services.
type Changes struct {
	// Compared counts the services whose process is another one than before, and whose circumstances are known of both.
	Compared int
	// Found says of each service that started otherwise in what.
	Found map[string]string
}

// FindChanges compares the services with a snapshot from before they were replaced. except are prefixes of aspects that may differ.
func (o *Observer) FindChanges(ctx context.Context, before Snapshot, services []session.Service, except ...string) (changes Changes, err error) {
	registered := o.listVariables(ctx)
	Until(ctx, alikeLimit, func(ctx context.Context) bool {
		var after Snapshot
		if after, err = o.Take(ctx, services); err != nil {
			return false
		}
		changes = Changes{Found: map[string]string{}}
		for name, one := range after {
			was, known := before[name]
			if !known || IsSameProcess(was.Incarnation, one.Incarnation) || len(one.Aspects) == 0 {
				continue
			}
			changes.Compared++
			if lines := (Comparison{Registered: registered[name], Except: except}).Compare(was, one); len(lines) > 0 {
				changes.Found[name] = strings.Join(lines, "; ")
			}
		}
		return len(changes.Found) == 0
	})
	return changes, err
}

// listVariables returns the names of the variables that the run actions register, by service. It is empty if they cannot be read.
func (o *Observer) listVariables(ctx context.Context) map[string][]string {
	actions, _ := o.sandbox.Supervisor.Actions(ctx, "") // then no variable is compared
	names := map[string][]string{}
	for _, action := range actions {
		if action.EffectiveKind() == zinit.KindRun {
			names[action.Service] = slices.Collect(maps.Keys(action.Env))
		}
	}
	return names
}
