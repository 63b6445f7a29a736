package verdict

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// checkTogether checks that the records are of one image, each there once.
func (j *judge) checkTogether() {
	ids, digests, targets := map[string]int{}, map[string]bool{}, map[string]bool{}
	for _, r := range j.admitted {
		ids[r.Run.ID]++
		digests[r.Run.Digest], targets[r.Run.Target] = true, true
	}
	for _, r := range j.admitted {
		if ids[r.Run.ID] > 1 && r.Run.ID != "" {
			j.addRun(sameRunTwice, r.Run.ID)
		}
	}
	if len(digests) > 1 {
		j.addRun(mixedDigests)
	}
	if len(targets) > 1 {
		j.addRun(mixedTargets)
	}
	j.checkShards()
}

// checkParts checks that a merged record has all shards of the run, each once.
func (j *judge) checkParts(r *record.Record) {
	ids := map[string]bool{"": true}
	for i, part := range r.Run.Parts {
		if part.Shard != record.Shard(i+1, len(r.Run.Parts)) || r.Run.Shard != "" {
			j.addRun(notAllShards)
		}
		if ids[part.ID] {
			j.addRun(sameShardTwice)
		}
		ids[part.ID] = true
	}
}

// checkShards checks that every shard of a run is there, once. Records of whole runs have none.
func (j *judge) checkShards() {
	var shards []string
	var first *record.Record
	plans := map[string]bool{}
	for _, r := range j.admitted {
		if r.Run.Shard == "" {
			continue
		}
		shards = append(shards, r.Run.Shard)
		plans[r.Run.Plan] = true
		if first == nil {
			first = r
		} else if err := record.CheckAlike(first.Run, r.Run); err != nil && first.Run.Plan == r.Run.Plan {
			j.addRun(mixedShards, err)
		}
	}
	if len(shards) == 0 {
		return
	}
	if len(plans) > 1 {
		j.addRun(mixedPlans)
	}
	slices.Sort(shards)
	_, total, _ := strings.Cut(shards[0], "/")
	// A total above the number of records lacks some, whatever it is.
	all, err := strconv.Atoi(total)
	whole := err == nil && all == len(shards) && all == len(j.admitted)
	for number := 1; whole && number <= all; number++ {
		whole = slices.Contains(shards, fmt.Sprintf("%d/%d", number, all))
	}
	if !whole {
		j.addRun(oddShards, strings.Join(shards, ", "))
	}
}
