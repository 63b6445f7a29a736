// Package observe watches the container's processes: their births, their ends, and when their parents have waited for them.
package observe

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/clock"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/procfs"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

const (
	// TickInterval is the pause between two looks while a fault is observed (suites/contract/experiments.md#observe).
	TickInterval = time.Millisecond
	// idleInterval is the pause otherwise.
	idleInterval = 50 * time.Millisecond
	// keenInterval is the pause during keenPeriod after an exit, until the parent has waited for the process. Most parents do at
	// once, and the kernel has no event for it.
	keenInterval = 100 * time.Microsecond
	keenPeriod   = 10 * time.Millisecond
	// notableGap is the shortest scheduling gap that is remembered, in nanoseconds.
	notableGap = 2 * int64(TickInterval)
	// rememberedEntries bounds the lists of births and gaps; the oldest are dropped.
	rememberedEntries = 50_000
)

// gap is a period in which the observer was not scheduled.
type gap struct{ from, to int64 }

// Observer watches the container's processes from one thread. The kernel reports exits through pidfds. Births and reaping have no
// event, so it looks for them each millisecond; for exits too if there are no pidfds.
type Observer struct {
	wakeup  int // an eventfd: something was added
	proc    int // an open /proc
	loadavg int // an open /proc/loadavg

	mu        sync.Mutex
	changed   chan struct{} // closed and replaced at each change
	watches   map[*Watch]struct{}
	active    int
	births    []birth
	unsettled []int // indices into births, counted with dropped
	dropped   int
	gaps      []gap

	known    map[int]struct{}
	lastPID  int
	lastLook int64 // every process born before this has been seen
}

// New returns an observer that has started. It ends with the agent's process.
func New() (*Observer, error) {
	proc, err := unix.Open("/proc", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open /proc: %w", err)
	}
	loadavg, err := unix.Open("/proc/loadavg", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open /proc/loadavg: %w", err), unix.Close(proc))
	}
	wakeup, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make an eventfd: %w", err), unix.Close(proc), unix.Close(loadavg))
	}
	o := &Observer{
		wakeup: wakeup, proc: proc, loadavg: loadavg,
		changed: make(chan struct{}), watches: map[*Watch]struct{}{}, known: map[int]struct{}{},
	}
	o.look(clock.Now())
	o.births = nil // what was there before us was not born before our eyes
	o.unsettled = nil
	go o.run()
	return o, nil
}

// run watches as the observer's thread.
func (o *Observer) run() {
	runtime.LockOSThread()
	var fds []unix.PollFd
	var polled []*Watch
	last := clock.Now()
	for {
		o.mu.Lock()
		wait := o.chooseSleep(last)
		fds = append(fds[:0], unix.PollFd{Fd: int32(o.wakeup), Events: unix.POLLIN}) //nolint:gosec // a descriptor fits
		polled = polled[:0]
		for w := range o.watches {
			if w.exited == nil {
				fds = append(fds, unix.PollFd{Fd: int32(w.process.FD()), Events: unix.POLLIN}) //nolint:gosec // a descriptor fits
				polled = append(polled, w)
			}
		}
		o.mu.Unlock()

		before := clock.Now()
		sleep(fds, wait)
		stamp := clock.Now()
		if fds[0].Revents != 0 {
			var drained [8]byte
			_, _ = unix.Read(o.wakeup, drained[:])
		}
		o.mu.Lock()
		o.noteGap(gap{from: last, to: stamp}, wait)
		for i, w := range polled {
			if _, followed := o.watches[w]; followed { // its descriptor may be somebody else's by now
				o.settleExit(w, fds[i+1].Revents != 0, before, stamp)
			}
		}
		o.settleReaping()
		o.look(stamp)
		o.settleBirths(stamp)
		o.mu.Unlock()
		last = stamp
	}
}

// sleep waits for an event of fds, a signal, or the end of a period.
//
// It sleeps a tick in one system call that Go's scheduler does not see. The scheduler would hand this thread's processor over and back
// each time, which makes more than half of the observer's context switches. AddProcessor makes up for the processor that is kept.
func sleep(fds []unix.PollFd, wait time.Duration) {
	timeout := unix.NsecToTimespec(int64(wait))
	if wait > TickInterval {
		_, _ = unix.Ppoll(fds, &timeout, nil)
		return
	}
	_, _, _ = unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&fds[0])), uintptr(len(fds)), //nolint:gosec // the kernel's own interface
		uintptr(unsafe.Pointer(&timeout)), 0, 0, 0) //nolint:gosec // as above
}

// AddProcessor gives Go's scheduler one processor more than the host and the container's limit give it: an active observer keeps
// one while it sleeps.
func AddProcessor() { runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1) }

// chooseSleep returns how long to sleep before the next look. The caller holds the lock.
func (o *Observer) chooseSleep(stamp int64) time.Duration {
	if o.active == 0 {
		return idleInterval
	}
	for w := range o.watches {
		if w.exited != nil && w.reaped == nil && stamp-w.exited.Hi < int64(keenPeriod) {
			return keenInterval
		}
	}
	return TickInterval
}

// Activate makes the observer look each millisecond, from its next look until the returned function is called. wake brings that look
// forward.
func (o *Observer) Activate() (deactivate func()) {
	o.mu.Lock()
	o.active++
	o.mu.Unlock()
	return func() {
		o.mu.Lock()
		o.active--
		o.mu.Unlock()
	}
}

func (o *Observer) wake() {
	_, _ = unix.Write(o.wakeup, []byte{1, 0, 0, 0, 0, 0, 0, 0})
}

// until calls look, with the lock held, after each change until it returns true or stop is closed.
func (o *Observer) until(stop <-chan struct{}, look func() bool) bool {
	for {
		o.mu.Lock()
		found, changed := look(), o.changed
		o.mu.Unlock()
		if found {
			return true
		}
		select {
		case <-changed:
		case <-stop:
			return false
		}
	}
}

// broadcast wakes all that wait for a change. The caller holds the lock.
func (o *Observer) broadcast() {
	close(o.changed)
	o.changed = make(chan struct{})
}

func (o *Observer) noteGap(g gap, asked time.Duration) {
	if asked > TickInterval || g.to-g.from < notableGap {
		return
	}
	o.gaps = append(o.gaps, g)
	if len(o.gaps) > rememberedEntries {
		o.gaps = append(o.gaps[:0], o.gaps[len(o.gaps)/2:]...)
	}
}

// WorstGap returns the longest gap that touches [from, to], at least one tick.
func (o *Observer) WorstGap(from, to int64) int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	worst := int64(TickInterval)
	for _, g := range o.gaps {
		if g.to >= from && g.from <= to {
			worst = max(worst, g.to-g.from)
		}
	}
	return worst
}

// Calibrate measures how precise the observer is on this host right now.
func (o *Observer) Calibrate(ctx context.Context, params protocol.CalibrateParams) (protocol.Calibration, error) {
	defer o.Activate()()
	o.wake()
	from, before, delayBefore := clock.Now(), procfs.ReadPressure(), procfs.ReadRunDelay(params.PID)
	ctx, cancel := context.WithTimeout(ctx, params.Period)
	defer cancel()
	<-ctx.Done()
	to := clock.Now()
	return protocol.Calibration{
		From: from, To: to, WorstGap: o.WorstGap(from, to), Pressure: procfs.PressureSince(before), PriorPressurePeriod: before,
		RunDelay: procfs.RunDelaySince(delayBefore, params.PID), PriorRunDelay: delayBefore,
	}, nil
}
