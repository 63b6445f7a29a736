package lasting

import (
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// TestWhoeverJudgesKnowsEveryProof: a result that rests on a fault of the host proves nothing by words that are not known.
func TestWhoeverJudgesKnowsEveryProof(t *testing.T) {
	for _, f := range fault.AllLasting() {
		if !record.KnowsProof(f.Name) {
			t.Errorf("the words that prove %s are not in harness/record/lastingproof.go", f.Name)
		}
	}
}
