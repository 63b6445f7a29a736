// Package expect holds what a specification expects of a recovery, as Gomega matchers whose failures
// say what was promised, what was seen and how to see it again.
//
//	recovery := chaos.Inject(ctx, service, fault.SIGTERM)
//	Expect(recovery).To(Respawn(Within(5*time.Second), Tolerance(250*time.Millisecond)))
//
// A recovery that proves nothing neither meets an expectation nor its opposite: Match returns an
// *InconclusiveError. Ask Inconclusive first, to report such a recovery as what it is.
package expect

import (
	"fmt"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// Expectation is a Gomega matcher for a record.Recovery, or a pointer to one.
type Expectation struct {
	judge     func(Expectation, record.Recovery) judgement
	bounds    *phase // what Within and NotBefore bound; nil where they bound no phase
	within    time.Duration
	tolerance time.Duration
	notBefore time.Duration
}

// Option bounds an expectation.
type Option func(*Expectation)

// Within sets the budget: the phase ends at most this long after the event it is counted from. For
// NeverRestart it is how long the service has to be watched. Without it any time will do.
func Within(budget time.Duration) Option { return func(e *Expectation) { e.within = budget } }

// Tolerance sets what may be exceeded of the budget, because the delay of the policy is as long as
// the budget itself. A host that stalls longer than this makes a late recovery inconclusive.
func Tolerance(margin time.Duration) Option { return func(e *Expectation) { e.tolerance = margin } }

// NotBefore sets the lower bound: the policy makes the supervisor wait at least this long.
func NotBefore(delay time.Duration) Option { return func(e *Expectation) { e.notBefore = delay } }

// Exit expects the process to end, counted from the injection: by the signal, or because the
// supervisor found it hung and killed it.
func Exit(options ...Option) Expectation { return newBounded(exit(), options) }

// Respawn expects a new process, counted from the exit of the old one.
func Respawn(options ...Option) Expectation { return newBounded(respawn(), options) }

// Serve expects the first correct reply of the new process, counted from the exit of the old one.
func Serve(options ...Option) Expectation { return newBounded(serve(), options) }

// LeaveOthersAlone expects that no other service changed while the fault was observed.
func LeaveOthersAlone() Expectation { return newExpectation(judgeOthers, nil) }

// NeverRestart expects that the process neither ended nor was replaced, for as long as Within says.
func NeverRestart(options ...Option) Expectation { return newExpectation(judgeNever, options) }

// Window returns when the expectation wants its phase of a recovery; false if it bounds none.
func (e Expectation) Window(r record.Recovery) (record.Window, bool) {
	if e.bounds == nil || e.within == 0 && e.notBefore == 0 {
		return record.Window{}, false
	}
	return record.Window{
		Recovery: r.ID, Phase: e.bounds.Name, From: e.bounds.From, Earliest: int64(e.notBefore), Latest: int64(e.within),
	}, true
}

func newBounded(p phase, options []Option) Expectation {
	e := newExpectation(p.judge, options)
	e.bounds = &p
	return e
}

func newExpectation(judge func(Expectation, record.Recovery) judgement, options []Option) Expectation {
	e := Expectation{judge: judge}
	for _, option := range options {
		option(&e)
	}
	return e
}

// Inconclusive reports whether the recovery proves nothing about the expectation, and why: the fault has no landing, it was not observed
// until the budget's end, or the host stalled so long that both sides of the budget are possible. The sentence of the cause has no
// figures, so that many results can share it.
func Inconclusive(recovery record.Recovery, e Expectation) (cause record.Cause, ok bool) {
	found := e.judge(e, recovery)
	return found.cause, found.outcome == record.Inconclusive
}

// InconclusiveError is the error of Match for a recovery that proves nothing.
type InconclusiveError struct {
	Cause record.Cause
	// Text is the cause with all that was seen.
	Text string
}

// Error returns the text, in the form of a failure.
func (e *InconclusiveError) Error() string { return e.Text }

// Match implements Gomega's matcher. It returns an *InconclusiveError if the recovery proves nothing.
func (e Expectation) Match(actual any) (bool, error) {
	recovery, err := asRecovery(actual)
	if err != nil {
		return false, err
	}
	found := e.judge(e, recovery)
	if found.outcome == record.Inconclusive {
		return false, &InconclusiveError{Cause: found.cause, Text: found.text(recovery)}
	}
	return found.outcome == record.Held, nil
}

// FailureMessage implements Gomega's matcher.
func (e Expectation) FailureMessage(actual any) string {
	recovery, err := asRecovery(actual)
	if err != nil {
		return err.Error()
	}
	return e.judge(e, recovery).text(recovery)
}

// NegatedFailureMessage implements Gomega's matcher.
func (e Expectation) NegatedFailureMessage(actual any) string {
	recovery, err := asRecovery(actual)
	if err != nil {
		return err.Error()
	}
	found := e.judge(e, recovery)
	found.headline = fmt.Sprintf("%s recovered from %s, and was expected not to", recovery.Service, recovery.Fault)
	return found.text(recovery)
}

func asRecovery(actual any) (record.Recovery, error) {
	switch recovery := actual.(type) {
	case record.Recovery:
		return recovery, nil
	case *record.Recovery:
		if recovery != nil {
			return *recovery, nil
		}
	}
	return record.Recovery{}, fmt.Errorf("expect a record.Recovery, got %T: pass what the injection of a fault returned", actual)
}
