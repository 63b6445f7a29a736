package owner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	agent "forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
)

// openFaults are the faults of a container that is not ours which an undo reverts. The agent has its own list, which ends with it.
type openFaults struct {
	mu      sync.Mutex
	stopped map[string][]record.Incarnation // by lease
}

// note remembers the processes that a call of the agent may leave stopped.
func (f *openFaults) note(p protocol.AgentParams) {
	var params agent.InjectParams
	if p.Method != agent.MethodInject || json.Unmarshal(p.Params, &params) != nil || params.Fault.Undo == "" {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stopped == nil {
		f.stopped = map[string][]record.Incarnation{}
	}
	f.stopped[params.Lease] = append(f.stopped[params.Lease], params.Victim.Serving, params.Victim.Root)
}

// forget says that a lease's faults were undone.
func (f *openFaults) forget(lease string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.stopped, lease)
}

// list returns the processes that may be stopped.
func (f *openFaults) list() []record.Incarnation {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(slices.Concat(slices.Collect(maps.Values(f.stopped))...), func(one record.Incarnation) bool { return one.PID == 0 })
}

// takeBackAttempts bounds how often another agent is brought. Docker may lose its connection to one, and says 126 then whatever came of it.
const takeBackAttempts = 2

// closeSandbox closes a sandbox. If the agent in a container that is not ours ended before it had taken back what it brought, as when
// the container was restarted, another agent does that.
func (o *Owner) closeSandbox(ctx context.Context, live *liveSandbox) error {
	err := live.close(ctx)
	if err == nil || !live.attached || live.cleanup.Home == "" {
		return err
	}
	var again error
	for range takeBackAttempts {
		if again = o.takeBack(ctx, live); again == nil {
			return nil
		}
	}
	return fmt.Errorf("container %s is not as it was found: services whose names begin with %s, and the folder %s, may be left in it: %w",
		live.container.Name(), protocol.VictimPrefix, protocol.VictimHome, errors.Join(err, again))
}

// returnTimeout bounds the wait for the supervisor of a container that was restarted.
const returnTimeout = 30 * time.Second

// takeBack brings another agent into a container, and has it take back what the session has left there.
func (o *Owner) takeBack(ctx context.Context, live *liveSandbox) error {
	if err := live.container.Running(ctx); err != nil {
		return err
	}
	live.cleanup.Stopped = live.faults.list()
	for _, service := range o.target.Services {
		if socket := protocol.EndpointOf(service).Socket; socket != "" {
			live.cleanup.Sockets = append(live.cleanup.Sockets, socket)
		}
	}
	if err := o.connectAgent(ctx, live); err != nil {
		return fmt.Errorf("bring the agent again: %w", err)
	}
	if live.cleanup.Zinit != "" {
		waiting, cancel := context.WithTimeout(ctx, returnTimeout)
		_ = o.awaitSupervisor(waiting, live) // the cleanup says what it lacks
		cancel()
	}
	_, err := live.agent.PlanCleanup(ctx, live.cleanup)
	return errors.Join(err, live.close(ctx))
}
