// Package census knows which of the services' processes have ended, and counts how many live at the same time.
package census

import (
	"context"
	"fmt"
	"sync"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/observe"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// Census follows one process of each service to its end.
type Census struct {
	observer *observe.Observer

	mu      sync.Mutex
	watches map[string]*observe.Watch // by service
	deaths  []protocol.Death
}

// New returns a census without processes.
func New(observer *observe.Observer) *Census {
	return &Census{observer: observer, watches: map[string]*observe.Watch{}}
}

// Watch adds a service's process to the census. Its end is reported as a death.
func (c *Census) Watch(_ context.Context, params protocol.WatchParams) error {
	w, err := c.observer.Follow(params.Incarnation, func(at record.Interval) {
		go c.noteDeath(protocol.Death{Service: params.Service, Incarnation: params.Incarnation, At: at})
	})
	if err != nil {
		return fmt.Errorf("watch %s: %w", params.Service, err)
	}
	c.mu.Lock()
	previous := c.watches[params.Service]
	c.watches[params.Service] = w
	c.mu.Unlock()
	if previous != nil {
		c.observer.Unfollow(previous)
	}
	return nil
}

// Unwatch takes a service out of the census.
func (c *Census) Unwatch(_ context.Context, params protocol.WatchParams) error {
	c.mu.Lock()
	w := c.watches[params.Service]
	delete(c.watches, params.Service)
	c.mu.Unlock()
	if w != nil {
		c.observer.Unfollow(w)
	}
	return nil
}

func (c *Census) noteDeath(death protocol.Death) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deaths = append(c.deaths, death)
}

// Deaths returns the ends that were seen so far, in their order.
func (c *Census) Deaths(context.Context) ([]protocol.Death, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]protocol.Death{}, c.deaths...), nil
}
