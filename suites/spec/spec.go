// Package spec is the language of the suites. About, On and With label a spec. Sandbox, Victim and Hold give it something
// to break. Inject and Expect break it and judge the recovery; Until, ReadJournal and Ask see the rest. FailWith ends a
// spec that fails, and Conclude or Inconclusive one that proves nothing.
//
//	It("comes back: "+plan.Name, spec.About(p), spec.On(plan.Name), spec.With(fault.SIGKILL), func(ctx SpecContext) {
//		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
//		service := spec.Victim(ctx, sandbox, plan)
//		seen := spec.Inject(ctx, sandbox, session.Injection{Promise: p, Service: service, Fault: fault.SIGKILL, ObservationLimit: window})
//		spec.Expect(seen, Respawn(Within(delay), Tolerance(spec.Tolerance(chaos))))
//		By("wait until " + plan.Name + " is asked by its health check")
//		if !spec.Until(ctx, limit, isAsked) {
//			spec.FailWith(chaos, plan.Name+" is no longer checked", spec.Note("before", "pid %d", seen.Before.PID))
//		}
//	}, NodeTimeout(time.Minute))
//
// The helpers name their steps with By. A spec names its own steps.
package spec

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"github.com/onsi/ginkgo/v2/types"
	"github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/expect"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// The keys of the labels, and the names of the report entries. Entries link a result to its recoveries and to what these were
// held to, and say why it is inconclusive.
const (
	promiseLabel = "promise:"
	serviceLabel = "service:"
	faultLabel   = "fault:"
	// The next three are for a dry run: no result is told by them.
	behaviourLabel = "behaviour:"
	interruptLabel = "interrupts:"
	injectLabel    = "injects:"
	recoveryEntry  = "recovery"
	windowEntry    = "window"
	causeEntry     = "cause"
	remedyEntry    = "remedy"
	lastingEntry   = "lasting"
)

// About labels specs with the promise that they check.
func About(p string) Labels { return Labels{promiseLabel + " " + p} }

// On labels a spec with the service that it is about.
func On(service string) Labels { return Labels{serviceLabel + " " + service} }

// With labels a spec with the fault that it injects.
func With(f fault.Fault) Labels { return Labels{faultLabel + " " + f.Name} }

// WithBehaviour labels a spec with the behaviour that takes the place of a fault.
func WithBehaviour(b victim.Behaviour) Labels {
	return Labels{faultLabel + " " + string(b), behaviourLabel + " " + string(b)}
}

// Injecting labels specs with faults that they inject besides what they are about, for a dry run.
func Injecting(faults ...fault.Fault) (labels Labels) {
	for _, f := range faults {
		labels = append(labels, injectLabel+" "+f.Name)
	}
	return labels
}

// Interrupting labels specs with what is done to the container of their sandbox, for a dry run.
func Interrupting(orders ...session.Order) Labels {
	names := make([]string, len(orders))
	for i, order := range orders {
		names[i] = string(order)
	}
	return Labels{interruptLabel + " " + strings.Join(names, " or ")}
}

// When specs begin: all of them wait most of the time, and the run is as long as its longest chain of waits.
const (
	// Long marks what waits for longer than the rest takes.
	Long = SpecPriority(1)
	// Costly marks what takes much of the host, such as a container for a short check. It begins after what is timed.
	Costly = SpecPriority(-1)
)

// Conclude ends a spec as INCONCLUSIVE if there is an error: an error of the harness proves nothing about a target.
func Conclude(err error) {
	GinkgoHelper()
	if err != nil {
		end(causeOf(err))
	}
}

// causeOf returns why an error proves nothing.
func causeOf(err error) record.Cause {
	var nothingProved *recovery.Inconclusive
	switch {
	case errors.As(err, &nothingProved):
		return nothingProved.Cause
	case errors.Is(err, zinit.ErrNotExpressible):
		return record.Cause{Kind: record.CauseNotExpressible, Detail: firstLine(err.Error())}
	}
	return record.Cause{Kind: record.CauseHarnessError, Detail: firstLine(err.Error())}
}

// Inconclusive ends a spec that proves nothing. why is one line that many specs may share.
func Inconclusive(why string) {
	GinkgoHelper()
	end(record.NotProved(firstLine(why)))
}

// InconclusiveBecause ends a spec that proves nothing, such as one that the host has spoiled (record.HostStalled).
func InconclusiveBecause(cause record.Cause) {
	GinkgoHelper()
	end(cause)
}

// end ends a spec as INCONCLUSIVE. The report entry carries the cause; the text is for whoever reads Ginkgo's log.
func end(cause record.Cause) {
	GinkgoHelper()
	AddReportEntry(causeEntry, cause, ReportEntryVisibilityNever)
	Skip(cause.Sentence())
}

// Remedy adds to the running spec what to change: a command or a line of a definition that was tried on the image.
func Remedy(line string) { AddReportEntry(remedyEntry, line, ReportEntryVisibilityNever) }

// RestOn adds to the running spec the fault of the host that its result rests on. It adds nothing if none was injected.
func RestOn(lasting record.Lasting) {
	if lasting.Fault != "" {
		AddReportEntry(lastingEntry, lasting, ReportEntryVisibilityNever)
	}
}

