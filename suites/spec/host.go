package spec

import (
	"context"
	"sync"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
)

// hostSlice is how long the host is watched at a time.
const hostSlice = 500 * time.Millisecond

// Host is how well the host does while something is timed from outside.
type Host struct {
	mu     sync.Mutex
	worst  time.Duration
	slices []protocol.Calibration // one after the other
}

// WatchHost watches until ctx ends: for how long the observer in the sandbox was not scheduled, by how much its answer was
// late, and for how long somebody waited for a processor.
func WatchHost(ctx context.Context, sandbox *session.Sandbox) *Host {
	host := &Host{}
	go func() {
		for ctx.Err() == nil {
			began := time.Now()
			if measured, err := sandbox.Agent().Calibrate(ctx, hostSlice); err == nil {
				host.add(measured, time.Since(began)-hostSlice)
			}
		}
	}()
	return host
}

func (h *Host) add(measured protocol.Calibration, late time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.worst = max(h.worst, time.Duration(measured.WorstGap), late)
	h.slices = append(h.slices, measured)
}

// Stall is the longest that the host kept the observer waiting so far.
func (h *Host) Stall() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.worst
}

// Explains tells whether what was due at one point of the agent's clock and came at another, later than is granted, would
// have come in time without the time for which somebody waited for a processor meanwhile. It waits for the host to have
// been watched until then. It explains nothing that came early, or never (0).
func (h *Host) Explains(ctx context.Context, due, came int64, granted time.Duration) bool {
	if came <= due {
		return false
	}
	Until(ctx, 2*hostSlice, func(context.Context) bool { return h.until() >= came })
	return time.Duration(came-due)-h.pressed(due, came) <= granted
}

// until is when the host was watched last.
func (h *Host) until() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.slices) == 0 {
		return 0
	}
	return h.slices[len(h.slices)-1].To
}

// pressed is for how long at most somebody waited for a processor between two points: of a slice it is known how much that
// was, and not when.
func (h *Host) pressed(from, to int64) (most time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, slice := range h.slices {
		overlap := time.Duration(min(to, slice.To) - max(from, slice.From))
		most += max(0, min(slice.Pressure, overlap))
	}
	return most
}
