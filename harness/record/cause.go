package record

import (
	"cmp"
	"fmt"
	"strings"
)

// Cause says, as data, why a result is inconclusive or did not run. What is decided by it is decided by its kind; Sentence makes
// the words where it is shown.
type Cause struct {
	Kind CauseKind `json:"kind"`
	// Assumption is the id of the assumption that a CauseUnconfirmedAssumption is about.
	Assumption string `json:"assumption,omitempty"`
	// Step names the step at which the spec timed out or was interrupted.
	Step string `json:"step,omitempty"`
	// Detail is the rest of the cause in words, in one line: what could not be judged, or the text of an error.
	Detail string `json:"detail,omitempty"`
}

// CauseKind is the kind of a Cause.
type CauseKind string

// The kinds of causes.
const (
	CauseHostStalled           CauseKind = "host-stalled"    // the host did not run the target or the harness for too long
	CauseTooCoarse             CauseKind = "too-coarse"      // the harness itself was too slow on this host
	CauseNoLanding             CauseKind = "no-landing"      // nothing shows that the fault took effect
	CauseNotObserved           CauseKind = "not-observed"    // the observation ended before the budget did
	CausePrecondition          CauseKind = "precondition"    // what the promise is about is not there, or was not as it has to be before
	CauseNotExpressible        CauseKind = "not-expressible" // the supervisor, or its dialect, has no words for it
	CauseUnconfirmedAssumption CauseKind = "unconfirmed"     // it failed, and rests on an assumption that the target does not confirm
	CauseRetried               CauseKind = "retried"         // it held only when it was tried again
	CauseTimedOut              CauseKind = "timed-out"       // the spec did not end in its own time limit
	CauseInterrupted           CauseKind = "interrupted"     // the run was interrupted
	CauseAborted               CauseKind = "aborted"         // the run was aborted
	CausePanicked              CauseKind = "panicked"        // the spec panicked
	CauseHarnessError          CauseKind = "harness-error"   // the harness itself had an error
	CauseSkipped               CauseKind = "skipped"         // the spec was skipped, filtered out, or pending
	CauseUnknownState          CauseKind = "unknown-state"   // Ginkgo reports a state that this program does not know
)

// HostStalled returns the cause of a result that the host has spoiled by stalling. so is what follows from that: "the budget cannot
// be judged".
func HostStalled(so string) Cause { return Cause{Kind: CauseHostStalled, Detail: so} }

// TooCoarse returns the cause of a result that the host has spoiled because the harness itself was too slow on it. what is what
// was not seen in time.
func TooCoarse(what string) Cause { return Cause{Kind: CauseTooCoarse, Detail: what} }

// NotProved returns the cause of a result whose promise could not be put to the test. why is one line.
func NotProved(why string) Cause { return Cause{Kind: CausePrecondition, Detail: why} }

// Spoiled reports whether the host has spoiled the result: measuring again may prove something.
func (c Cause) Spoiled() bool { return c.Kind == CauseHostStalled || c.Kind == CauseTooCoarse }

// Sentence returns the cause in one line that many results can share.
func (c Cause) Sentence() string {
	step := ""
	if c.Step != "" {
		step = fmt.Sprintf(" at the step %q", c.Step)
	}
	switch c.Kind {
	case CauseHostStalled:
		return "the host stalled, so " + cmp.Or(c.Detail, "nothing was proved")
	case CauseTooCoarse:
		return "observed too coarsely: " + cmp.Or(c.Detail, "nothing was proved")
	case CauseNoLanding:
		return cmp.Or(c.Detail, "no landing: nothing shows that the fault took effect")
	case CauseNotObserved:
		return cmp.Or(c.Detail, "not observed until the end of the budget")
	case CauseUnconfirmedAssumption:
		return "differs from our assumption " + c.Assumption + ", which the target does not confirm"
	case CauseRetried:
		return "it held only when it was tried again"
	case CauseTimedOut:
		return strings.TrimSuffix("the spec timed out"+step+": "+c.Detail, ": ")
	case CauseInterrupted, CauseAborted, CausePanicked:
		return strings.TrimSuffix("the spec was "+string(c.Kind)+step+": "+c.Detail, ": ")
	case CauseHarnessError:
		return "the harness itself: " + c.Detail
	case CauseSkipped:
		return "it did not run: " + cmp.Or(c.Detail, "filtered out, pending, or the run ended before")
	case CauseUnknownState:
		return "Ginkgo reports a state that hero_chaos does not know: " + c.Detail
	}
	return cmp.Or(c.Detail, "nothing says why")
}

// Why returns why a result is inconclusive or did not run, in one line; empty if nothing says why. Records that were written
// before there were causes have the sentence itself.
func (r Result) Why() string {
	if r.Cause != nil {
		return r.Cause.Sentence()
	}
	return r.Reason
}
