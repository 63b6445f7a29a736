package learn_test

import (
	"slices"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/learn"
)

// TestNoAssumptionRestsOnAGuess checks that what is read from a member that is guessed, or has no place, can hold no image back.
func TestNoAssumptionRestsOnAGuess(t *testing.T) {
	known, err := dialect.Builtin(dialect.Zinit04)
	if err != nil {
		t.Fatal(err)
	}
	confirmed := func(guessed ...string) []string {
		return learn.WithoutGuesses([]string{"all"}, "all", zinit.Spelling{Dialect: known, Guessed: guessed})
	}
	if got := confirmed(); len(got) != len(zinit.Assumptions()) {
		t.Errorf("%d of %d assumptions are left where all is known", len(got), len(zinit.Assumptions()))
	}
	if slices.Contains(confirmed("job.exit_code"), "job-shape") {
		t.Error("job-shape rests on a guess")
	}
	delete(known.Documents[dialect.Status], "error")
	if got := confirmed(); slices.Contains(got, "status-while-waiting") || slices.Contains(got, "status-members") || !slices.Contains(got, "job-shape") {
		t.Errorf("without a place for status.error, %v are confirmed", got)
	}
}
