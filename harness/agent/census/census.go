// Package census knows which of the services' processes have ended, which services were out of reach though their process lived, and how
// many processes live at the same time.
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
	watches map[string]*watched // by service
	deaths  []protocol.Death
	outages []protocol.Outage
	looks   int // for outages
}

// watched is a process that is followed.
type watched struct {
	process *observe.Watch
	stop    context.CancelFunc // ends the look for outages
	reached bool               // the service took a connection
	outage  *protocol.Outage   // without its end; nil while the service takes one
}

// New returns a census without processes.
func New(observer *observe.Observer) *Census {
	return &Census{observer: observer, watches: map[string]*watched{}}
}

// Watch adds a service's process to the census. Its end is reported as a death. With an endpoint, the service is also watched for outages.
func (c *Census) Watch(_ context.Context, params protocol.WatchParams) error {
	ctx, stop := context.WithCancel(context.Background()) // as long as the process is watched
	process, err := c.observer.Follow(params.Incarnation, func(at record.Interval) {
		stop()
		go c.noteDeath(protocol.Death{Service: params.Service, Incarnation: params.Incarnation, At: at})
	})
	if err != nil {
		stop()
		return fmt.Errorf("watch %s: %w", params.Service, err)
	}
	w := &watched{process: process, stop: stop}
	c.mu.Lock()
	previous := c.watches[params.Service]
	c.watches[params.Service] = w
	c.mu.Unlock()
	c.leave(previous)
	if params.Endpoint != (protocol.Endpoint{}) {
		go c.lookForOutages(ctx, w, params)
	}
	return nil
}

// Unwatch takes a service out of the census.
func (c *Census) Unwatch(_ context.Context, params protocol.WatchParams) error {
	c.mu.Lock()
	w := c.watches[params.Service]
	delete(c.watches, params.Service)
	c.mu.Unlock()
	c.leave(w)
	return nil
}

// End ends all watches.
func (c *Census) End() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, w := range c.watches {
		w.stop()
	}
}

// leave follows a process no longer. w may be nil.
func (c *Census) leave(w *watched) {
	if w != nil {
		w.stop()
		c.observer.Unfollow(w.process)
	}
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
