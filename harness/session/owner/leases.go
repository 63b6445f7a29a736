package owner

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/wire"
)

// subject is a service in a sandbox.
type subject struct{ sandbox, service string }

// tenure is the period of a lease: what happens to the service meanwhile is explained. Both points are of the agent's clock, and to
// is 0 as long as the lease is held. It begins as early and ends as late as can be: a clock that is read on a busy host is uncertain.
type tenure struct {
	subject
	from, to int64
}

// leases is the set of leases, by which one spec at a time faults a service. It remembers who held what and when.
type leases struct {
	mu      sync.Mutex
	next    int
	held    map[subject]string
	freed   chan struct{} // closed and replaced whenever a lease is released
	tenures []tenure
	byLease map[string]int // index into tenures
	clock   clock
}

// clock bounds the present point of the agents' clock.
type clock interface {
	earliest() int64
	latest() int64
}

func newLeases(c clock) *leases {
	return &leases{held: map[subject]string{}, freed: make(chan struct{}), byLease: map[string]int{}, clock: c}
}

// acquire waits until the service is free, and returns the id of a lease.
func (l *leases) acquire(ctx context.Context, s subject) (string, error) {
	for {
		l.mu.Lock()
		holder, taken := l.held[s]
		if !taken {
			l.next++
			id := fmt.Sprintf("lease-%d", l.next)
			l.held[s] = id
			l.byLease[id] = len(l.tenures)
			l.tenures = append(l.tenures, tenure{subject: s, from: l.clock.earliest()})
			l.mu.Unlock()
			return id, nil
		}
		freed := l.freed
		l.mu.Unlock()
		select {
		case <-freed:
		case <-ctx.Done():
			return "", fmt.Errorf("wait for %s in sandbox %s, which %s holds: %w", s.service, s.sandbox, holder, ctx.Err())
		}
	}
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
	delete(l.held, t.subject)
	close(l.freed)
	l.freed = make(chan struct{})
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

// explains reports whether somebody held the service at some point of [lo, hi].
func (l *leases) explains(s subject, lo, hi int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range l.tenures {
		if t.subject == s && t.from <= hi && (t.to == 0 || lo <= t.to) {
			return true
		}
	}
	return false
}

// heldLeases are the leases of one client.
type heldLeases struct {
	owner *Owner
	mu    sync.Mutex
	ids   map[string]struct{}
}

func (h *heldLeases) acquire(ctx context.Context, p protocol.LeaseParams) (protocol.Lease, error) {
	id, err := h.owner.leases.acquire(ctx, subject{p.Sandbox, p.Service})
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
	if err := live.agent.Undo(ctx, id); err != nil && !errors.Is(err, wire.ErrLinkEnded) {
		return fmt.Errorf("undo the faults of %s: %w", s.service, err)
	}
	live.watchAgain(ctx, s.service)
	return nil
}
