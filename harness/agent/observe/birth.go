package observe

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/clock"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/procfs"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// birth is when a process was seen first.
type birth struct {
	record.Incarnation
	parent int
	at     record.Interval
}

// look lists the processes if the kernel has given out a pid since the last look.
func (o *Observer) look(stamp int64) {
	before := clock.Now()
	latest, err := readLatestPID(o.loadavg)
	if err == nil && latest == o.lastPID && stamp-o.lastLook < int64(idleInterval) {
		o.lastLook = before
		return
	}
	var buffer [16 << 10]byte
	pids, err := procfs.ListPIDs(o.proc, buffer[:])
	if err != nil {
		return
	}
	seen := clock.Now()
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
	process, err := procfs.ReadProcess(pid)
	if err != nil || !procfs.IsOurs(pid) {
		return // it is gone again, or somebody else's
	}
	if len(o.births) >= rememberedEntries {
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
		if argv := procfs.ReadArgv(b.PID); argv != nil && !slices.Equal(argv, b.Argv) {
			b.Argv = argv
			o.broadcast()
		}
		if stamp-b.at.Hi < int64(procfs.SettlePeriod) {
			young = append(young, index)
		}
	}
	o.unsettled = young
}

// readLatestPID returns the pid that was given out last in this pid namespace: the last word of /proc/loadavg. The file stays open because
// it is read at every tick.
func readLatestPID(loadavg int) (int, error) {
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

// AwaitSuccessor returns when the first process was born that succeeds one that ended, nil if stop is closed before it is.
func (o *Observer) AwaitSuccessor(stop <-chan struct{}, gone record.Incarnation, supervisor int, after int64) (at *record.Interval) {
	o.until(stop, func() bool { at = o.findSuccessor(gone, supervisor, after); return at != nil })
	return at
}

// findSuccessor finds the first process under the supervisor that was born after a point in time and has the command line of the
// process that ended. The caller holds the lock.
func (o *Observer) findSuccessor(gone record.Incarnation, supervisor int, after int64) *record.Interval {
	for _, b := range o.births {
		if b.at.Hi > after && b.PID != gone.PID && (supervisor == 0 || b.parent == supervisor) && procfs.EqualArgv(b.Argv, gone.Argv) {
			return &record.Interval{Lo: max(b.at.Lo, after), Hi: b.at.Hi}
		}
	}
	return nil
}

// FindBirth returns when a process was born, nil if the observer has not seen it.
func (o *Observer) FindBirth(incarnation record.Incarnation) *record.Interval {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, b := range o.births {
		if b.PID == incarnation.PID && b.StartTime == incarnation.StartTime {
			return &b.at
		}
	}
	return nil
}
