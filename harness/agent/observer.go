package agent

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

const (
	// tick is how often the observer looks while a fault is observed (suites/contract/experiments.md#observe).
	tick = time.Millisecond
	// idleTick is how often it looks otherwise: 20 Hz.
	idleTick = 50 * time.Millisecond
	// keenTick is how often it looks for keenFor after an exit, until the parent has waited for the process: most
	// do at once, and the kernel reports that to nobody.
	keenTick = 100 * time.Microsecond
	keenFor  = 10 * time.Millisecond
	// settling is how long a new process is looked at again: its command line changes with each exec.
	settling = 200 * time.Millisecond
	// notableGap is the shortest scheduling gap that is remembered.
	notableGap = 2 * int64(tick)
	// remembered bounds the lists of births and gaps, in entries; the oldest are dropped.
	remembered = 50_000
)

// birth is the first sight of a process.
type birth struct {
	record.Incarnation
	parent int
	at     record.Interval
}

// gap is a time in which the observer was not scheduled.
type gap struct{ from, to int64 }

// Observer watches the container's processes from one thread: exits by pidfd, as the kernel reports them;
// births and reaping, for which it has no events, by looking each millisecond.
type Observer struct {
	wakeup  int // an eventfd: something was added
	proc    int // an open /proc
	loadavg int // an open /proc/loadavg

	mu        sync.Mutex
	changed   chan struct{} // closed and replaced at each change
	watches   map[*watch]struct{}
	active    int
	births    []birth
	unsettled []int // indices into births, counted with dropped
	dropped   int
	gaps      []gap

	known    map[int]struct{}
	lastPID  int
	lastLook int64 // every process born before this has been seen
}

// watch follows one process to its end.
type watch struct {
	incarnation record.Incarnation
	pidfd       int
	since       int64

	exited   *record.Interval
	reaped   *record.Interval
	lastSeen int64 // when it was last known to be there: alive, then a zombie
	onExit   func(record.Interval)
}

// NewObserver starts observing; Close ends it.
func NewObserver() (*Observer, error) {
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
		changed: make(chan struct{}), watches: map[*watch]struct{}{}, known: map[int]struct{}{},
	}
	o.look(now())
	o.births = nil // what was there before us was not born before our eyes
	o.unsettled = nil
	go o.run()
	return o, nil
}

// run is the observer's thread. It never ends: the agent's process is its life.
func (o *Observer) run() {
	runtime.LockOSThread()
	var fds []unix.PollFd
	var polled []*watch
	last := now()
	for {
		o.mu.Lock()
		wait := o.pace(last)
		fds = append(fds[:0], unix.PollFd{Fd: int32(o.wakeup), Events: unix.POLLIN}) //nolint:gosec // a descriptor fits
		polled = polled[:0]
		for w := range o.watches {
			if w.exited == nil {
				fds = append(fds, unix.PollFd{Fd: int32(w.pidfd), Events: unix.POLLIN}) //nolint:gosec // a descriptor fits
				polled = append(polled, w)
			}
		}
		o.mu.Unlock()

		before := now()
		sleep(fds, wait)
		stamp := now()
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

// sleep ends at an event of fds, at the latest after a time. A signal ends it too: that is a look like any other.
//
// A tick is slept without a word to Go's scheduler, which would hand this thread's processor to another one and back each
// time, for more than half of the observer's context switches. AnotherProcessor makes up for the one that is kept.
func sleep(fds []unix.PollFd, wait time.Duration) {
	timeout := unix.NsecToTimespec(int64(wait))
	if wait > tick {
		_, _ = unix.Ppoll(fds, &timeout, nil)
		return
	}
	_, _, _ = unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&fds[0])), uintptr(len(fds)), //nolint:gosec // the kernel's own interface
		uintptr(unsafe.Pointer(&timeout)), 0, 0, 0) //nolint:gosec // as above
}

// AnotherProcessor gives Go's scheduler one processor more than it has by the host and the container's limit: an active
// observer keeps one while it sleeps.
func AnotherProcessor() { runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1) }

// pace is how long to sleep before the next look. The caller holds the lock.
func (o *Observer) pace(stamp int64) time.Duration {
	if o.active == 0 {
		return idleTick
	}
	for w := range o.watches {
		if w.exited != nil && w.reaped == nil && stamp-w.exited.Hi < int64(keenFor) {
			return keenTick
		}
	}
	return tick
}

// broadcast wakes everybody who waits for a change. The caller holds the lock.
func (o *Observer) broadcast() {
	close(o.changed)
	o.changed = make(chan struct{})
}

func (o *Observer) noteGap(g gap, asked time.Duration) {
	if asked > tick || g.to-g.from < notableGap {
		return
	}
	o.gaps = append(o.gaps, g)
	if len(o.gaps) > remembered {
		o.gaps = append(o.gaps[:0], o.gaps[len(o.gaps)/2:]...)
	}
}

