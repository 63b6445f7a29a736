package spec

import (
	"context"
	"slices"
	"sync"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
)

const (
	// hostInterval divides the time in which the host is watched.
	hostInterval = 500 * time.Millisecond
	// watchTimeout bounds the wait for the interval in which something came: on a busy host the observer itself is late.
	watchTimeout = 30 * hostInterval
	// keptLimit bounds the time for which a busy host is believed to keep one process waiting.
	keptLimit = 8 * time.Second
)

// Host tells how well the host does while a spec times something from outside.
type Host struct {
	mu           sync.Mutex
	longestDelay time.Duration          // for which the host kept the observer waiting
	intervals    []protocol.Calibration // one after the other
	between      []protocol.Calibration // from one of them to the next: the agent was on its way to us and back
}

// WatchHost watches the host until ctx ends: how long the observer in the sandbox was not scheduled, how late its answer
// came, and how long some process, and the supervisor, waited for a processor.
func WatchHost(ctx context.Context, sandbox *session.Sandbox) *Host {
	host := &Host{}
	go func() {
		for ctx.Err() == nil {
			began := time.Now()
			if measured, err := sandbox.Agent().Calibrate(ctx, hostInterval, sandbox.SupervisorPID()); err == nil {
				host.add(measured, time.Since(began)-hostInterval)
			}
		}
	}()
	return host
}

// add adds an interval. What the host did since the last one ended is the difference of the sums.
func (h *Host) add(measured protocol.Calibration, late time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if count := len(h.intervals); count > 0 {
		last := h.intervals[count-1]
		h.between = append(h.between, protocol.Calibration{
			From: last.To, To: measured.From, Pressure: measured.PriorPressurePeriod - last.PriorPressurePeriod - last.Pressure,
			RunDelay: measured.PriorRunDelay - last.PriorRunDelay - last.RunDelay,
		})
	}
	h.longestDelay = max(h.longestDelay, time.Duration(measured.WorstGap), late)
	h.intervals = append(h.intervals, measured)
}

// Stall returns the longest time for which the host has kept the observer waiting.
func (h *Host) Stall() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.longestDelay
}

// Explains reports whether the host may have made something late. The points due and came are on the agent's clock. The
// host explains a delay if the rest, without the time for which some process waited for it, is within the
// tolerance. Explains waits until the host has been watched that long. It explains nothing that came early, or never (0).
func (h *Host) Explains(ctx context.Context, due, came int64, tolerance time.Duration) bool {
	if came <= due {
		return false
	}
	return time.Duration(came-due)-h.waitPressure(ctx, due, came) <= tolerance
}

// IsOver reports whether a limit has passed between two points of the agent's clock. The time for which the host may have kept processes
// waiting does not count, up to keptLimit: what does not come must be seen not to come on a busy host as well.
func (h *Host) IsOver(limit time.Duration, from, now int64) bool {
	return time.Duration(now-from)-min(h.pressure(from, now), keptLimit) > limit
}

// CouldDelay reports whether the host, at some time while it was watched, can have kept a process waiting for so long. It is for time
// stamps that are not on the agent's clock: all but the tolerance must be explained by the pressure within one such time.
func (h *Host) CouldDelay(delay, tolerance time.Duration) bool {
	h.mu.Lock()
	starts := make([]int64, 0, len(h.intervals))
	for _, interval := range h.intervals {
		starts = append(starts, interval.From)
	}
	h.mu.Unlock()
	return slices.ContainsFunc(starts, func(from int64) bool { return delay-h.pressure(from, from+int64(delay)) <= tolerance })
}

// waitPressure waits until the host has been watched until a point, and then returns the pressure between two.
func (h *Host) waitPressure(ctx context.Context, from, to int64) time.Duration {
	h.awaitWatched(ctx, to)
	return h.pressure(from, to)
}

// waitSupervisorDelay waits as waitPressure does, and returns the longest time for which the host can have kept the supervisor from an
// answer: it waited for a processor itself, or somebody did while the agent watched. The times in which the agent was on its way show
// only in the former: with all pressure, no supervisor would be late on a host that is always busy.
func (h *Host) waitSupervisorDelay(ctx context.Context, from, to int64) time.Duration {
	h.awaitWatched(ctx, to)
	h.mu.Lock()
	defer h.mu.Unlock()
	var delays []protocol.Calibration
	for _, interval := range slices.Concat(h.intervals, h.between) {
		interval.Pressure = min(interval.Pressure, interval.RunDelay)
		delays = append(delays, interval)
	}
	return max(sumPressure(h.intervals, from, to), sumPressure(delays, from, to))
}

// awaitWatched waits until the host has been watched until a point.
func (h *Host) awaitWatched(ctx context.Context, until int64) {
	Until(ctx, watchTimeout, func(context.Context) bool { return h.watchedUntil() >= until })
}

// watchedUntil returns when the last interval ended.
func (h *Host) watchedUntil() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.intervals) == 0 {
		return 0
	}
	return h.intervals[len(h.intervals)-1].To
}

// pressure returns the longest time for which some process can have waited for the host between two points.
func (h *Host) pressure(from, to int64) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return sumPressure(h.intervals, from, to) + sumPressure(h.between, from, to)
}

// sumPressure returns the most of the pressure in some intervals that can have been between two points. How long it was is known of each
// interval, and when is not.
func sumPressure(intervals []protocol.Calibration, from, to int64) (longest time.Duration) {
	for _, interval := range intervals {
		overlap := time.Duration(min(to, interval.To) - max(from, interval.From))
		longest += max(0, min(interval.Pressure, overlap))
	}
	return longest
}
