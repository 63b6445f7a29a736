package owner

import (
	"context"
	"sync"
	"time"
)

// injectionInterval is the interval between two faults of the queue. A supervisor that has to start dozens of processes in one
// instant is late on few cores. Whether it bears that is another promise (load.herd).
const injectionInterval = 70 * time.Millisecond

// injectionQueue spaces injections, whichever process they come from. The zero value is ready.
type injectionQueue struct {
	mu   sync.Mutex
	next time.Time
}

// wait waits until the caller may inject: in the order of arrival, and for as long as it takes.
func (q *injectionQueue) wait(ctx context.Context) error {
	q.mu.Lock()
	at := q.next
	if now := time.Now(); at.Before(now) {
		at = now
	}
	q.next = at.Add(injectionInterval)
	q.mu.Unlock()
	select {
	case <-time.After(time.Until(at)): // the interval itself
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
