package protocol

import (
	"context"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// The methods that watch processes end, and count them.
const (
	MethodWatch    = "census.watch"
	MethodUnwatch  = "census.unwatch"
	MethodDeaths   = "census.deaths"
	MethodOutages  = "census.outages"
	MethodCrowd    = "crowd.watch"
	MethodCrowdEnd = "crowd.end"
)

// WatchParams asks for a service's process to be watched until its end.
type WatchParams struct {
	Service     string             `json:"service"`
	Incarnation record.Incarnation `json:"incarnation"`
	// Endpoint is where the service is asked once a second whether it takes connections. If it is empty, it is not asked.
	Endpoint Endpoint `json:"endpoint,omitzero"`
}

// Death is the end of a watched process.
type Death struct {
	Service     string             `json:"service"`
	Incarnation record.Incarnation `json:"incarnation"`
	At          record.Interval    `json:"at"`
}

// Outage is a time in which a service took no connection, or was stopped, though the watched process lived. From and To are points of the
// agent's clock.
type Outage struct {
	Service     string             `json:"service"`
	Incarnation record.Incarnation `json:"incarnation"`
	What        string             `json:"what"`
	From        int64              `json:"from"`
	To          int64              `json:"to"`
	// Ongoing says that it goes on: To is when it was asked for.
	Ongoing bool `json:"ongoing,omitempty"`
}

// Period returns how long the outage was, or has been.
func (o Outage) Period() time.Duration { return time.Duration(o.To - o.From) }

// Outages is a report on the services that are watched for outages.
type Outages struct {
	// Looks counts the looks at any of them.
	Looks   int      `json:"looks"`
	Outages []Outage `json:"outages,omitempty"`
}

// Watch watches a service's process until its end, instead of the one watched before.
func (c Client) Watch(ctx context.Context, params WatchParams) error {
	return c.Call(ctx, MethodWatch, params, nil)
}

// Unwatch ends the watch of a service.
func (c Client) Unwatch(ctx context.Context, service string) error {
	return c.Call(ctx, MethodUnwatch, WatchParams{Service: service}, nil)
}

// Deaths returns the ends of watched processes so far, in the order in which they were seen.
func (c Client) Deaths(ctx context.Context) ([]Death, error) {
	return call[[]Death](ctx, c, MethodDeaths, nil)
}

// Outages returns the outages of watched services so far.
func (c Client) Outages(ctx context.Context) (Outages, error) {
	return call[Outages](ctx, c, MethodOutages, nil)
}

// CrowdParams starts a count of the processes of some services.
type CrowdParams struct {
	// ID names the count until it is ended.
	ID string `json:"id"`
	// Services are the command lines of services by name.
	Services map[string][]string `json:"services,omitempty"`
}

// Crowd is the result of a count.
type Crowd struct {
	// Most holds, for each service that had a process, the most that lived at the same time.
	Most map[string]Gathering `json:"most"`
	// Looks is how often the processes were counted, over Took.
	Looks int           `json:"looks"`
	Took  time.Duration `json:"took_ns"`
}

// Rate returns how often the processes were counted in a second.
func (c Crowd) Rate() float64 {
	if c.Took <= 0 {
		return 0
	}
	return float64(c.Looks) / c.Took.Seconds()
}

// Gathering is a number of processes with one command line that lived at the same time. A process that another of them forked is not
// counted.
type Gathering struct {
	PIDs []int           `json:"pids"`
	At   record.Interval `json:"at"`
}

// WatchCrowd counts the processes of services a hundred times a second, until EndCrowd.
func (c Client) WatchCrowd(ctx context.Context, id string, services map[string][]string) error {
	return c.Call(ctx, MethodCrowd, CrowdParams{ID: id, Services: services}, nil)
}

// EndCrowd ends a count and returns its result.
func (c Client) EndCrowd(ctx context.Context, id string) (Crowd, error) {
	return call[Crowd](ctx, c, MethodCrowdEnd, CrowdParams{ID: id})
}
