package observe

import (
	"errors"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/clock"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/handle"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// Watch is a process that is followed to its end.
type Watch struct {
	incarnation record.Incarnation
	process     *handle.Handle
	since       int64

	exited   *record.Interval
	reaped   *record.Interval
	lastSeen int64 // when it was last known to be there: alive, then a zombie
	onExit   func(record.Interval)
}

// Follow watches a process.
func (o *Observer) Follow(incarnation record.Incarnation, onExit func(record.Interval)) (*Watch, error) {
	process, err := handle.Open(incarnation)
	if err != nil {
		return nil, err
	}
	w := &Watch{incarnation: incarnation, process: process, since: clock.Now(), onExit: onExit}
	o.mu.Lock()
	o.watches[w] = struct{}{}
	o.mu.Unlock()
	o.wake()
	return w, nil
}

// Unfollow stops watching a process.
func (o *Observer) Unfollow(w *Watch) {
	o.mu.Lock()
	delete(o.watches, w)
	o.mu.Unlock()
	w.process.Close()
}

// settleExit notes whether a process was still there before the poll, or had ended after it.
func (o *Observer) settleExit(w *Watch, exited bool, before, stamp int64) {
	if !w.process.IsGuarded() { // no pidfd, and so no event
		before = clock.Now()
		exited, stamp = w.process.HasEnded(), clock.Now()
	}
	if !exited {
		w.lastSeen = max(w.lastSeen, before)
		return
	}
	w.exited = &record.Interval{Lo: max(w.since, w.lastSeen), Hi: stamp}
	w.lastSeen = w.exited.Lo // its parent may have waited for it before we woke
	if w.onExit != nil {
		w.onExit(*w.exited)
	}
	o.broadcast()
}

// settleReaping notes which of the ended processes their parent has waited for. Signal 0 reaches a zombie, but no process that is gone.
func (o *Observer) settleReaping() {
	for w := range o.watches {
		if w.exited == nil || w.reaped != nil {
			continue
		}
		before := clock.Now()
		if err := w.process.Signal(0); !errors.Is(err, unix.ESRCH) {
			w.lastSeen = before
			continue
		}
		w.reaped = &record.Interval{Lo: max(w.exited.Lo, w.lastSeen), Hi: clock.Now()}
		o.broadcast()
	}
}

// AwaitExit returns when a process ended, nil if stop is closed before it does.
func (o *Observer) AwaitExit(stop <-chan struct{}, w *Watch) (at *record.Interval) {
	o.until(stop, func() bool { at = w.exited; return at != nil })
	return at
}

// AwaitReaping returns when a process's parent had waited for it, nil if stop is closed before it does.
func (o *Observer) AwaitReaping(stop <-chan struct{}, w *Watch) (at *record.Interval) {
	o.until(stop, func() bool { at = w.reaped; return at != nil })
	return at
}

// FindEnds returns when processes ended, without those that have not.
func (o *Observer) FindEnds(watches []*Watch) (ends []record.Interval) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, w := range watches {
		if w.exited != nil {
			ends = append(ends, *w.exited)
		}
	}
	return ends
}