// worstGap returns the longest gap that touches [from, to], at least one tick.
func (o *Observer) worstGap(from, to int64) int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	worst := int64(tick)
	for _, g := range o.gaps {
		if g.to >= from && g.from <= to {
			worst = max(worst, g.to-g.from)
		}
	}
	return worst
}

// settleExit notes that a process was still there before the poll, or has ended by its end.
func (o *Observer) settleExit(w *watch, exited bool, before, stamp int64) {
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

// settleReaping notes which of the ended processes their parent has waited for: signal 0 reaches a zombie
// and not a process that is gone.
func (o *Observer) settleReaping() {
	for w := range o.watches {
		if w.exited == nil || w.reaped != nil {
			continue
		}
		before := now()
		if err := unix.PidfdSendSignal(w.pidfd, 0, nil, 0); err != unix.ESRCH {
			w.lastSeen = before
			continue
		}
		w.reaped = &record.Interval{Lo: max(w.exited.Lo, w.lastSeen), Hi: now()}
		o.broadcast()
	}
}

// look lists the processes where the kernel has given out a pid since the last look.
func (o *Observer) look(stamp int64) {
	before := now()
	latest, err := latestPID(o.loadavg)
	if err == nil && latest == o.lastPID && stamp-o.lastLook < int64(idleTick) {
		o.lastLook = before
		return
	}
	var buffer [16 << 10]byte
	pids, err := listPIDs(o.proc, buffer[:])
	if err != nil {
		return
	}
	seen := now()
	present := make(map[int]struct{}, len(pids))
	for _, pid := range pids {
		present[pid] = struct{}{}
		if _, ok := o.known[pid]; !ok || givenOutSince(pid, o.lastPID, latest) {
			o.noteBirth(pid, record.Interval{Lo: o.lastLook, Hi: seen})
		}
	}
	o.known, o.lastPID, o.lastLook = present, latest, before
}

func (o *Observer) noteBirth(pid int, at record.Interval) {
	process, err := readProcess(pid)
	if err != nil {
		return // it is gone again
	}
	if len(o.births) >= remembered {
		half := len(o.births) / 2
		o.births = append(o.births[:0], o.births[half:]...)
		o.dropped += half
	}
	o.births = append(o.births, birth{Incarnation: process.Incarnation, parent: process.Parent, at: at})
	o.unsettled = append(o.unsettled, o.dropped+len(o.births)-1)
	o.broadcast()
}

// settleBirths reads the young processes' command lines again: they are their parent's until the exec.
func (o *Observer) settleBirths(stamp int64) {
	young := o.unsettled[:0]
	for _, index := range o.unsettled {
		if index < o.dropped {
			continue
		}
		b := &o.births[index-o.dropped]
		if argv := readArgv(b.PID); argv != nil && !slices.Equal(argv, b.Argv) {
			b.Argv = argv
			o.broadcast()
		}
		if stamp-b.at.Hi < int64(settling) {
			young = append(young, index)
		}
	}
	o.unsettled = young
}

// latestPID returns the pid that was given out last in this pid namespace: the last word of /proc/loadavg, which is
// open as a descriptor because it is read at every tick.
func latestPID(loadavg int) (int, error) {
	var buffer [128]byte
	n, err := unix.Pread(loadavg, buffer[:], 0)
	if err != nil {
		return 0, err
	}
	fields := bytes.Fields(buffer[:n])
	if len(fields) != 5 {
		return 0, fmt.Errorf("/proc/loadavg has %d words, not 5", len(fields))
	}
	return strconv.Atoi(string(fields[4]))
}

// givenOutSince tells whether a pid lies behind previous, up to latest: pids are given out in order, and
// begin again at the lowest. So a process that was given the number of one that is gone is seen as new.
func givenOutSince(pid, previous, latest int) bool {
	if previous <= latest {
		return previous < pid && pid <= latest
	}
	return pid > previous || pid <= latest
}

// activate makes the observer look each millisecond until the returned function is called; from its next look
// on, which wake brings forward.
func (o *Observer) activate() (deactivate func()) {
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

// follow watches a process, of which the pidfd is a proof: the incarnation is compared after it was opened.
func (o *Observer) follow(incarnation record.Incarnation, onExit func(record.Interval)) (*watch, error) {
	pidfd, err := unix.PidfdOpen(incarnation.PID, 0)
	if err != nil {
		return nil, fmt.Errorf("open a pidfd of process %d: %w", incarnation.PID, err)
	}
	if !sameLife(incarnation) {
		_ = unix.Close(pidfd)
		return nil, fmt.Errorf("process %d is no longer the one that was identified", incarnation.PID)
	}
	w := &watch{incarnation: incarnation, pidfd: pidfd, since: now(), onExit: onExit}
	o.mu.Lock()
	o.watches[w] = struct{}{}
	o.mu.Unlock()
	o.wake()
	return w, nil
}

// unfollow ends a watch.
func (o *Observer) unfollow(w *watch) {
	o.mu.Lock()
	delete(o.watches, w)
	o.mu.Unlock()
	_ = unix.Close(w.pidfd)
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
