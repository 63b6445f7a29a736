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
	// tickInterval is the pause between two looks while a fault is observed (suites/contract/experiments.md#observe).
	tickInterval = time.Millisecond
	// idleInterval is the pause otherwise.
	idleInterval = 50 * time.Millisecond
	// keenInterval is the pause during keenPeriod after an exit, until the parent has waited for the process. Most parents do at
	// once, and the kernel has no event for it.
	keenInterval = 100 * time.Microsecond
	keenPeriod   = 10 * time.Millisecond
	// settlePeriod is the time for which a new process is read again: its command line changes with each exec.
	settlePeriod = 200 * time.Millisecond
	// notableGap is the shortest scheduling gap that is remembered, in nanoseconds.
	notableGap = 2 * int64(tickInterval)
	// remembered bounds the lists of births and gaps, in entries; the oldest are dropped.
	remembered = 50_000
)

// birth is when a process was seen first.
type birth struct {
	record.Incarnation
	parent int
	at     record.Interval
}

// gap is a period in which the observer was not scheduled.
type gap struct{ from, to int64 }

// Observer watches the container's processes from one thread. The kernel reports exits through pidfds. Births and reaping have no
// event, so it looks for them each millisecond.
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

// watch is a process that is followed to its end.
type watch struct {
	incarnation record.Incarnation
	pidfd       int
	since       int64

	exited   *record.Interval
	reaped   *record.Interval
	lastSeen int64 // when it was last known to be there: alive, then a zombie
	onExit   func(record.Interval)
}

// NewObserver returns an observer that has started. Close ends it.
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

// run loops as the observer's thread. It ends with the agent's process.
func (o *Observer) run() {
	runtime.LockOSThread()
	var fds []unix.PollFd
	var polled []*watch
	last := now()
	for {
		o.mu.Lock()
		wait := o.sleepTime(last)
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

// sleep waits for an event of fds, a signal, or the end of a period.
//
// It sleeps a tick in one system call that Go's scheduler does not see. The scheduler would hand this thread's processor over and back
// each time, which makes more than half of the observer's context switches. AnotherProcessor makes up for the processor that is kept.
func sleep(fds []unix.PollFd, wait time.Duration) {
	timeout := unix.NsecToTimespec(int64(wait))
	if wait > tickInterval {
		_, _ = unix.Ppoll(fds, &timeout, nil)
		return
	}
	_, _, _ = unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&fds[0])), uintptr(len(fds)), //nolint:gosec // the kernel's own interface
		uintptr(unsafe.Pointer(&timeout)), 0, 0, 0) //nolint:gosec // as above
}

// AnotherProcessor gives Go's scheduler one processor more than the host and the container's limit give it: an active observer keeps
// one while it sleeps.
func AnotherProcessor() { runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1) }

// sleepTime returns how long to sleep before the next look. The caller holds the lock.
func (o *Observer) sleepTime(stamp int64) time.Duration {
	if o.active == 0 {
		return idleInterval
	}
	for w := range o.watches {
		if w.exited != nil && w.reaped == nil && stamp-w.exited.Hi < int64(keenPeriod) {
			return keenInterval
		}
	}
	return tickInterval
}

// broadcast wakes all that wait for a change. The caller holds the lock.
func (o *Observer) broadcast() {
	close(o.changed)
	o.changed = make(chan struct{})
}

func (o *Observer) noteGap(g gap, asked time.Duration) {
	if asked > tickInterval || g.to-g.from < notableGap {
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
	worst := int64(tickInterval)
	for _, g := range o.gaps {
		if g.to >= from && g.from <= to {
			worst = max(worst, g.to-g.from)
		}
	}
	return worst
}

// settleExit notes whether a process was still there before the poll, or had ended after it.
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

// settleReaping notes which of the ended processes their parent has waited for. Signal 0 reaches a zombie, but no process that is gone.
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

// look lists the processes if the kernel has given out a pid since the last look.
func (o *Observer) look(stamp int64) {
	before := now()
	latest, err := latestPID(o.loadavg)
	if err == nil && latest == o.lastPID && stamp-o.lastLook < int64(idleInterval) {
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
		if _, ok := o.known[pid]; !ok || isGivenOutSince(pid, o.lastPID, latest) {
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

// settleBirths reads the command lines of young processes again: until the exec they are their parents'.
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
		if stamp-b.at.Hi < int64(settlePeriod) {
			young = append(young, index)
		}
	}
	o.unsettled = young
}

// latestPID returns the pid that was given out last in this pid namespace: the last word of /proc/loadavg. The file stays open because
// it is read at every tick.
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

// isGivenOutSince reports whether a pid was given out after previous, up to latest. Pids are given out in order and begin again at the
// lowest, so a process with the number of one that is gone is seen as new.
func isGivenOutSince(pid, previous, latest int) bool {
	if previous <= latest {
		return previous < pid && pid <= latest
	}
	return pid > previous || pid <= latest
}

// activate makes the observer look each millisecond, from its next look until the returned function is called. wake brings that look
// forward.
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

// follow watches a process by a pidfd. The incarnation is compared after the pidfd was opened, so it is the right process.
func (o *Observer) follow(incarnation record.Incarnation, onExit func(record.Interval)) (*watch, error) {
	pidfd, err := unix.PidfdOpen(incarnation.PID, 0)
	if err != nil {
		return nil, fmt.Errorf("open a pidfd of process %d: %w", incarnation.PID, err)
	}
	if !isSameProcess(incarnation) {
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

// unfollow stops watching a process.
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