// notSelected is the report entry of a spec that the run does not include.
type notSelected struct{}

// Sandbox returns a sandbox of the session, or ends the spec as INCONCLUSIVE.
func Sandbox(ctx context.Context, chaos *session.Session, name string) *session.Sandbox {
	GinkgoHelper()
	By("open the sandbox " + name)
	sandbox, err := chaos.Sandbox(ctx, name)
	Conclude(err)
	return sandbox
}

// Background returns a sandbox in which nothing is timed.
func Background(ctx context.Context, chaos *session.Session, name string) *session.Sandbox {
	GinkgoHelper()
	By("open the sandbox " + name)
	sandbox, err := chaos.Background(ctx, name)
	Conclude(err)
	return sandbox
}

// Inject leads a fault through its life. It ends the spec as INCONCLUSIVE if that proves nothing.
func Inject(ctx context.Context, sandbox *session.Sandbox, injection session.Injection) record.Recovery {
	GinkgoHelper()
	By(describeInjection(injection))
	seen, err := sandbox.Inject(ctx, injection)
	if seen.ID != "" {
		AddReportEntry(recoveryEntry, seen.ID, ReportEntryVisibilityNever)
	}
	Conclude(err)
	return seen
}

// describeInjection names the step of an injection.
func describeInjection(i session.Injection) string {
	return fmt.Sprintf("inject %s into %s and watch what follows, for at most %s", i.Fault, i.Service.Name, i.ObservationLimit)
}

// Expect holds a recovery against expectations, one after the other. It ends the spec as INCONCLUSIVE if the recovery proves nothing
// about one.
func Expect(seen record.Recovery, expectations ...expect.Expectation) {
	GinkgoHelper()
	for _, expectation := range expectations {
		if window, bounded := expectation.Window(seen); bounded {
			AddReportEntry(windowEntry, window, ReportEntryVisibilityNever)
		}
		if cause, nothing := expect.Inconclusive(seen, expectation); nothing {
			end(cause)
		}
		gomega.Expect(seen).To(expectation)
	}
}

// registerTimeout bounds how long a victim may take to serve and to be called running.
const registerTimeout = 30 * time.Second

// Victim registers a victim for the length of the spec.
func Victim(ctx context.Context, sandbox *session.Sandbox, plan session.VictimPlan) session.Service {
	GinkgoHelper()
	By("register " + plan.Name + " and wait until it runs and serves")
	DeferCleanup(func(ctx SpecContext) { _ = sandbox.Discard(ctx, plan.Name) }, NodeTimeout(30*time.Second))
	ctx, cancel := context.WithTimeout(ctx, registerTimeout)
	defer cancel()
	service, err := sandbox.Register(ctx, plan)
	Conclude(err)
	return service
}

// Select skips whatever a selection does not include.
func Select(includes func(record.Key) bool) {
	BeforeEach(func() {
		if !includes(readLabels(CurrentSpecReport()).Key()) {
			AddReportEntry(causeEntry, notSelected{}, ReportEntryVisibilityNever)
			Skip("not selected")
		}
	})
}

// Announce reports in the run's progress that a selected spec begins. It comes after Select.
func Announce(chaos *session.Session) {
	BeforeEach(func() {
		about := readLabels(CurrentSpecReport())
		chaos.Progress().Begin(about.Promise, about.Service)
	})
}

// Hold keeps a service for the length of the spec, over any number of injections and of its own ends.
func Hold(ctx context.Context, sandbox *session.Sandbox, service string) {
	GinkgoHelper()
	By("wait for the lease of " + service)
	release, err := sandbox.Hold(ctx, service)
	Conclude(err)
	DeferCleanup(func(ctx SpecContext) {
		abandonIfCut(ctx, sandbox, service)
		_ = release(ctx)
	}, NodeTimeout(30*time.Second))
}

// abandonIfCut no longer watches services if the spec was cut short: they may still end by what it told them.
func abandonIfCut(ctx context.Context, sandbox *session.Sandbox, services ...string) {
	if !CurrentSpecReport().State.Is(types.SpecStateTimedout | types.SpecStateInterrupted | types.SpecStateAborted) {
		return
	}
	for _, service := range services {
		_ = sandbox.Abandon(ctx, service)
	}
}

// Identify returns the process that serves right now, or ends the spec as INCONCLUSIVE.
func Identify(ctx context.Context, sandbox *session.Sandbox, service session.Service) record.Incarnation {
	GinkgoHelper()
	return identify(ctx, sandbox, service).Serving
}

// IsWrapped reports whether the process that serves is no child of the supervisor, but of a shell between them.
func IsWrapped(ctx context.Context, sandbox *session.Sandbox, service session.Service) bool {
	GinkgoHelper()
	identity := identify(ctx, sandbox, service)
	return identity.Root.PID != identity.Serving.PID
}

func identify(ctx context.Context, sandbox *session.Sandbox, service session.Service) protocol.Identity {
	GinkgoHelper()
	By("identify the process that serves " + service.Name)
	identity, err := FindRun(ctx, sandbox, service.Endpoint)
	Conclude(err)
	return identity
}

