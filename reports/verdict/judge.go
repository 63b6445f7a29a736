package verdict

import (
	"slices"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// judge is one judgement, until it is reached.
type judge struct {
	reasons
	against Against
	records []*record.Record // all that were given
	// admitted are the records that are about the image. A failure in one of them counts, whatever else is wrong with it.
	admitted []*record.Record
	// known are the promises that the program or an admitted record knows. One is advisory if all of them call it so.
	known map[string]record.Promise
	// conclusive holds the services of a promise's results that held or failed, one for each result.
	conclusive map[string][]string
	// present counts all results of a promise.
	present map[string]int
	// restarted are the services that had to restart after a fault that landed.
	restarted map[string]bool
	// excused says which of the policy's waivers were needed.
	excused []bool
}

func newJudge(records []*record.Record, against Against) *judge {
	records = slices.DeleteFunc(slices.Clone(records), func(r *record.Record) bool { return r == nil })
	slices.SortStableFunc(records, func(one, other *record.Record) int { return strings.Compare(one.Run.ID, other.Run.ID) })
	return &judge{
		reasons: reasons{}, against: against, records: records,
		known: map[string]record.Promise{}, conclusive: map[string][]string{}, present: map[string]int{}, restarted: map[string]bool{},
		excused: make([]bool, len(against.Policy.Waivers)),
	}
}

// blocks reports whether a failure of the promise holds the image back. An unknown promise does.
func (j *judge) blocks(promise string) bool {
	for _, changed := range j.against.Policy.Severities {
		if changed.Promise == promise {
			return changed.Severity == Blocking
		}
	}
	if j.known[promise].OnlyUpgrade && !j.upgrades() {
		return false // nobody asked, and the policy does not demand it
	}
	return !j.known[promise].Advisory
}

// upgrades reports whether a record is of a run that names an image to upgrade from.
func (j *judge) upgrades() bool {
	return slices.ContainsFunc(j.admitted, func(r *record.Record) bool { return r.Run.UpgradesFrom() != "" })
}

// addRun notes a finding about a run as a whole.
func (j *judge) addRun(kind kind, values ...any) { j.add(kind, "", "", values...) }

// conclude returns the verdict that follows from all findings.
func (j *judge) conclude() Verdict {
	found := j.sort()
	v := Verdict{
		Schema: Schema, Answer: Promote, Reasons: found,
		Judged: Judged{At: j.against.Now.UTC(), Digest: j.against.Digest, Policy: j.against.Policy.SHA256, PolicyPath: j.against.Policy.Path, Runs: []Run{}},
	}
	if len(found) > 0 && found[0].Weight == Holds {
		v.Answer = Hold
	} else if len(found) > 0 && found[0].Weight == Lacks {
		v.Answer = Inconclusive
	}
	for i, r := range j.records {
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
