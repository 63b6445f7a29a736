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
		at, isIdentified := record.FindEndpoint(recovery.Identity)
		if place := places[recovery.Service]; !isIdentified || place != (record.Endpoint{}) && place != at {
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
	return r.Landing.StoppedProcess(r.Fault)
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

// checkSharing checks that no process and no endpoint served two services of one container, and that no two processes had the same pid at once.
func (j *judge) checkSharing(r *record.Record, all lives) {
	type container struct {
		place
		generation int
	}
	type process struct {
		container
		pid   int
		start uint64
	}
	type endpoint struct {
		container
		record.Endpoint
	}
	type numbered struct {
		container
		pid int
	}
	served, identified, seen := map[process]record.Recovery{}, map[endpoint]record.Recovery{}, map[numbered][]sighting{}
	inOrder := func(one, other record.Recovery) int {
		return cmp.Or(cmp.Compare(one.Injected.Lo, other.Injected.Lo), strings.Compare(one.ID, other.ID))
	}
	for _, recovery := range slices.SortedFunc(slices.Values(r.Recoveries), inOrder) {
		at := place{recovery.Shard, recovery.Sandbox}
		generation := all.find(at, recovery.Injected.Lo, recovery.Observed.Hi)
		if generation < 0 || recovery.Landing == nil {
			continue
		}
		in := container{at, generation}
		if where, ok := record.FindEndpoint(recovery.Identity); ok {
			key := endpoint{in, where}
			if other, known := identified[key]; known && other.Service != recovery.Service {
				j.add(sharedEndpoint, recovery.Promise, recovery.Service, other.ID, recovery.ID)
			}
			identified[key] = recovery
		}
		for _, one := range sightingsOf(recovery) {
			key := numbered{in, one.process.PID}
			for _, other := range seen[key] {
				if other.process.StartTime != one.process.StartTime && other.from < one.until && one.from < other.until {
					j.add(samePID, recovery.Promise, recovery.Service, other.recovery, recovery.ID)
				}
			}
			seen[key] = append(seen[key], one)
		}
		for _, one := range []record.Incarnation{recovery.Before, recovery.After} {
			key := process{in, one.PID, one.StartTime}
			if other, known := served[key]; one.PID != 0 && known && other.Service != recovery.Service {
				j.add(sharedProcess, recovery.Promise, recovery.Service, other.ID, recovery.ID)
			}
			served[key] = recovery
		}
	}
}

// sighting is a process, and the time in which it certainly was there, on the clock of an Interval.
type sighting struct {
	process     record.Incarnation
	from, until int64
	recovery    string // the id of the one that saw it
}

// sightingsOf returns the processes that a recovery saw.
func sightingsOf(r record.Recovery) []sighting {
	before := sighting{r.Before, r.Injected.Hi, r.Observed.Hi, r.ID}
	if r.Exited != nil {
		before.until = r.Exited.Lo
	}
	if r.After.PID == 0 || r.Respawned == nil {
		return []sighting{before}
	}
	return []sighting{before, {r.After, r.Respawned.Hi, r.Observed.Hi, r.ID}}
}

// checkUse checks that a result that held stands on every fault that was injected for it. Of what was measured again, the first recoveries
// are left over.
func (j *judge) checkUse(r *record.Record) {
	used, faulted := map[string]bool{}, map[string][]record.Recovery{}
	for _, result := range r.Results {
		for _, id := range result.ListRecoveries() {
			used[id] = true
		}
	}
	key := func(shard, promise, service, fault string) string {
		return strings.Join([]string{shard, promise, service, fault}, "\n")
	}
	for _, recovery := range r.Recoveries {
		if proof := j.known[recovery.Promise].Proof; proof != nil && proof.Recoveries > 0 && !used[recovery.ID] && recovery.Landing != nil {
			of := key(recovery.Shard, recovery.Promise, recovery.Service, recovery.Fault)
			faulted[of] = append(faulted[of], recovery)
		}
	}
	for _, result := range r.Results {
		for _, recovery := range faulted[key(result.Shard, result.Promise, result.Service, result.Fault)] {
			if result.Outcome == record.Held && slices.Contains(result.Sandboxes, recovery.Sandbox) {
				j.add(unusedRecovery, result.Promise, result.Service, recovery.ID)
			}
		}
	}
}
