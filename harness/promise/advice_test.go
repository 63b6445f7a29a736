package promise_test

import (
	"regexp"
	"strings"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
)

// longestSentence is the most words of a sentence that a person reads at a glance.
const longestSentence = 45

// TestEveryPromiseHasAdvice checks that whoever reads a failure learns why it matters, what usually causes it, and what to change.
func TestEveryPromiseHasAdvice(t *testing.T) {
	for _, p := range promise.All() {
		advice := p.Advice()
		if advice == (promise.Advice{}) {
			t.Errorf("%s has no advice: add an entry to %sAdvice in harness/promise (advice_%s.go or advice_rest.go; a new theme needs a map of its own, "+
				"which advices in advice.go merges):\n\tID: {Why: \"what a failure means for users.\", Cause: \"which action, definition, hero_services, entry point, program or zinit.\", "+
				"Change: \"what to edit there.\"},", p.ID, p.Theme, p.Theme)
			continue
		}
		for member, text := range map[string]string{"Why": advice.Why, "Cause": advice.Cause, "Change": advice.Change} {
			if !regexp.MustCompile("^[A-Z{`].*\\.$").MatchString(text) || strings.ContainsAny(text, "\n\t") || strings.Contains(text, "  ") {
				t.Errorf("%s: %s of its advice in harness/promise is no sentence in one line: %q", p.ID, member, text)
			}
			for sentence := range strings.SplitSeq(text, ". ") {
				if words := len(strings.Fields(sentence)); words > longestSentence {
					t.Errorf("%s: %s of its advice has a sentence of %d words, more than %d: %q", p.ID, member, words, longestSentence, sentence)
				}
			}
		}
	}
}
