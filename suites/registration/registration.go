// Package registration holds what is promised of definitions: the supervisor keeps them as they were given, goes by them,
// deletes them with their service, and refuses invalid ones.
package registration

import (
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// The victims' scaled policy.
const (
	delay           = 730 * time.Millisecond
	stopTimeout     = 670 * time.Millisecond
	stabilityPeriod = 7 * time.Second
)

const (
	// reactionLimit is how soon the supervisor starts what it can: suites/contract/zinit-0.4.md#definitions.
	reactionLimit = 2 * time.Second
	// startLimit is the longest time that a victim may take on a busy host from its process to its first reply.
	startLimit = 2 * time.Second
	// runLimit is the longest time that a victim may take to run, once it can, if another one may have to run before.
	runLimit = 2 * (reactionLimit + startLimit)
	// specTimeout bounds a spec.
	specTimeout = time.Minute
)

// Specs registers the specs of the theme.
func Specs(chaos *session.Session) {
	Describe("a definition", func() {
		itIsReadBack(chaos, defineCommon())
		itIsReadBack(chaos, defineWhole())
		itIsStillSupervised(chaos, planVictim(chaos, "reset"))
		itGetsAnotherPolicy(chaos, "sooner", 3*delay, delay)
		itGetsAnotherPolicy(chaos, "later", delay, 3*delay)
		itGetsAnotherCommand(chaos, planVictim(chaos, "reset-exec"))
		itGetsAnotherEnvironment(chaos, "reset-environment")
		itGetsAnotherCheck(chaos, planVictim(chaos, "reset-check"))
	})
	Describe("an action's name", func() { actionNames(chaos) })
	Describe("a dependency", func() {
		itIsNeverOnItself(chaos)
		itIsFilteredOrRefused(chaos, planVictim(chaos, "self"))
		itDoesNotHinderRemoval(chaos, planVictim(chaos, "self-deleted"))
		itWaitsForService(chaos, planVictim(chaos, "waiting"), planVictim(chaos, "unknown"))
		itWaitsForAction(chaos, planVictim(chaos, "actionless"))
		itClosesNoCycle(chaos, planVictim(chaos, "cycle1"), planVictim(chaos, "cycle2"), planVictim(chaos, "cycle3"))
	})
	Describe("a deleted service", func() {
		itIsGone(chaos, planVictim(chaos, "deleted"))
		itIsGoneWithActions(chaos, planVictim(chaos, "deleted-actions").WithHealth(rareSchedule(), stopTimeout))
		itLeavesNeighbours(chaos, planVictim(chaos, "neighbour1"), planVictim(chaos, "neighbour2"), planVictim(chaos, "neighbour3"))
		itLeavesDependents(chaos, planVictim(chaos, "parent"), planVictim(chaos, "orphan"))
	})
	Describe("a bad definition", func() { badDefinitions(chaos) })
	Describe("an unusual definition", func() { unusualDefinitions(chaos) })
	Describe("the image", func() {
		itWritesNoTOML(chaos)
		itCallsNoReload(chaos)
		itHasExpectedPolicies(chaos)
	})
}

// itHolds registers a spec of a promise. subject is the service that it is about, empty for none.
func itHolds(p, text, subject string, body func(ctx SpecContext), labels ...any) {
	labels = append(labels, spec.About(p), body, NodeTimeout(specTimeout))
	if subject != "" {
		labels = append(labels, spec.On(subject))
	}
	It(text, labels...)
}

// itHoldsApart registers a spec like itHolds, in the sandbox of the theme's own.
func itHoldsApart(p, text, subject string, body func(ctx SpecContext), labels ...any) {
	itHolds(p, text, subject, body, append(labels, spec.In(ownSandbox), spec.Costly)...)
}

// scalePolicy returns a policy that restarts after the same delay each time, so that a second kill is due as the first.
func scalePolicy(chaos *session.Session, after time.Duration) zinit.RetryPolicy {
	return spec.LimitPolicy(chaos.Target, zinit.RetryPolicy{
		MaxAttempts: 20, Delay: zinit.Milliseconds(after), Backoff: zinit.BackoffNone,
		MaxDelay: zinit.Milliseconds(60 * delay), StabilityPeriod: zinit.Milliseconds(stabilityPeriod),
	})
}

// planVictim plans a victim with the scaled policy.
func planVictim(chaos *session.Session, name string) session.VictimPlan {
	return session.NewVictim(name, scalePolicy(chaos, delay)).WithStopTimeout(stopTimeout)
}

// rareSchedule returns the schedule of a health check that runs once in a spec: zinit 0.3 calls nothing running before.
// It never fails as often as it would have to on a busy host.
func rareSchedule() zinit.Schedule {
	return zinit.Schedule{Interval: ms(97_003), StartPeriod: ms(1_270), Retries: 3}
}

// ms converts a count of milliseconds.
func ms(count int64) zinit.Milliseconds {
	return zinit.Milliseconds(time.Duration(count) * time.Millisecond)
}
