package verdict

import (
	"cmp"
	"reflect"
	"slices"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// coversLasting reports whether one container of the fault's sandbox was there for as long as the fault was held.
func (l lives) coversLasting(shard string, fault record.Lasting) bool {
	return l.find(place{shard, fault.Sandbox}, fault.Injected.Lo, fault.Ended()) >= 0
}

// findFlawOfLasting derives what the fault of the host shows that a held result rests on.
func (l *ledger) findFlawOfLasting(result record.Result, proof record.Proof) *flaw {
	fault := result.Lasting
	switch {
	case fault == nil && !proof.Lasting:
		return nil
	case fault == nil || !fault.IsProved():
		return newFlaw(heldWithoutLasting)
	case !proof.Lasting || fault.Fault != cmp.Or(result.Fault, result.Service) || len(l.lives) > 0 && !slices.Contains(result.Sandboxes, fault.Sandbox):
		return newFlaw(heldByOtherLasting, fault.Fault)
	case !fault.IsProvedInWords():
		return newFlaw(heldWithoutLasting)
	case !fault.IsInOrder():
		return newFlaw(heldByOddLasting, fault.Fault)
	}
	return nil
}

// checkLasting checks that every fault of the host was held within the life of a container, and that no two were held there at once.
// Results of one experiment have the same fault.
func (j *judge) checkLasting(r *record.Record, all lives) {
	held := map[place][]record.Result{}
	for _, result := range r.Results {
		if result.Lasting == nil || result.Lasting.Landed == nil {
			continue // nothing was proved
		}
		if !all.coversLasting(result.Shard, *result.Lasting) {
			j.add(oddLasting, result.Promise, result.Service, result.Lasting.Fault)
		}
		at := place{result.Shard, result.Lasting.Sandbox}
		for _, other := range held[at] {
			if overlap(*result.Lasting, *other.Lasting) && !reflect.DeepEqual(result.Lasting, other.Lasting) {
				j.add(lastingAtOnce, result.Promise, result.Service, result.Lasting.Fault, other.Lasting.Fault)
			}
		}
		held[at] = append(held[at], result)
	}
}

// overlap reports whether two faults were held at the same time.
func overlap(one, other record.Lasting) bool {
	return one.Injected.Lo < other.Ended() && other.Injected.Lo < one.Ended()
}
