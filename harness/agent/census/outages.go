package census

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/ask"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/clock"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/procfs"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

// lookInterval is the pause between two looks at a service that is watched for outages.
const lookInterval = time.Second

// Outages returns the outages that were seen so far. One that goes on ends now.
func (c *Census) Outages(context.Context) (protocol.Outages, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := protocol.Outages{Looks: c.looks, Outages: append([]protocol.Outage{}, c.outages...)}
	for _, w := range c.watches {
		if w.outage != nil {
			ongoing := *w.outage
			ongoing.To, ongoing.Ongoing = clock.Now(), true
			seen.Outages = append(seen.Outages, ongoing)
		}
	}
	return seen, nil
}

// lookForOutages looks at a service until its process has ended or ctx ends.
func (c *Census) lookForOutages(ctx context.Context, w *watched, params protocol.WatchParams) {
	ticker := time.NewTicker(lookInterval)
	defer ticker.Stop()
	defer c.leaveOutage(w)
	for {
		began := clock.Now()
		what := findOutage(ctx, params)
		if ctx.Err() != nil || !procfs.IsAlive(params.Incarnation) {
			return
		}
		c.noteLook(w, params, began, what)
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// leaveOutage ends the outage, if there is one, of a service that is watched no longer.
func (c *Census) leaveOutage(w *watched) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if w.outage != nil {
		c.endOutage(w, clock.Now())
	}
}

// findOutage says in what way a service is out of reach, empty if it is not. A late or bad answer is none: it may come from somebody whom
// the service asks in turn.
func findOutage(ctx context.Context, params protocol.WatchParams) string {
	if _, stopped := procfs.CountTasks(params.Incarnation.PID); stopped {
		return "its process was stopped"
	}
	answer := ask.Ask(ctx, params.Endpoint, lookInterval)
	if errors.Is(answer.Err, unix.ECONNREFUSED) || errors.Is(answer.Err, unix.ENOENT) {
		return "it took no connection"
	}
	return ""
}

// noteLook notes what a look that began at a point has found. A service is out of reach only after it was in reach.
func (c *Census) noteLook(w *watched, params protocol.WatchParams, began int64, what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.looks++
	switch {
	case what == "" && w.outage != nil:
		c.endOutage(w, began)
	case what == "":
		w.reached = true
	case w.reached && w.outage == nil:
		w.outage = &protocol.Outage{Service: params.Service, Incarnation: params.Incarnation, What: what, From: began}
	}
}

// endOutage ends the outage of a service at a point. The caller holds the mutex.
func (c *Census) endOutage(w *watched, at int64) {
	w.outage.To = at
	c.outages = append(c.outages, *w.outage)
	w.outage = nil
}
