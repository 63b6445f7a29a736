package spec

import (
	"context"
	"sync/atomic"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
)

// hostSlice is how long the host is watched at a time.
const hostSlice = 500 * time.Millisecond

// Host is how well the host does while something is timed from outside.
type Host struct{ worst atomic.Int64 }

// WatchHost watches until ctx ends: for how long the observer in the sandbox was not scheduled, and by how much
// its answer was late.
func WatchHost(ctx context.Context, sandbox *session.Sandbox) *Host {
	host := &Host{}
	go func() {
		for ctx.Err() == nil {
			began := time.Now()
			measured, err := sandbox.Agent().Calibrate(ctx, hostSlice)
			if err == nil {
				host.worst.Store(max(host.worst.Load(), measured.WorstGap, int64(time.Since(began)-hostSlice)))
			}
		}
	}()
	return host
}

// Stall is the longest that the host kept something waiting so far.
func (h *Host) Stall() time.Duration { return time.Duration(h.worst.Load()) }
