package verdict

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// place is a sandbox. Each shard of a merged record has its own.
type place struct{ shard, sandbox string }

// lives are the containers of each sandbox, in the order of their generations.
type lives map[place][]record.Container

func livesOf(r *record.Record) lives {
	all := lives{}
	for _, container := range r.Containers {
		at := place{container.Shard, container.Sandbox}
		all[at] = append(all[at], container)
	}
	for _, containers := range all {
		slices.SortFunc(containers, func(one, other record.Container) int { return one.Generation - other.Generation })
	}
	return all
}

// find returns which of a sandbox's containers was there for all of a time, -1 if none was.
func (l lives) find(at place, from, until int64) int {
	return slices.IndexFunc(l[at], func(c record.Container) bool { return c.From <= from && until <= c.Until })
}

// covers reports whether one container of the recovery's sandbox was there for as long as the recovery was observed.
func (l lives) covers(r record.Recovery) bool {
	return l.find(place{r.Shard, r.Sandbox}, r.Injected.Lo, r.Observed.Hi) >= 0
}

// isAttached reports whether a run attached to a container, which is older than the run. Several shards may attach to the same one.
func isAttached(r *record.Record) bool { return r.Run.Request != nil && r.Run.Request.Container != "" }

// checkContainers checks that the containers of each sandbox ran the image, one after the other, and that something was found in those of
// a repetition.
func (j *judge) checkContainers(r *record.Record, all lives) {
	ids, used := map[string]bool{}, map[place]bool{}
	for _, result := range r.Results {
		for _, sandbox := range result.Sandboxes {
			used[place{result.Shard, sandbox}] = true
		}
	}
	for at, containers := range all {
		_, known := r.RunOf(at.shard)
		until := int64(0)
		for i, c := range containers {
			if !known || at.sandbox == "" || c.Generation != i+1 || !wholeHash.MatchString(c.ID) || ids[c.ID] || c.Digest != r.Run.Digest || c.From <= until || c.Until <= c.From ||
				c.IsLater() && !used[at] {
				j.add(oddContainer, "", "", at.sandbox)
			}
			ids[c.ID], until = !isAttached(r), c.Until
		}
	}
}

// checkRecoveries checks that every recovery is possible, whether a result stands on it or not.
func (j *judge) checkRecoveries(r *record.Record, all lives) {
	for _, recovery := range r.Recoveries {
		if isStray(recovery, r) {
			j.add(strayRecovery, recovery.Promise, recovery.Service, recovery.ID)
		}
		if recovery.Landing == nil || recovery.Terms == nil {
			continue // nothing was proved, or an older record
		}
		if !isPossible(recovery) || !all.covers(recovery) {
			j.add(oddRecovery, recovery.Promise, recovery.Service, recovery.ID)
		}
	}
	j.checkAges(r, all)
	j.checkSuccession(r, all)
}

// isStray reports whether a recovery is of something that its run did not ask.
func isStray(recovery record.Recovery, r *record.Record) bool {
	promise := slices.IndexFunc(r.Run.Promises, func(p record.Promise) bool { return p.ID == recovery.Promise })
	_, known := r.RunOf(recovery.Shard)
	if promise < 0 || !known || !isOwnID(recovery) || recovery.Seed != r.Run.Seed || recovery.Fault == "" {
		return true
	}
	proof := r.Run.Promises[promise].Proof
	return proof != nil && len(proof.Faults) > 0 && !slices.Contains(proof.Faults, recovery.Fault) && !slices.Contains(proof.Behaviours, recovery.Fault)
}

// isOwnID reports whether the id of a recovery is of its promise and service.
func isOwnID(r record.Recovery) bool {
	return r.Service != "" && strings.HasPrefix(r.ID, r.Promise+"/"+r.Service+"#")
}

// checkSuccession checks that each fault of a service in a container met the process that was there: no older one than an earlier fault
// left, and by its own pid, and after the earlier fault had been observed.
func (j *judge) checkSuccession(r *record.Record, all lives) {
	type life struct {
		place
		generation int
		service    string
	}
	met := map[life][]record.Recovery{}
	for _, recovery := range r.Recoveries {
		at := place{recovery.Shard, recovery.Sandbox}
		generation := all.find(at, recovery.Injected.Lo, recovery.Observed.Hi)
		if generation >= 0 && recovery.Landing != nil {
			in := life{at, generation, recovery.Service}
			met[in] = append(met[in], recovery)
		}
	}
	for _, recoveries := range met {
		slices.SortFunc(recoveries, func(one, other record.Recovery) int {
			return cmp.Or(cmp.Compare(one.Injected.Lo, other.Injected.Lo), strings.Compare(one.ID, other.ID))
		})
		var last record.Incarnation
		for i, recovery := range recoveries {
			if i > 0 && recovery.ID != recoveries[i-1].ID && recovery.Injected.Lo < recoveries[i-1].Observed.Hi {
				j.add(overlapping, recovery.Promise, recovery.Service, recoveries[i-1].ID, recovery.ID)
			}
			now := recovery.Before
			if now.StartTime < last.StartTime || now.StartTime == last.StartTime && now.PID != last.PID {
				j.add(otherProcess, recovery.Promise, recovery.Service, recovery.ID)
			}
			if last = now; recovery.After.PID != 0 {
				last = recovery.After
			}
		}
	}
}

