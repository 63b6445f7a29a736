// Package promise is what a target is held to: each promise one sentence with an id, as data.
package promise

import (
	"fmt"
	"slices"
	"strings"
)

// Severity says what a broken promise means for the image.
type Severity string

// The severities.
const (
	Blocking Severity = "blocking" // the image is held back
	Advisory Severity = "advisory" // it is reported
)

// Where the promises come from.
const (
	sourceChecklist      = "hero_zero, checklist "
	sourceUnsoundProbe   = "hero_zero, The probe that the issue gives"
	sourceSemantics      = "zinit-0.4, Semantics "
	sourceLifeOfAFault   = "design, The life of a fault, 9"
	sourceCausalEvidence = "design, A hang is proved causally"
)

// Promise is one sentence that a target is held to.
type Promise struct {
	ID       string
	Sentence string
	// Source is the item of the contract, or of the design, that it comes from.
	Source   string
	Theme    string
	Severity Severity
	// Assumptions are ids of zinit.Assumptions that the promise rests on besides what is stated: where
	// it fails and the target does not confirm them all, it is inconclusive.
	Assumptions []string
	// Throughout promises are about all of a run: every shard of one is asked (harness/shard).
	Throughout bool
}

// All returns every promise, theme by theme, in the order in which a reader wants them. An id is theme.name and
// never changes: records and baselines hold it. Each theme has a file of its own.
func All() []Promise {
	promises := slices.Concat(boot(), restart(), retry(), health(), hang(), registration(), dependency(), processtree(), persistence(), image(), load(), smoke(), isolation())
	for i := range promises {
		promises[i].Theme, _, _ = strings.Cut(promises[i].ID, ".")
	}
	return promises
}

// Find returns the promise with that id.
func Find(id string) (Promise, bool) {
	all := All()
	i := slices.IndexFunc(all, func(p Promise) bool { return p.ID == id })
	if i < 0 {
		return Promise{}, false
	}
	return all[i], true
}

// Table returns all promises as a table in Markdown.
func Table() string {
	text := new(strings.Builder)
	_, _ = text.WriteString("| promise | | severity | source | rests on |\n|---|---|---|---|---|\n")
	for _, promise := range All() {
		var assumptions []string
		for _, assumption := range promise.Assumptions {
			assumptions = append(assumptions, "`"+assumption+"`")
		}
		_, _ = fmt.Fprintf(text, "| `%s` | %s | %s | %s | %s |\n",
			promise.ID, promise.Sentence, promise.Severity, promise.Source, strings.Join(assumptions, ", "))
	}
	return text.String()
}
