package owner

import (
	"context"
	"fmt"
	"sync"
)

// subject is a service in a sandbox.
type subject struct{ sandbox, service string }

// tenure is the time for which somebody held a service: what happens to it meanwhile is explained.
// Both points are of the agent's clock; an open tenure has no end yet.
type tenure struct {
	subject
	from, to int64
}

// leases sees to it that a service is faulted by one spec at a time, and remembers who held what when.
type leases struct {
	mu      sync.Mutex
	next    int
	held    map[subject]string
	freed   chan struct{} // closed and replaced whenever a service is given back
	tenures []tenure
	byLease map[string]int // index into tenures
	clock   func() int64
}

func newLeases(clock func() int64) *leases {
	return &leases{held: map[subject]string{}, freed: make(chan struct{}), byLease: map[string]int{}, clock: clock}
}

// acquire waits until the service is free.
func (l *leases) acquire(ctx context.Context, s subject) (string, error) {
	for {
		l.mu.Lock()
		holder, taken := l.held[s]
		if !taken {
			l.next++
			id := fmt.Sprintf("lease-%d", l.next)
			l.held[s] = id
			l.byLease[id] = len(l.tenures)
			l.tenures = append(l.tenures, tenure{subject: s, from: l.clock()})
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

// release gives a service back. A lease that is not held any more is no error.
func (l *leases) release(id string) (subject, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	index, ok := l.byLease[id]
	if !ok {
		return subject{}, false
	}
	t := &l.tenures[index]
	t.to = l.clock()
	delete(l.byLease, id)
	delete(l.held, t.subject)
	close(l.freed)
	l.freed = make(chan struct{})
	return t.subject, true
}

// of returns what a lease is for.
func (l *leases) of(id string) (subject, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	index, ok := l.byLease[id]
	if !ok {
		return subject{}, false
	}
	return l.tenures[index].subject, true
}

// explain tells whether somebody held the service at some point of [lo, hi].
func (l *leases) explain(s subject, lo, hi int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range l.tenures {
		if t.subject == s && t.from <= hi && (t.to == 0 || lo <= t.to) {
			return true
		}
	}
	return false
}
