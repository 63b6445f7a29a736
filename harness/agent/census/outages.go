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
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
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
			ongoing := w.outage.until(clock.Now())
			ongoing.Ongoing = true
			seen.Outages = append(seen.Outages, ongoing)
		}
	}
	return seen, nil
}

// lookForOutages looks at a service until its process has ended or ctx ends.
func (c *Census) lookForOutages(ctx context.Context, w *watched, params protocol.WatchParams) {
	ticker := time.NewTicker(lookInterval)
	defer ticker.Stop()
	defer c.endOutage(w)
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
		c.outages = append(c.outages, w.outage.until(began))
		w.outage = nil
	case what == "":
		w.reached = true
	case w.reached && w.outage == nil:
		w.outage = &outage{service: params.Service, incarnation: params.Incarnation, what: what, began: began}
	}
}

// endOutage ends the outage of a service that is watched no longer.
func (c *Census) endOutage(w *watched) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if w.outage != nil {
		c.outages = append(c.outages, w.outage.until(clock.Now()))
		w.outage = nil
	}
}

// outage is a time in which a service is out of reach though its process lives.
type outage struct {
	service     string
	incarnation record.Incarnation
	what        string
	began       int64
}

// until returns the outage as it is told, with its end.
func (o *outage) until(end int64) protocol.Outage {
	return protocol.Outage{Service: o.service, Incarnation: o.incarnation, What: o.what, From: o.began, To: end}
}
