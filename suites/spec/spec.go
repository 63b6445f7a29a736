// Package spec is the language of the suites. About, On and With label a spec. Sandbox, Victim and Hold give it something
// to break. Inject and Expect break it and judge the recovery; Until, ReadJournal and Ask see the rest. FailWith ends a
// spec that fails, and Conclude or Inconclusive one that proves nothing.
//
//	It("comes back: "+plan.Name, spec.About(p), spec.On(plan.Name), spec.With(fault.SIGKILL), func(ctx SpecContext) {
//		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
//		service := spec.Victim(ctx, sandbox, plan)
//		seen := spec.Inject(ctx, sandbox, session.Injection{Promise: p, Service: service, Fault: fault.SIGKILL, Window: window})
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
	"cmp"
	"context"
	"errors"
	"fmt"
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

// The keys of the labels, and the names of the report entries that link a result to its recoveries, and to what these
// were held to.
const (
	promiseLabel  = "promise:"
	serviceLabel  = "service:"
	faultLabel    = "fault:"
	recoveryEntry = "recovery"
	windowEntry   = "window"
	inconclusive  = "INCONCLUSIVE: "
	notSelected   = "not selected"
)

// About labels specs with the promise that they check.
func About(p string) Labels { return Labels{promiseLabel + " " + p} }

// On labels a spec with the service that it is about.
func On(service string) Labels { return Labels{serviceLabel + " " + service} }

// With labels a spec with the fault that it injects.
func With(f fault.Fault) Labels { return Labels{faultLabel + " " + f.Name} }

// WithBehaviour labels a spec with the behaviour that takes the place of a fault.
func WithBehaviour(b victim.Behaviour) Labels { return Labels{faultLabel + " " + string(b)} }

// When specs begin: all of them wait most of the time, and the run is as long as its longest chain of waits.
const (
	// Long marks what waits for longer than the rest takes.
	Long = SpecPriority(1)
	// Costly marks what takes much of the host, as a container for a short check does: it begins when what is timed
	// has begun.
	Costly = SpecPriority(-1)
)

// Conclude ends a spec by an error: as INCONCLUSIVE, for the harness's own trouble proves nothing about a
// target. Without an error it does nothing.
func Conclude(err error) {
	GinkgoHelper()
	if err == nil {
		return
	}
	var nothingProved *recovery.Inconclusive
	if errors.As(err, &nothingProved) {
		Skip(inconclusive + nothingProved.Reason)
	}
	if errors.Is(err, zinit.ErrNotExpressible) {
		Skip(inconclusive + err.Error())
	}
	Skip(inconclusive + "the harness itself: " + err.Error())
}

// Inconclusive ends a spec: it proves nothing, for a reason of one line that many specs may share.
func Inconclusive(reason string) {
	GinkgoHelper()
	Skip(inconclusive + reason)
}

// Sandbox returns a sandbox of the session, or ends the spec as INCONCLUSIVE.
func Sandbox(ctx context.Context, chaos *session.Session, name string) *session.Sandbox {
	GinkgoHelper()
	By("open the sandbox " + name)
	sandbox, err := chaos.Sandbox(ctx, name)
	Conclude(err)
	return sandbox
}

// Background is Sandbox for one in which nothing is timed.
func Background(ctx context.Context, chaos *session.Session, name string) *session.Sandbox {
	GinkgoHelper()
	By("open the sandbox " + name)
	sandbox, err := chaos.Background(ctx, name)
	Conclude(err)
	return sandbox
}

// Inject leads a fault through its life. Where nothing was proved, the spec ends as INCONCLUSIVE.
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
	return fmt.Sprintf("inject %s into %s and watch what follows, for at most %s", i.Fault, i.Service.Name, i.Window)
}

// Expect holds a recovery against expectations, one after the other. Where the recovery proves nothing about
// one, the spec ends as INCONCLUSIVE.
func Expect(seen record.Recovery, expectations ...expect.Expectation) {
	GinkgoHelper()
	for _, expectation := range expectations {
		if window, bounded := expectation.Window(seen); bounded {
			AddReportEntry(windowEntry, window, ReportEntryVisibilityNever)
		}
		if reason, nothing := expect.Inconclusive(seen, expectation); nothing {
			Skip(inconclusive + reason)
		}
		gomega.Expect(seen).To(expectation)
	}
}

// registering bounds how long a victim may take to serve and to be called running.
const registering = 30 * time.Second