// checkEvidence checks that the files of a record are of its containers, and that every container has one.
func (j *judge) checkEvidence(r *record.Record) {
	if len(r.Containers) == 0 {
		return // an older record, whose files have no hashes
	}
	paths, found, instances := map[string]bool{}, map[string]bool{}, map[string]bool{}
	sizes, described := map[string]int64{}, map[string]bool{}
	for _, c := range r.Containers {
		instances[c.Shard+" "+c.Instance()] = true
	}
	for _, file := range r.Evidence {
		folder := path.Dir(file.Path)
		of := file.Shard + " " + path.Base(folder)
		size, known := sizes[file.SHA256]
		if paths[file.Path] || path.Dir(folder) != evidenceOf(file.Shard) || path.Clean(file.Path) != file.Path || !isWhole(file) || !instances[of] ||
			known && size != file.Bytes {
			j.add(oddEvidence, "", "", file.Path)
		}
		sizes[file.SHA256] = file.Bytes
		if path.Base(file.Path) == describedName && !isAttached(r) {
			if described[file.SHA256] { // it has the id of its container
				j.add(oddEvidence, "", "", file.Path)
			}
			described[file.SHA256] = true
		}
		paths[file.Path], found[of+" "+path.Base(file.Path)] = true, true
	}
	for _, c := range r.Containers {
		for _, name := range []string{describedName, "log.txt", "ps.txt"} {
			if !found[c.Shard+" "+c.Instance()+" "+name] && !c.IsLater() {
				j.add(noEvidence, "", "", name, c.Sandbox)
			}
		}
	}
}

// describedName is the name of the file in which the daemon describes a container.
const describedName = "inspect.json"

// evidenceOf returns the folder of the evidence of a shard.
func evidenceOf(shard string) string {
	number, _, err := record.ParseShard(shard)
	if err != nil {
		return record.EvidenceFolder
	}
	return path.Join(record.ShardFolder(number), record.EvidenceFolder)
}

// emptyHash is the hash of an empty file.
var emptyHash = fmt.Sprintf("%x", sha256.Sum256(nil))

// isWhole reports whether a file has a hash, and a size that fits it.
func isWhole(file record.Evidence) bool {
	return wholeHash.MatchString(file.SHA256) && file.Bytes >= 0 && (file.Bytes == 0) == (file.SHA256 == emptyHash)
}

// ageLimit bounds by how much the clock that processes are dated by may move against the agent's.
const ageLimit = 100 * time.Millisecond

// bootLimit bounds how long it takes from a container's first process until a fault can be injected into it.
const bootLimit = 10 * time.Minute

// bound is a limit of the offset between the clock that processes are dated by and the agent's clock, and the recovery that it follows from.
type bound struct {
	recovery       record.Recovery
	offsetInterval time.Duration
}

// checkAges checks that processes are as old as the times of their recoveries say, and no older than their containers. /proc dates a process by
// a clock of its own, and within a shard that is always equally far from the agent's.
func (j *judge) checkAges(r *record.Record, all lives) {
	least, most := map[string]bound{}, map[string]bound{}
	raise := func(r record.Recovery, offset time.Duration) {
		if before, ok := least[r.Shard]; !ok || offset > before.offsetInterval {
			least[r.Shard] = bound{r, offset}
		}
	}
	lower := func(r record.Recovery, offset time.Duration) {
		if before, ok := most[r.Shard]; !ok || offset < before.offsetInterval {
			most[r.Shard] = bound{r, offset}
		}
	}
	inOrder := func(one, other record.Recovery) int { return strings.Compare(one.ID, other.ID) }
	for _, recovery := range slices.SortedFunc(slices.Values(r.Recoveries), inOrder) {
		before, after := startOf(recovery.Before), startOf(recovery.After)
		if recovery.Landing == nil {
			continue
		}
		raise(recovery, before-time.Duration(recovery.Injected.Hi)) // it was there when it was faulted
		if recovery.Serving == nil || recovery.Respawned == nil || recovery.After.PID == 0 {
			continue
		}
		raise(recovery, after-time.Duration(recovery.Serving.Hi))
		lower(recovery, after+tickInterval-time.Duration(recovery.Respawned.Lo))
	}
	for _, shard := range slices.Sorted(maps.Keys(most)) {
		if low, high := least[shard], most[shard]; low.offsetInterval > high.offsetInterval+ageLimit {
			j.add(otherAge, low.recovery.Promise, low.recovery.Service, low.recovery.ID)
			j.add(otherAge, high.recovery.Promise, high.recovery.Service, high.recovery.ID)
		}
	}
	for _, recovery := range r.Recoveries {
		low, known := least[recovery.Shard]
		in := all.find(place{recovery.Shard, recovery.Sandbox}, recovery.Injected.Lo, recovery.Observed.Hi)
		if !known || in < 0 || recovery.Landing == nil || isAttached(r) {
			continue
		}
		from := time.Duration(all[place{recovery.Shard, recovery.Sandbox}][in].From)
		if startOf(recovery.Before)-low.offsetInterval < from-bootLimit {
			j.add(otherAge, recovery.Promise, recovery.Service, recovery.ID)
		}
	}
}

// startOf returns when a process began, on the clock that processes are dated by.
func startOf(process record.Incarnation) time.Duration {
	const most = uint64(1<<63-1) / uint64(tickInterval)
	return time.Duration(min(process.StartTime, most)) * tickInterval //nolint:gosec // bounded
}

// findPlace returns a flaw of a result that was found in no sandbox, or in one that the run had not.
func (l *ledger) findPlace(result record.Result) *flaw {
	if len(l.lives) == 0 {
		return nil // an older record, or one without an end
	}
	if len(result.Sandboxes) == 0 {
		return newFlaw(heldNowhere)
	}
	for _, sandbox := range result.Sandboxes {
		if len(l.lives[place{result.Shard, sandbox}]) == 0 {
			return newFlaw(heldElsewhere, sandbox)
		}
	}
	return nil
}
