package owner

import (
	"context"
	"sync"
	"time"
)

// apart is how far from each other faults are injected that wait for their turn. A supervisor that has to start
// dozens of processes in one instant is late on few cores; whether it bears that is another promise (load.herd).
const apart = 70 * time.Millisecond

// turns keeps injections apart, whichever process they come from. The zero value is ready.
type turns struct {
	mu   sync.Mutex
	next time.Time
}

// take waits for a turn: in the order of arrival, and for as long as it takes.
func (t *turns) take(ctx context.Context) error {
	t.mu.Lock()
	mine := t.next
	if now := time.Now(); mine.Before(now) {
		mine = now
	}
	t.next = mine.Add(apart)
	t.mu.Unlock()
	select {
	case <-time.After(time.Until(mine)): // the distance itself
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