// Victim registers a victim for the length of the spec.
func Victim(ctx context.Context, sandbox *session.Sandbox, plan session.VictimPlan) session.Service {
	GinkgoHelper()
	By("register " + plan.Name + " and wait until it runs and serves")
	DeferCleanup(func(ctx SpecContext) { _ = sandbox.Discard(ctx, plan.Name) }, NodeTimeout(30*time.Second))
	ctx, cancel := context.WithTimeout(ctx, registering)
	defer cancel()
	service, err := sandbox.Register(ctx, plan)
	Conclude(err)
	return service
}

// Select skips whatever a selection does not include.
func Select(includes func(record.Key) bool) {
	BeforeEach(func() {
		if !includes(labelled(CurrentSpecReport()).Key()) {
			Skip(notSelected)
		}
	})
}

// Announce announces when a spec begins that was selected, to whoever follows the run. It comes after Select.
func Announce(chaos *session.Session) {
	BeforeEach(func() {
		about := labelled(CurrentSpecReport())
		chaos.Progress().Begin(about.Promise, about.Service)
	})
}

// Hold keeps a service for the length of the spec, over any number of injections and of ends that it brings
// upon itself.
func Hold(ctx context.Context, sandbox *session.Sandbox, service string) {
	GinkgoHelper()
	By("wait for the lease of " + service)
	release, err := sandbox.Hold(ctx, service)
	Conclude(err)
	DeferCleanup(func(ctx SpecContext) { _ = release(ctx) }, NodeTimeout(30*time.Second))
}

// Identify returns the process that serves right now, or ends the spec as INCONCLUSIVE.
func Identify(ctx context.Context, sandbox *session.Sandbox, service session.Service) record.Incarnation {
	GinkgoHelper()
	By("identify the process that serves " + service.Name)
	identity, err := sandbox.Agent().Identify(ctx, protocol.IdentifyParams{Endpoint: service.Endpoint, SupervisorPID: sandbox.SupervisorPID()})
	Conclude(err)
	return identity.Serving
}

// Result is what a spec's report says of a target, as a result for the record; false for a spec that was not
// selected.
func Result(t *target.Target, report SpecReport) (record.Result, bool) {
	result := labelled(report)
	result.Attempts = report.NumAttempts
	result.Started, result.Duration = report.StartTime, int64(report.RunTime)
	for _, entry := range report.ReportEntries {
		if id, ok := entry.GetRawValue().(string); ok && entry.Name == recoveryEntry {
			result.Recoveries = append(result.Recoveries, id)
		}
		if window, ok := entry.GetRawValue().(record.Window); ok {
			result.Windows = append(result.Windows, window)
		}
	}
	result, selected := judge(result, report)
	return doubted(t, result), selected
}

// doubted makes a failure INCONCLUSIVE that rests on an assumption which is not confirmed for the target
// (contract zinit-0.4, "What a mark means for a verdict").
func doubted(t *target.Target, result record.Result) record.Result {
	p, _ := promise.Find(result.Promise)
	for _, assumption := range p.Assumptions {
		if result.Outcome == record.Failed && !t.Confirms(assumption) {
			result.Outcome = record.Inconclusive
			result.Reason = "differs from our assumption " + assumption + ", which the target does not confirm"
		}
	}
	return result
}

// labelled is what a spec's text and labels say of it.
func labelled(report SpecReport) record.Result {
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

// judge turns Ginkgo's states into outcomes: only an expectation that was not met is a failure of the target.
func judge(result record.Result, report SpecReport) (record.Result, bool) {
	message := report.Failure.Message
	switch {
	case report.State.Is(types.SpecStatePassed) && report.NumAttempts == 1:
		result.Outcome = record.Held
	case report.State.Is(types.SpecStatePassed):
		result.Outcome, result.Reason = record.Inconclusive, "it held only when it was tried again"
	case report.State.Is(types.SpecStateFailed):
		result.Outcome, result.Failure = record.Failed, message
	case strings.HasPrefix(message, inconclusive):
		result.Outcome, result.Reason = record.Inconclusive, firstLine(strings.TrimPrefix(message, inconclusive))
		result.Stalled = record.HostSpoiled(result.Reason)
	case report.State.Is(types.SpecStateSkipped) && message == notSelected:
		return result, false
	case report.State.Is(types.SpecStateSkipped | types.SpecStatePending): // also where the run was ended before
		reason := cmp.Or(firstLine(message), "filtered out, pending, or the run was ended before")
		result.Outcome, result.Reason = record.NotRun, "it did not run: "+reason
	default: // timed out, interrupted, aborted, panicked: nothing was judged
		result.Outcome, result.Reason = record.Inconclusive, "the spec itself "+report.State.String()+": "+firstLine(message)
	}
	return result, true
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}
