package owner

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/wire"
)

// subject is a service in a sandbox, or all of it (protocol.WholeSandbox).
type subject struct{ sandbox, service string }

// String names the subject.
func (s subject) String() string {
	if s.service == protocol.WholeSandbox {
		return "all of sandbox " + s.sandbox
	}
	return s.service + " in sandbox " + s.sandbox
}

// tenure is the period of a lease: what happens to the service meanwhile is explained. Both points are of the agent's clock, and to
// is 0 as long as the lease is held. It begins as early and ends as late as can be: a clock that is read on a busy host is uncertain.
type tenure struct {
	subject
	from, to int64
}

// leases is the set of leases, by which experiments do not meet: one client at a time faults a service, and meanwhile nobody else
// faults what it needs or what needs it. It remembers who held what and when.
type leases struct {
	mu      sync.Mutex
	next    int
	held    map[string]lease
	waiting []*lease      // in the order of arrival
	freed   chan struct{} // closed and replaced whenever something may be free
	tenures []tenure
	byLease map[string]int // index into tenures
	clock   clock
	needs   func(sandbox, service, other string) bool // whether a service depends on another, directly or not
}

// lease is a subject that a client holds, or waits for in a turn.
type lease struct {
	subject
	client   any
	turn     int
	together bool // may meet others that are together, though one depends on the other
}

// clock bounds the present point of the agents' clock.
type clock interface {
	earliest() int64
	latest() int64
}

func newLeases(c clock, needs func(sandbox, service, other string) bool) *leases {
	return &leases{held: map[string]lease{}, freed: make(chan struct{}), byLease: map[string]int{}, clock: c, needs: needs}
}

// acquire waits until a client may have what it asks for, and returns the id of a lease.
func (l *leases) acquire(ctx context.Context, wanted lease) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = append(l.waiting, &wanted)
	defer func() {
		l.waiting = slices.DeleteFunc(l.waiting, func(w *lease) bool { return w == &wanted })
		l.broadcast() // somebody may have let it go first
	}()
	for {
		obstacle := l.findObstacle(&wanted)
		if obstacle == "" {
			l.next++
			id := fmt.Sprintf("lease-%d", l.next)
			l.held[id] = wanted
			l.byLease[id] = len(l.tenures)
			l.tenures = append(l.tenures, tenure{subject: wanted.subject, from: l.clock.earliest()})
			return id, nil
		}
		freed := l.freed
		l.mu.Unlock()
		select {
		case <-freed:
			l.mu.Lock()
		case <-ctx.Done():
			l.mu.Lock()
			return "", fmt.Errorf("wait for %s, which %s: %w", wanted.subject, obstacle, ctx.Err())
		}
	}
}

// findObstacle says who has to go first, empty if nobody has to. A client that holds something does not wait for others that wait: they
// may wait for what it holds. The caller holds the mutex.
func (l *leases) findObstacle(wanted *lease) string {
	holds := false
	for _, id := range slices.Sorted(maps.Keys(l.held)) {
		holder := l.held[id]
		if l.meet(holder, *wanted) {
			return fmt.Sprintf("cannot be faulted beside %s, which %s holds", holder.subject, id)
		}
		holds = holds || holder.client == wanted.client
	}
	for i, other := range l.waiting {
		if other == wanted || holds || !l.meet(*other, *wanted) {
			continue
		}
		if other.turn < wanted.turn || other.turn == wanted.turn && i < slices.Index(l.waiting, wanted) {
			return fmt.Sprintf("comes after %s", other.subject)
		}
	}
	return ""
}

// meet reports whether two leases exclude each other. A client may hold several that depend on each other: that is its experiment. The
// caller holds the mutex.
func (l *leases) meet(one, other lease) bool {
	switch {
	case one.sandbox != other.sandbox:
		return false
	case one.service == other.service:
		return true
	case one.client == other.client, one.together && other.together:
		return false
	case one.service == protocol.WholeSandbox || other.service == protocol.WholeSandbox:
		return true
	}
	return l.needs(one.sandbox, one.service, other.service) || l.needs(one.sandbox, other.service, one.service)
}

// holds reports whether a client holds a subject.
func (l *leases) holds(client any, s subject) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, held := range l.held {
		if held.client == client && held.subject == s {
			return true
		}
	}
	return false
}

