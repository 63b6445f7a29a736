package verdict

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// mostPID is the highest number that the kernel gives to a process.
const mostPID = 1 << 22

// isProcess reports whether a process can be one of a service: no process 1, which holds its container, and began after the boot.
func isProcess(process record.Incarnation) bool {
	return process.PID > 1 && process.PID <= mostPID && process.StartTime > 0
}

// checkSights checks what the agent says of each recovery that landed: what proved it, where it found the process, which that was, and for
// how long the host was busy.
func (j *judge) checkSights(r *record.Record) {
	places := endpointsOf(r.Run.Services)
	for _, recovery := range r.Recoveries {
		if recovery.Landing == nil || recovery.Terms == nil {
			continue // nothing was proved, or an older record
		}
		add := func(kind kind) { j.add(kind, recovery.Promise, recovery.Service, recovery.ID) }
		if !isProvedInWords(recovery) {
			add(oddProof)
		}
		if place := places[recovery.Service]; place != (record.Endpoint{}) && !place.Identifies(recovery.Identity) {
			add(otherIdentity)
		}
		if !isProcess(recovery.Before) || recovery.After.PID != 0 && !isProcess(recovery.After) || recovery.After.PID == 0 && recovery.After.StartTime != 0 {
			add(oddProcess)
		}
		if recovery.Pressure > mostPressure(recovery) {
			add(oddPressure)
		}
	}
}

// isProvedInWords reports whether the proof of a landing has the words that the agent has for such a fault.
func isProvedInWords(r record.Recovery) bool {
	if r.Terms.Check == nil { // the fault ended the process
		return r.Landing.EndedProcess()
	}
	return r.Landing.StoppedProcess()
}

// lateLimit bounds by how much longer than it was watched the kernel can count a pressure: on a busy host it counts late.
const lateLimit = 10 * time.Second

// mostPressure returns the longest pressure that the observation of a recovery can have: it is measured from the exit on.
func mostPressure(r record.Recovery) int64 {
	if r.Exited == nil {
		return 0
	}
	return r.Observed.Hi - r.Exited.Lo + int64(lateLimit)
}

// checkSharing checks that no process served two services of one container.
func (j *judge) checkSharing(r *record.Record, all lives) {
	type process struct {
		place
		generation, pid int
		start           uint64
	}
	served := map[process]record.Recovery{}
	inOrder := func(one, other record.Recovery) int {
		return cmp.Or(cmp.Compare(one.Injected.Lo, other.Injected.Lo), strings.Compare(one.ID, other.ID))
	}
	for _, recovery := range slices.SortedFunc(slices.Values(r.Recoveries), inOrder) {
		at := place{recovery.Shard, recovery.Sandbox}
		generation := all.find(at, recovery.Injected.Lo, recovery.Observed.Hi)
		if generation < 0 || recovery.Landing == nil {
			continue
		}
		for _, one := range []record.Incarnation{recovery.Before, recovery.After} {
			key := process{at, generation, one.PID, one.StartTime}
			if other, known := served[key]; one.PID != 0 && known && other.Service != recovery.Service {
				j.add(sharedProcess, recovery.Promise, recovery.Service, other.ID, recovery.ID)
			}
			served[key] = recovery
		}
	}
}
