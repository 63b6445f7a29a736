package learn

import (
	"slices"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
)

// restingOn are the members that an assumption of the contract is read from.
var restingOn = map[string][]string{
	"job-shape":                    {"job.id", "job.attempt", "job.state", "job.started", "job.ended", "job.exit_code", "job.signal"},
	"job-attempt":                  {"job.attempt"},
	"job-end-states":               {"job.state"},
	"status-members":               {"status.health", "status.restarts", "status.error"},
	"status-while-waiting":         {"status.error"},
	"health-dies-with-incarnation": {"status.health"},
}

// WithoutGuesses returns those of a target's confirmed assumptions that do not rest on a member whose place is only guessed, or not known at all. A
// failure that rests on one must not hold an image back. all is the word by which a target confirms every assumption.
func WithoutGuesses(confirmed []string, all string, spelling zinit.Spelling) []string {
	var kept []string
	for _, assumption := range zinit.Assumptions() {
		if !slices.Contains(confirmed, assumption.ID) && !slices.Contains(confirmed, all) {
			continue
		}
		if !slices.ContainsFunc(restingOn[assumption.ID], func(member string) bool {
			return slices.Contains(spelling.Guessed, member) || !hasPlace(spelling, member)
		}) {
			kept = append(kept, assumption.ID)
		}
	}
	return kept
}

// hasPlace reports whether a spelling has a place for a member, as "job.state".
func hasPlace(spelling zinit.Spelling, member string) bool {
	document, name, _ := strings.Cut(member, ".")
	_, placed := spelling.Dialect.Shape(dialect.Document(document))[name]
	return placed
}
