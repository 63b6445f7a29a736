package owner

import (
	"context"
	"time"

	agent "forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

// clockSamples is how often an agent is asked for its time. On a busy host most answers wait for a processor, and few do not.
const clockSamples = 16

// agentClock is the clock of all agents, as far as this process knows it: the containers of a host have one. It is set once, so that
// what is older is never younger by another measurement.
type agentClock struct {
	set    bool
	began  time.Time // a point of our own clock
	lo, hi int64     // between these is the agents' clock at that point
}

// measureClock asks an agent for its time, and takes the answer with the shortest round trip: its half is the uncertainty.
func measureClock(ctx context.Context, hello func(context.Context) (agent.Hello, error)) (agentClock, error) {
	best := agentClock{set: true, began: time.Now()}
	for i := range clockSamples {
		asked := int64(time.Since(best.began))
		greeting, err := hello(ctx)
		if err != nil {
			return agentClock{}, err
		}
		answered := int64(time.Since(best.began))
		if i == 0 || answered-asked < best.hi-best.lo {
			best.lo, best.hi = greeting.MonotonicNs-answered, greeting.MonotonicNs-asked
		}
	}
	return best, nil
}

// earliest returns the present point of the agents' clock if that is as far behind as it can be, 0 before it is set.
func (c agentClock) earliest() int64 { return c.at(c.lo) }

// latest returns the present point of the agents' clock if that is as far ahead as it can be, 0 before it is set.
func (c agentClock) latest() int64 { return c.at(c.hi) }

func (c agentClock) at(offset int64) int64 {
	if !c.set {
		return 0
	}
	return offset + int64(time.Since(c.began))
}