// broadcast wakes all that wait. The caller holds the mutex.
func (l *leases) broadcast() {
	close(l.freed)
	l.freed = make(chan struct{})
}

// release ends a lease. It returns false if the lease is not held.
func (l *leases) release(id string) (subject, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	index, ok := l.byLease[id]
	if !ok {
		return subject{}, false
	}
	t := &l.tenures[index]
	t.to = l.clock.latest()
	delete(l.byLease, id)
	delete(l.held, id)
	l.broadcast()
	return t.subject, true
}

// subjectOf returns what a lease is for. It returns false if the lease is not held.
func (l *leases) subjectOf(id string) (subject, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	index, ok := l.byLease[id]
	if !ok {
		return subject{}, false
	}
	return l.tenures[index].subject, true
}

// explains reports whether somebody held the service, or all of its sandbox, at some point of [lo, hi].
func (l *leases) explains(s subject, lo, hi int64) bool {
	_, held := l.firstHeld(s, lo, hi)
	return held
}

// firstHeld returns the first point of [lo, hi] at which somebody held the service or all of its sandbox, false if nobody did.
func (l *leases) firstHeld(s subject, lo, hi int64) (first int64, held bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range l.tenures {
		if t.sandbox == s.sandbox && (t.service == s.service || t.service == protocol.WholeSandbox) && t.from <= hi && (t.to == 0 || lo <= t.to) {
			if at := max(lo, t.from); !held || at < first {
				first, held = at, true
			}
		}
	}
	return first, held
}

// heldLeases are the leases of one client.
type heldLeases struct {
	owner *Owner
	mu    sync.Mutex
	ids   map[string]struct{}
}

func (h *heldLeases) acquire(ctx context.Context, p protocol.LeaseParams) (protocol.Lease, error) {
	id, err := h.owner.leases.acquire(ctx, lease{
		subject: subject{p.Sandbox, p.Service}, client: h, turn: h.owner.plan.turnOf(p.Service), together: p.Together,
	})
	if err != nil {
		return protocol.Lease{}, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ids[id] = struct{}{}
	return protocol.Lease{ID: id}, nil
}

func (h *heldLeases) release(ctx context.Context, l protocol.Lease) error {
	h.mu.Lock()
	_, ours := h.ids[l.ID]
	delete(h.ids, l.ID)
	h.mu.Unlock()
	if !ours {
		return fmt.Errorf("release %s: this client does not hold it", l.ID)
	}
	return h.owner.release(ctx, l.ID)
}

func (h *heldLeases) releaseAll(ctx context.Context) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for id := range h.ids {
		h.owner.addError(h.owner.release(context.WithoutCancel(ctx), id))
	}
}

// settleTimeout bounds undoing a lease's faults and waiting for the service to serve again.
const settleTimeout = 15 * time.Second

// release undoes a lease's faults, watches the service's new process, and only then frees the service.
func (o *Owner) release(ctx context.Context, id string) error {
	s, held := o.leases.subjectOf(id)
	if !held {
		return nil
	}
	defer o.leases.release(id)
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	live, err := o.open(ctx, s.sandbox)
	if err != nil {
		return err
	}
	if err := live.endLimits(ctx, id); err != nil {
		return fmt.Errorf("undo the faults of %s: %w", s, err)
	}
	err = live.agent.Undo(ctx, id)
	if err != nil && !errors.Is(err, wire.ErrLinkEnded) {
		return fmt.Errorf("undo the faults of %s: %w", s.service, err)
	}
	if err == nil {
		live.faults.forget(id)
	}
	live.watchAgain(ctx, s.service)
	return nil
}

// alone holds all of a sandbox while a client does something to its container, so that nobody's experiment meets it and whatever ends
// by it is explained. A client that holds all of it already keeps it.
func (h *heldLeases) alone(ctx context.Context, sandbox string, do func() error) error {
	if h.owner.leases.holds(h, subject{sandbox, protocol.WholeSandbox}) {
		return do()
	}
	id, err := h.owner.leases.acquire(ctx, lease{subject: subject{sandbox, protocol.WholeSandbox}, client: h})
	if err != nil {
		return err
	}
	defer h.owner.leases.release(id)
	return do()
}
