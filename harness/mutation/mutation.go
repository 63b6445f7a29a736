// Package mutation judges the harness by images that are broken on purpose. Each has to be caught by the promise that claims
// it, and a healthy variant may not be held back. It is data and pure functions; campaign runs the mutants.
package mutation

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// Mutant is an image that is broken in one way, or a healthy variant that is odd in one.
type Mutant struct {
	ID        string `json:"id"`
	Group     string `json:"group"`
	Behaviour string `json:"behaviour"`
	Evidence  string `json:"evidence"` // where the like has happened
	// Claims are the promises that may fail: the first has to, and claims the mutant. A healthy variant has none.
	Claims []string `json:"claims,omitempty"`
	// Choices are the alternatives that a healthy variant takes where the contract leaves a choice.
	Choices string `json:"choices,omitempty"`
	// Target names the target file of a variant, empty if it is the embedded image's own.
	Target string `json:"-"`
}

// Healthy reports whether nothing may be held against the image.
func (m Mutant) Healthy() bool { return len(m.Claims) == 0 }

// Claim returns the promise that has to catch the mutant, empty for a healthy variant.
func (m Mutant) Claim() string {
	if m.Healthy() {
		return ""
	}
	return m.Claims[0]
}

// Finding is the outcome of one promise over all services that it was checked on.
type Finding struct {
	Outcome record.Outcome `json:"outcome"`
	// Why is the first line of a failure, or the reason why nothing was proved.
	Why string `json:"why,omitempty"`
}

// Trial is the result of running one mutant.
type Trial struct {
	Mutant Mutant `json:"mutant"`
	// Findings are by promise; a promise without one was not asked.
	Findings map[string]Finding `json:"findings"`
	// Reached reports whether the mutant's own code ran.
	Reached bool `json:"reached"`
	// Trouble says in one line why the run proves nothing.
	Trouble string `json:"trouble,omitempty"`
	Took    int64  `json:"took_ns"`
}

// Verdict is a judgment on the harness by one trial.
type Verdict string

// The verdicts: only killed and passed are good.
const (
	Killed        Verdict = "killed"            // by the promise that claims it
	KilledByOther Verdict = "killed by another" // and the promise that claims it did not fail
	Survived      Verdict = "survived"          // no promise failed
	NeverReached  Verdict = "never reached"     // its code did not run, so that nothing was shown
	Troubled      Verdict = "error"             // the run proved nothing
	Flagged       Verdict = "wrongly held back" // a healthy variant of which a promise failed
	Passed        Verdict = "passed"            // a healthy variant of which none did
)

// Verdicts returns all of them, the good ones first.
func Verdicts() []Verdict {
	return []Verdict{Killed, Passed, KilledByOther, Survived, Flagged, NeverReached, Troubled}
}

// Good reports whether the harness was right.
func (v Verdict) Good() bool { return v == Killed || v == Passed }

// Verdict judges the trial. What is inconclusive neither kills nor flags.
func (t Trial) Verdict() Verdict {
	killers := t.Killers()
	switch {
	case t.Trouble != "":
		return Troubled
	case !t.Reached:
		return NeverReached
	case t.Mutant.Healthy() && len(killers) > 0:
		return Flagged
	case t.Mutant.Healthy() && !t.heldSomething():
		return Troubled
	case t.Mutant.Healthy():
		return Passed
	case slices.Contains(killers, t.Mutant.Claim()):
		return Killed
	case len(killers) > 0:
		return KilledByOther
	}
	return Survived
}

// Killers returns the promises that failed: first the one that claims the mutant, then the others by name.
func (t Trial) Killers() []string {
	var killers []string
	for promise, finding := range t.Findings {
		if finding.Outcome == record.Failed {
			killers = append(killers, promise)
		}
	}
	slices.SortFunc(killers, func(one, other string) int {
		return cmp.Or(t.rank(one)-t.rank(other), strings.Compare(one, other))
	})
	return killers
}

// rank orders promises by what the mutant has to do with them.
func (t Trial) rank(promise string) int {
	switch {
	case promise == t.Mutant.Claim():
		return 0
	case slices.Contains(t.Mutant.Claims, promise):
		return 1
	}
	return 2
}

// Strays returns the promises that failed without claiming the mutant.
func (t Trial) Strays() []string {
	return slices.DeleteFunc(t.Killers(), func(promise string) bool { return slices.Contains(t.Mutant.Claims, promise) })
}

// KilledAlone returns the promise that killed the mutant if no other failed. Isolation watches everybody all the time, so it
// counts only if it is the one killer.
func (t Trial) KilledAlone() (string, bool) {
	killers := t.Killers()
	if len(killers) > 1 {
		killers = slices.DeleteFunc(killers, func(promise string) bool { return promise == isolation })
	}
	if len(killers) != 1 || t.Verdict() != Killed {
		return "", false
	}
	return killers[0], true
}

// Undecided reports whether running the mutant again may prove what this trial did not: it had trouble, or its claim was
// inconclusive.
func (t Trial) Undecided() bool {
	verdict := t.Verdict()
	return verdict == Troubled || (!verdict.Good() && verdict != Flagged && t.Findings[t.Mutant.Claim()].Outcome == record.Inconclusive)
}

// Why says in one line what the verdict rests on.
func (t Trial) Why() string {
	killers := t.Killers()
	claim := t.Mutant.Claim()
	switch verdict := t.Verdict(); {
	case t.Trouble != "":
		return t.Trouble
	case verdict == Troubled:
		return "nothing was proved: no promise held"
	case verdict == NeverReached:
		return "its code did not run: nothing in the logs of its containers says so"
	case len(killers) > 0:
		return t.Findings[killers[0]].Why
	case verdict == Passed:
		return ""
	}
	found, asked := t.Findings[claim]
	if !asked {
		return claim + " was not asked: no spec of it was selected"
	}
	return strings.TrimSuffix(claim+" is "+string(found.Outcome)+": "+found.Why, ": ")
}

func (t Trial) heldSomething() bool {
	return slices.ContainsFunc(slices.Collect(maps.Values(t.Findings)), func(f Finding) bool { return f.Outcome == record.Held })
}

// Observe reduces a record to a trial. trouble is what kept the run from being sound, or nil; found may be nil then.
func Observe(m Mutant, found *record.Record, reached bool, trouble error, took time.Duration) Trial {
	trial := Trial{Mutant: m, Findings: map[string]Finding{}, Reached: reached, Took: int64(took)}
	if trouble != nil {
		trial.Trouble = firstLine(trouble.Error())
	}
	if found == nil {
		return trial
	}
	for _, result := range found.Results {
		before, asked := trial.Findings[result.Promise]
		if !asked || weight(result.Outcome) > weight(before.Outcome) {
			trial.Findings[result.Promise] = Finding{Outcome: result.Outcome, Why: firstLine(cmp.Or(result.Failure, result.Why()))}
		}
	}
	return trial
}

// weight orders outcomes: one failure is enough, and a promise held only where nothing is open.
func weight(outcome record.Outcome) int {
	return slices.Index([]record.Outcome{record.Held, record.NotRun, record.Inconclusive, record.Failed}, outcome)
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}
