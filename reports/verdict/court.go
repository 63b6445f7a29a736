package verdict

import (
	"slices"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// court is one judgement while it is reached.
type court struct {
	reasons

	against Against
	records []*record.Record // all that there are
	// admitted are those that say something about the image. What fails in one counts, whatever else is wrong with it.
	admitted []*record.Record

	// known are the promises that the program or an admitted record knows; one is advisory where all call it so.
	known map[string]record.Promise
	// proved and present count a promise's results: those that held or failed, and all.
	proved, present map[string]int
	// restarted are the services that had to restart after a fault that landed.
	restarted map[string]bool
	// excused tells which of the policy's waivers were needed.
	excused []bool
}

func newCourt(records []*record.Record, against Against) *court {
	records = slices.DeleteFunc(slices.Clone(records), func(r *record.Record) bool { return r == nil })
	slices.SortStableFunc(records, func(one, other *record.Record) int { return strings.Compare(one.Run.ID, other.Run.ID) })
	return &court{
		reasons: reasons{}, against: against, records: records,
		known: map[string]record.Promise{}, proved: map[string]int{}, present: map[string]int{}, restarted: map[string]bool{},
		excused: make([]bool, len(against.Policy.Waivers)),
	}
}

// blocks tells whether the image is held back where the promise fails. One that nobody knows does.
func (c *court) blocks(promise string) bool {
	for _, changed := range c.against.Policy.Severities {
		if changed.Promise == promise {
			return changed.Severity == Blocking
		}
	}
	return !c.known[promise].Advisory
}

// say notes what concerns a record as a whole.
func (c *court) say(code Code, text string) { c.add(code, text, "", "") }

// verdict is what all that was found comes to.
func (c *court) verdict() Verdict {
	found := c.sorted()
	v := Verdict{
		Schema: Schema, Answer: Promote, Reasons: found,
		Judged: Judged{At: c.against.Now.UTC(), Digest: c.against.Digest, Policy: c.against.Policy.SHA256, Runs: []Run{}},
	}
	if len(found) > 0 && found[0].Weight == Holds {
		v.Answer = Hold
	} else if len(found) > 0 && found[0].Weight == Lacks {
		v.Answer = Inconclusive
	}
	for i, r := range c.records {
		if i == 0 {
			v.Target, v.Image, v.Digest = r.Run.Target, r.Run.Image, r.Run.Digest
		}
		run := Run{ID: r.Run.ID, Started: r.Run.Started, Profile: r.Run.Profile, Shard: r.Run.Shard}
		if r.Complete() {
			run.Finished = r.End.Finished
		}
		v.Judged.Runs = append(v.Judged.Runs, run)
	}
	return v
}
