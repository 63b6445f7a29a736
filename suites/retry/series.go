package retry

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	. "forge.ourworld.tf/lhumina_code/hero_chaos/harness/expect" //nolint:revive // matchers read as part of the language

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/budget"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// series is a service that is killed again and again, and its state by its retry policy.
type series struct {
	chaos   *session.Session
	sandbox *session.Sandbox
	promise string
	service session.Service
	state   budget.State
	began   *record.Interval // the present run; nil for the first run, which retry 1 follows whatever its length
	inTurn  bool             // many services are killed at the same time, and each waits for its turn
}

// newSeries registers a victim, and holds it for the whole spec.
func newSeries(ctx SpecContext, chaos *session.Session, p string, plan session.VictimPlan) *series {
	GinkgoHelper()
	sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
	service := spec.Victim(ctx, sandbox, plan)
	spec.Hold(ctx, sandbox, service.Name)
	return &series{chaos: chaos, sandbox: sandbox, promise: p, service: service}
}

func (s *series) tolerance() Option { return Tolerance(spec.Tolerance(s.chaos)) }

// kill kills the service when its present run has lasted for a period, or at once for 0. It expects the retry that is due
// then, no earlier and no later.
func (s *series) kill(ctx SpecContext, period time.Duration) {
	GinkgoHelper()
	delay := s.service.Policy.DelayOfRetry(s.next(period).Retry)
	s.killAndExpect(ctx, period, record.Terms{}, Respawn(NotBefore(delay), Within(delay), s.tolerance()))
}

// killAndExpect kills the service like kill, with another expectation. terms without a retry are of the one that is due. The new
// process has to serve, so that it can be killed in turn.
func (s *series) killAndExpect(ctx SpecContext, period time.Duration, terms record.Terms, expected Expectation) {
	GinkgoHelper()
	s.awaitAge(ctx, period)
	next := s.next(period)
	due := budget.AfterExit(s.service.Policy, next.Retry, 0, s.sandbox.Jitter()).Respawn
	if terms.Retry == 0 {
		terms.Retry = next.Retry
	}
	terms.LastRetry = next.Retry
	seen := spec.Inject(ctx, s.sandbox, session.Injection{
		Promise: s.promise, Service: s.service, Fault: fault.SIGKILL, ObservationLimit: due.Earliest + spec.LatePeriod(s.chaos),
		Policy: budget.DescribeDue(s.service.Policy, due), Terms: terms, InTurn: s.inTurn,
	})
	s.requireLength(seen, period)
	spec.Expect(seen, expected, Serve(Within(due.Earliest+spec.StartupLimit(s.chaos)), s.tolerance()))
	s.state, s.began = next, seen.Respawned
}

// next returns the service's state by its policy after a run of that length.
func (s *series) next(period time.Duration) budget.State {
	next, _ := s.state.End(s.service.Policy, period)
	return next
}

// awaitAge waits until the present run has lasted for a period.
func (s *series) awaitAge(ctx SpecContext, period time.Duration) {
	GinkgoHelper()
	if s.began == nil || period == 0 {
		return
	}
	By(fmt.Sprintf("wait until %s has run for %s", s.service.Name, period))
	left := period - time.Duration(spec.Now(ctx, s.sandbox)-s.began.Hi)
	s.chaos.Progress().Due(left)
	spec.Pause(ctx, left)
}

// requireLength ends the spec as INCONCLUSIVE unless the run was certainly as stable, or as unstable, as it was meant to
// be. The run's end is when a process around the service ended, or the supervisor noticed it, at the latest.
func (s *series) requireLength(seen record.Recovery, period time.Duration) {
	GinkgoHelper()
	stability := s.service.Policy.StabilityPeriod.Duration()
	if s.began == nil || stability == 0 || seen.Exited == nil {
		return
	}
	first, last := seen.Origins("exited")
	shortest, _ := first.Since(*s.began)
	_, longest := last.Since(*s.began)
	if seen.Noticed != nil {
		_, noticed := seen.Noticed.Since(*s.began)
		longest = max(longest, noticed)
	}
	if (period >= stability) != (shortest >= stability) || (period >= stability) != (longest >= stability) {
		spec.InconclusiveBecause(record.TooCoarse(fmt.Sprintf("a run of %s did not last as long as it was planned to, compared with its stability period", s.service.Name)))
	}
}
