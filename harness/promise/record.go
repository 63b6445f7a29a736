package promise

import "forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"

// Recorded are all promises in the form of a record, which is judged without the program that wrote it.
func Recorded() []record.Promise {
	var recorded []record.Promise
	for _, p := range All() {
		recorded = append(recorded, record.Promise{
			ID: p.ID, Sentence: p.Sentence, Source: p.Source, Advisory: p.Severity == Advisory, Assumptions: p.Assumptions,
			Throughout: p.Throughout,
		})
	}
	return recorded
}
