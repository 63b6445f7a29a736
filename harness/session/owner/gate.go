package owner

import (
	"context"
	"slices"
	"sync"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/admission"
)

// gate admits sandboxes: as many at a time as the plan allows, those of the longest experiments first. They boot one after the other:
// a boot takes all processors, and what runs already is being timed.
type gate struct {
	mu      sync.Mutex
	limit   int // of sandboxes that are admitted at once; negative: none
	live    int // admitted now
	booting bool
	waiting []*entrance // in the order of arrival
}

// entrance is a sandbox that waits to be admitted.
type entrance struct {
	demand admission.Demand
	ready  chan struct{}
}

// newGate returns a gate that admits any number of sandboxes, one booting at a time.
func newGate() *gate { return &gate{limit: -1} }

// setLimit changes how many sandboxes are admitted at once.
func (g *gate) setLimit(limit int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.limit = limit
	g.admit()
}

// enter waits until a sandbox may boot. full is called at intervals while it waits for room; it may make some.
func (g *gate) enter(ctx context.Context, demand admission.Demand, full func()) error {
	e := &entrance{demand, make(chan struct{})}
	g.mu.Lock()
	g.waiting = append(g.waiting, e)
	g.admit()
	g.mu.Unlock()
	ticker := time.NewTicker(roomInterval)
	defer ticker.Stop()
	for {
		select {
		case <-e.ready:
			return nil
		case <-ticker.C:
			if g.isFull() {
				full()
			}
		case <-ctx.Done():
			g.giveUp(e)
			return ctx.Err()
		}
	}
}

// roomInterval is the time between two looks for a sandbox that may make room for another.
const roomInterval = 500 * time.Millisecond

// isFull reports whether there is no room for another sandbox.
func (g *gate) isFull() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.limit >= 0 && g.live >= g.limit
}

// giveUp takes back an entrance that nobody waits for any more.
func (g *gate) giveUp(e *entrance) {
	g.mu.Lock()
	defer g.mu.Unlock()
	place := slices.Index(g.waiting, e)
	if place >= 0 {
		g.waiting = slices.Delete(g.waiting, place, place+1)
		return
	}
	g.booting, g.live = false, g.live-1 // it was admitted in this moment
	g.admit()
}

// booted says that the sandbox that was admitted last has booted, and stays if it is live.
func (g *gate) booted(live bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.booting = false
	if !live {
		g.live--
	}
	g.admit()
}

// leave says that a sandbox is gone.
func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.live--
	g.admit()
}

// admit lets the sandbox with the longest experiments boot, if there is room and none boots. The caller holds the mutex.
func (g *gate) admit() {
	if g.booting || len(g.waiting) == 0 || g.limit >= 0 && g.live >= g.limit {
		return
	}
	first := slices.MaxFunc(g.waiting, func(a, b *entrance) int {
		return int(max(-1, min(1, a.demand.Period-b.demand.Period))) // of equals the first to arrive
	})
	g.waiting = slices.DeleteFunc(g.waiting, func(e *entrance) bool { return e == first })
	g.booting, g.live = true, g.live+1
	close(first.ready)
}