// Result returns what a spec's report says of a target, as a result for the record; false for a spec that was not selected.
func Result(t *target.Target, report SpecReport) (record.Result, bool) {
	result := readLabels(report)
	result.Attempts = report.NumAttempts
	result.Started, result.Duration = report.StartTime, int64(report.RunTime)
	selected := true
	for _, entry := range report.ReportEntries {
		switch value := entry.GetRawValue().(type) {
		case string:
			if entry.Name == recoveryEntry {
				result.Recoveries = append(result.Recoveries, value)
			}
			if entry.Name == remedyEntry {
				result.Remedy = firstLine(value)
			}
		case record.Window:
			result.Windows = append(result.Windows, value)
		case record.Lasting:
			result.Lasting = &value
		case record.Cause:
			result.Cause = &value
		case notSelected:
			selected = false
		}
	}
	return doubt(t, prove(judge(result, report))), selected
}

// ExplainEnd says of a spec that did not run that the run's time limit was over when its turn came. began is when the run began.
func ExplainEnd(result record.Result, began time.Time, limit time.Duration) record.Result {
	if cause := result.Cause; cause != nil && cause.Kind == record.CauseSkipped && cause.Detail == "" && limit > 0 && time.Since(began) >= limit {
		result.Cause = &record.Cause{Kind: record.CauseSkipped, Detail: fmt.Sprintf("the time limit of the run, %s, was over", limit)}
	}
	return result
}

// prove makes a result INCONCLUSIVE that held without the fault of the host that its promise is about.
func prove(result record.Result) record.Result {
	p, _ := promise.Find(result.Promise)
	if proof := p.Proof(); result.Outcome == record.Held && proof != nil && proof.Lasting && (result.Lasting == nil || !result.Lasting.IsProved() || !result.Lasting.IsInOrder()) {
		cause := record.NotProved("nothing shows that the fault of the host was held")
		result.Outcome, result.Cause = record.Inconclusive, &cause
	}
	return result
}

// doubt makes a failure INCONCLUSIVE that rests on an assumption which the target does not confirm
// (suites/contract/zinit-0.4.md#marks).
func doubt(t *target.Target, result record.Result) record.Result {
	p, _ := promise.Find(result.Promise)
	for _, assumption := range p.Assumptions {
		if result.Outcome == record.Failed && !t.Confirms(assumption) {
			result.Outcome = record.Inconclusive
			result.Cause = &record.Cause{Kind: record.CauseUnconfirmedAssumption, Assumption: assumption}
		}
	}
	return result
}

// readLabels returns what a spec's text and labels say of it.
func readLabels(report SpecReport) record.Result {
	result := record.Result{Name: report.FullText()}
	for _, label := range report.Labels() {
		key, value, _ := strings.Cut(label, ":")
		value = strings.TrimSpace(value)
		switch key + ":" {
		case promiseLabel:
			result.Promise = value
			result.Theme, _, _ = strings.Cut(value, ".")
		case serviceLabel:
			result.Service = value
		case faultLabel:
			result.Fault = value
		}
	}
	return result
}

// judge turns Ginkgo's states into outcomes. Only an expectation that was not met is a failure of the target. A result that has a
// cause already said so itself.
func judge(result record.Result, report SpecReport) record.Result {
	message := firstLine(report.Failure.Message)
	said := result.Cause
	result.Cause = nil
	switch {
	case report.State.Is(types.SpecStatePassed) && report.NumAttempts == 1:
		result.Outcome = record.Held
		return result
	case report.State.Is(types.SpecStateFailed):
		result.Outcome, result.Failure = record.Failed, report.Failure.Message
		return result
	case report.State.Is(types.SpecStateSkipped) && said != nil:
		result.Outcome, result.Cause, result.Stalled = record.Inconclusive, said, said.Spoiled()
		return result
	case report.State.Is(types.SpecStateSkipped | types.SpecStatePending): // also if the run ended before
		result.Outcome, result.Cause = record.NotRun, &record.Cause{Kind: record.CauseSkipped, Detail: message}
		return result
	}
	result.Outcome, result.Cause = record.Inconclusive, &record.Cause{Kind: kindOf(report.State), Step: lastStep(report), Detail: message}
	return result
}

// kindOf returns the kind of cause of a spec that ended in a state in which nothing was judged.
func kindOf(state types.SpecState) record.CauseKind {
	switch state {
	case types.SpecStatePassed:
		return record.CauseRetried
	case types.SpecStateTimedout:
		return record.CauseTimedOut
	case types.SpecStateInterrupted:
		return record.CauseInterrupted
	case types.SpecStateAborted:
		return record.CauseAborted
	case types.SpecStatePanicked:
		return record.CausePanicked
	}
	return record.CauseUnknownState
}

// lastStep returns the text of the last By of a spec, empty if it named no step.
func lastStep(report SpecReport) string {
	for _, event := range slices.Backward(report.SpecEvents) {
		if event.SpecEventType == types.SpecEventByStart {
			return event.Message
		}
	}
	return ""
}

// firstLine returns the first line of a text.
func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}
