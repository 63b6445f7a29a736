package promise

import "forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"

// Recorded returns all promises in the form of a record. A record is judged without the program that wrote it.
func Recorded() []record.Promise {
	var recorded []record.Promise
	for _, p := range All() {
		recorded = append(recorded, record.Promise{
			ID: p.ID, Sentence: p.Sentence, Source: p.Source(), Advisory: p.Advisory, Assumptions: p.Assumptions,
			Throughout: p.Throughout, OnlyUpgrade: p.OnlyUpgrade, Proof: p.Proof(), Advice: record.Advice(p.Advice()),
		})
	}
	return recorded
}
