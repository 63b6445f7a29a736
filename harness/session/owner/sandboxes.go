package owner

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/admission"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
)

// opening is a sandbox that has started or is being started.
type opening struct {
	ready      chan struct{}
	generation int // from 1: a sandbox that was removed to make room is started again
	sandbox    *liveSandbox
	err        error

	users     map[*heldLeases]bool // clients whose specs use it now
	idleSince time.Time            // when the last of them was done
}

// sandboxes are all sandboxes of a session: those that are there, and what is known of those that are gone.
type sandboxes struct {
	gate *gate

	mu      sync.Mutex
	open    map[string]*opening
	demands map[string]admission.Demand
	ended   map[string]int          // specs that have ended, by sandbox
	latest  map[string]int          // the latest generation
	gone    map[string][]*departure // by sandbox
	leaving sync.WaitGroup
}

// departure is a sandbox that is removed while the session goes on.
type departure struct {
	done      chan struct{} // closed once the rest is known
	disturbed []record.Disturbance
	err       error
}

// newSandboxes returns no sandboxes, and what will be wanted of them.
func newSandboxes(demands []admission.Demand) *sandboxes {
	s := &sandboxes{
		gate: newGate(), open: map[string]*opening{}, demands: map[string]admission.Demand{}, ended: map[string]int{}, latest: map[string]int{},
		gone: map[string][]*departure{},
	}
	for _, demand := range demands {
		s.demands[demand.Sandbox] = demand
	}
	return s
}

// await waits until the sandbox has started.
func (o *opening) await(ctx context.Context, name string) (*liveSandbox, error) {
	select {
	case <-o.ready:
		return o.sandbox, o.err
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for sandbox %s: %w", name, ctx.Err())
	}
}

// set returns a function that says what came of the start of a sandbox.
func (s *sandboxes) set(o *opening) func(*liveSandbox, error) {
	return func(live *liveSandbox, err error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		o.err, o.idleSince = err, time.Now()
		if err == nil { // one that could not be made ready is gone
			o.sandbox = live
		}
	}
}

// demandOf returns what is wanted of a sandbox.
func (s *sandboxes) demandOf(name string) admission.Demand {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.demands[name]
}

// errGone is the error of a call about a sandbox that was removed, since no spec needed it any more.
var errGone = errors.New("the sandbox was removed: its specs have ended")

// find returns a sandbox that was asked for before. The error is errGone if it was removed.
func (s *sandboxes) find(name string) (*opening, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found := s.open[name]; found != nil {
		return found, nil
	}
	if s.latest[name] > 0 {
		return nil, errGone
	}
	return nil, nil //nolint:nilnil // nobody has asked for it
}

// use returns a sandbox for a client's spec, and whether the caller has to start it.
func (s *sandboxes) use(name string, client *heldLeases) (o *opening, isNew bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o = s.open[name]
	if o == nil {
		s.latest[name]++
		o, isNew = &opening{ready: make(chan struct{}), generation: s.latest[name], users: map[*heldLeases]bool{}}, true
		s.open[name] = o
	}
	if client != nil {
		o.users[client] = true
	}
	return o, isNew
}

// finish says that a client's spec has ended, and what sandbox it was labelled with. It returns the sandboxes that no spec needs any more.
func (s *sandboxes) finish(client *heldLeases, labelled string) (useless []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if labelled != "" {
		s.ended[labelled]++
	}
	for name, o := range s.open {
		if o.users[client] {
			delete(o.users, client)
			o.idleSince = time.Now()
		}
		if demand := s.demands[name]; demand.Specs > 0 && s.ended[name] >= demand.Specs && len(o.users) == 0 && name != protocol.MainSandbox {
			useless = append(useless, name)
		}
	}
	slices.Sort(useless)
	return useless
}

// The shortest times for which a sandbox is idle before it makes room for others, though more specs will need it. One that holds the
// state of an experiment is used by the next spec at once, unless the host stalls.
const (
	idleLimit        = 3 * time.Second
	orderedIdleLimit = time.Minute
)

// findIdle returns a sandbox that no spec has used for a while, false if there is none.
func (s *sandboxes) findIdle(now time.Time) (name string, found bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(s.open)) {
		o, limit := s.open[name], idleLimit
		if s.demands[name].Ordered {
			limit = orderedIdleLimit
		}
		if name != protocol.MainSandbox && o.sandbox != nil && len(o.users) == 0 && now.Sub(o.idleSince) >= limit {
			return name, true
		}
	}
	return "", false
}

// depart takes a sandbox out of those that are there, unless a spec uses it or it never started. The caller removes it and then
// calls arrive.
func (s *sandboxes) depart(name string) (*liveSandbox, *departure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.open[name]
	if o == nil || o.sandbox == nil || len(o.users) > 0 {
		return nil, nil
	}
	delete(s.open, name)
	d := &departure{done: make(chan struct{})}
	s.gone[name] = append(s.gone[name], d)
	return o.sandbox, d
}

// remove removes a sandbox while the session goes on, and keeps what has to be known of it afterwards.
func (o *Owner) remove(ctx context.Context, name string) {
	live, departure := o.sandboxes.depart(name)
	if live == nil {
		return
	}
	o.sandboxes.leaving.Go(func() {
		defer o.sandboxes.gate.leave()
		defer close(departure.done)
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		departure.disturbed, departure.err = o.disturbancesOf(ctx, live, 0, math.MaxInt64)
		o.addError(o.collect(ctx, live.instance(), live))
		if err := o.closeSandbox(ctx, live); err != nil {
			o.addError(fmt.Errorf("close sandbox %s: %w", name, err))
		}
	})
}

// pastDisturbances returns the disturbances of the sandboxes of a name that were removed.
func (s *sandboxes) pastDisturbances(ctx context.Context, name string, from, to int64) (found []record.Disturbance, err error) {
	s.mu.Lock()
	departures := slices.Clone(s.gone[name])
	s.mu.Unlock()
	for _, d := range departures {
		select {
		case <-d.done:
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for what was seen in sandbox %s: %w", name, ctx.Err())
		}
		err = errors.Join(err, d.err)
		for _, disturbance := range d.disturbed {
			if disturbance.At.Hi >= from && disturbance.At.Lo <= to {
				found = append(found, disturbance)
			}
		}
	}
	return found, err
}

// names returns the names of all sandboxes that have started or may be starting, in order.
func (s *sandboxes) names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.latest))
}

// started returns a sandbox if it has started and is there, else nil.
func (s *sandboxes) started(name string) *liveSandbox {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.open[name]; o != nil {
		return o.sandbox
	}
	return nil
}

// live waits for the sandboxes that are being started, and returns those that have started and are there.
func (s *sandboxes) live() map[string]*liveSandbox {
	s.mu.Lock()
	openings := maps.Clone(s.open)
	s.mu.Unlock()
	live := map[string]*liveSandbox{}
	for _, name := range slices.Sorted(maps.Keys(openings)) {
		<-openings[name].ready
		if openings[name].sandbox != nil {
			live[name] = openings[name].sandbox
		}
	}
	return live
}
