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

// The ids of the promises. An id is theme.name and never changes: records and baselines hold it.
const (
	BootRunning         = "boot.running"
	RestartSIGTERM      = "restart.sigterm"
	RestartSIGKILL      = "restart.sigkill"
	RestartExit0        = "restart.exit0"
	RestartUndisturbed  = "restart.undisturbed"
	HangDetected        = "hang.detected"
	HangControl         = "hang.control"
	HangUnsoundProbe    = "hang.unsound-probe"
	SmokePaths          = "smoke.paths"
	IsolationBystanders = "isolation.bystanders"
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
}

// All returns every promise, in the order in which a reader wants them.
func All() []Promise {
	promises := []Promise{
		{
			ID: BootRunning, Sentence: "After the start of the container every service becomes Running.",
			Source: sourceChecklist + "1", Severity: Blocking, Assumptions: []string{"boot-within-60s"},
		},
		{
			ID: RestartSIGTERM, Sentence: "A service that ends by SIGTERM is restarted, and serves again in time.",
			Source: sourceChecklist + "2", Severity: Blocking,
		},
		{
			ID: RestartSIGKILL, Sentence: "A service that ends by SIGKILL is restarted, and serves again in time.",
			Source: sourceSemantics + "1", Severity: Blocking,
		},
		{
			ID: RestartExit0, Sentence: "A service that answers SIGTERM by exiting with 0 is restarted all the same.",
			Source: sourceSemantics + "1", Severity: Blocking,
		},
		{
			ID: RestartUndisturbed, Sentence: "While one service is restarted no other changes, not even one that depends on it.",
			Source: sourceLifeOfAFault, Severity: Blocking, Assumptions: []string{"dependents-stay"},
		},
		{
			ID: HangDetected, Sentence: "A service that hangs fails its health check, and is replaced by one that serves.",
			Source: sourceChecklist + "4", Severity: Blocking,
		},
		{
			ID: HangControl, Sentence: "A service that hangs and has no health check stays as it is: what recovers the others is the check.",
			Source: sourceCausalEvidence, Severity: Blocking,
		},
		{
			ID: HangUnsoundProbe, Sentence: "The probe as the issue writes it misses a service that hangs: it ends with 0.",
			Source: sourceUnsoundProbe, Severity: Advisory,
		},
		{
			ID: SmokePaths, Sentence: "Every path of the smoke test answers with the status that is listed for it.",
			Source: sourceChecklist + "5", Severity: Blocking, Assumptions: []string{"smoke-within-120s"},
		},
		{
			ID: IsolationBystanders, Sentence: "Over the whole run no service changes that nobody had faulted.",
			Source: sourceLifeOfAFault, Severity: Blocking,
		},
	}
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
