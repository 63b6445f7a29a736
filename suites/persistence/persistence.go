// Package persistence holds what is promised of definitions and of processes when the supervisor or the whole container
// is replaced. Each experiment needs a container of its own.
package persistence

import (
	"fmt"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

const (
	// restartSandbox is the sandbox of all experiments but those that damage the state.
	restartSandbox = "persistence"
	// specTimeout bounds a spec that has gone wrong; nothing is judged by it.
	specTimeout = 5 * time.Minute
	// killedByDocker is the exit code of a container that Docker has killed.
	killedByDocker = 128 + 9
)

// The scaled policy and health check of the theme's victims.
const (
	delay           = 530 * time.Millisecond
	stopTimeout     = 1370 * time.Millisecond
	endPeriod       = 610 * time.Millisecond // how long the service takes to end that is told by a signal of its own
	stabilityPeriod = 7 * time.Second
	crashPeriod     = 710 * time.Millisecond
	manyAttempts    = 1000
	interval        = 1730 * time.Millisecond
	startPeriod     = 1270 * time.Millisecond
	checkTimeout    = 10 * time.Second // long: no check is to replace a service
)

// Specs registers the specs of the theme. The kill of the supervisor comes last: it may end the container.
func Specs(chaos *session.Session) {
	Describe("over a restart", spec.InBackground(restartSandbox), spec.Interrupting(session.Restart, session.KillFirst), spec.Injecting(fault.SIGKILL), spec.Takes(45*time.Second), Ordered, ContinueOnFailure, func() {
		restarted := newExperiment(chaos, restartSandbox, ending{name: "restart", what: "the container was stopped and started again", end: restart})
		itSurvives(restarted)
		itStopsInTime(restarted)
		itTellsServices(restarted)
		itSurvives(newExperiment(chaos, restartSandbox, ending{name: "pid1", what: "the container's first process was killed and the container started again", end: killFirst}))
		itSurvives(newExperiment(chaos, restartSandbox, ending{name: "supervisor", what: "zinit was killed", end: killSupervisor, agentLives: true}))
	})
	upgrades(chaos)
	Describe("after its state was damaged", spec.Costly, spec.Interrupting(session.KillFirst), spec.About(promise.PersistenceDamaged), func() {
		for _, d := range damages() {
			itWithstands(chaos, d)
		}
	})
}

// it registers a spec that judges the experiment, about one of its victims.
func (e *experiment) it(text, p, victim string, judge func(victim string, seen result)) {
	victim = session.VictimName(victim + "-" + e.ending.name)
	It(text+" after "+e.ending.what+": "+victim, spec.About(p), spec.On(victim), func(ctx SpecContext) {
		seen := e.Get(ctx)
		switch refused := seen.interruption.Refused; {
		case refused != "" && (p == promise.PersistenceServing || p == promise.UpgradeServing):
			spec.FailWith(e.chaos, "nothing came up again after "+e.ending.what, spec.Note("after", "%s", refused))
		case refused != "":
			spec.Inconclusive("nothing came up again, so there was nothing to look at")
		}
		judge(victim, seen)
	}, NodeTimeout(specTimeout))
}

// failIfAny fails the spec if anything is wrong with a service.
func (e *experiment) failIfAny(wrong map[string]string, headline string) {
	GinkgoHelper()
	if len(wrong) > 0 {
		spec.FailWith(e.chaos, headline, spec.ListServices(wrong)...)
	}
}

// itSurvives registers the specs of what has to be as before.
func itSurvives(e *experiment) {
	what := e.ending.what
	e.it("all is registered as before", promise.PersistenceDefinitions, "kept", func(_ string, seen result) {
		e.failIfAny(seen.changed, fmt.Sprintf("%d of %d services were not registered as before after %s", len(seen.changed), seen.registered, what))
		told := seen.toldPlan
		switch {
		case seen.mistold != "":
			spec.FailWith(e.chaos, fmt.Sprintf("%s %s when it was stopped after %s", told.Name, seen.mistold, what),
				spec.Note("policy", "stop signal %s, which reads back as it was registered", told.StopSignal))
		case seen.unstopped != "":
			spec.Inconclusive("a service could not be stopped by its stop signal: " + seen.unstopped)
		}
	})
	e.it("what was stopped stays stopped", promise.PersistenceStopped, "stopped", func(victim string, seen result) {
		if seen.revived != "" {
			spec.FailWith(e.chaos, fmt.Sprintf("%s had been stopped, and ran again after %s", victim, what),
				spec.Note("before", "stopped by service.stop"), spec.Note("after", "%s", seen.revived))
		}
	})
	e.it("what was deleted stays away", promise.PersistenceDeleted, "deleted", func(victim string, seen result) {
		switch {
		case seen.undeleted != "":
			spec.Inconclusive("no service could be deleted: " + seen.undeleted)
		case seen.returned != "":
			spec.FailWith(e.chaos, fmt.Sprintf("%s had been deleted, and was there again after %s", victim, what),
				spec.Note("before", "deleted, and no longer found"), spec.Note("after", "%s", seen.returned))
		}
	})
	e.it("health checks go on", promise.PersistenceHealth, "checked", func(victim string, seen result) {
		switch {
		case !seen.checkedBefore:
			spec.Inconclusive("no health check of the service ran before, so none can go on")
		case !seen.checkedAfter:
			spec.FailWith(e.chaos, fmt.Sprintf("%s was checked before, and no longer after %s", victim, what),
				spec.Note("policy", "checked every %s, first %s after the start", interval, startPeriod))
		}
	})
	e.it("what ends is run again", promise.PersistenceRetried, "crashing", func(victim string, seen result) {
		policy := spec.Note("policy", "it ends %s after each start, and is run again %s after each end", span.Text(crashPeriod), span.Text(delay))
		switch {
		case len(seen.apart) < crashesWanted-1 && seen.crashesStalled:
			spec.InconclusiveBecause(record.HostStalled("a run may only be late"))
		case len(seen.apart) < crashesWanted-1:
			spec.FailWith(e.chaos, fmt.Sprintf("%s ended and was not run again after %s", victim, what), policy)
		case slices.Min(seen.apart) < crashPeriod+delay:
			spec.FailWith(e.chaos, fmt.Sprintf("%s was run again already %s after its start, after %s", victim, span.Text(slices.Min(seen.apart)), what), policy)
		}
	})
	e.it("what lies in the data folder is unchanged", promise.PersistenceData, "kept", func(_ string, seen result) {
		if seen.noData != "" {
			spec.Inconclusive(seen.noData)
		}
		e.failIfAny(seen.data, fmt.Sprintf("%s in the data folder changed when %s", spec.Count(len(seen.data), "file"), what))
	})
	e.it("nothing runs twice", promise.PersistenceSingle, "kept", func(_ string, seen result) {
		e.failIfAny(seen.doubled, fmt.Sprintf("%s ran twice after %s", spec.Count(len(seen.doubled), "service"), what))
	})
	e.it("everything runs in the same circumstances", promise.PersistenceAlike, "kept", func(_ string, seen result) {
		e.failIfAny(seen.changes.Found, fmt.Sprintf("%d of %d services ran in other circumstances after %s", len(seen.changes.Found), seen.changes.Compared, what))
		if seen.changes.Compared == 0 {
			spec.Inconclusive("the circumstances of no service could be read before and after")
		}
	})
	e.it("everything serves", promise.PersistenceServing, "kept", func(_ string, seen result) {
		e.failIfAny(seen.silent, fmt.Sprintf("%s did not serve %s after %s", spec.Count(len(seen.silent), "service"), e.chaos.Target.Budgets.Boot, what))
	})
}

// itTellsServices registers the spec of a service with a stop signal of its own in a container that is stopped.
func itTellsServices(e *experiment) {
	e.it("a service is told by its stop signal", promise.PersistenceEndSignal, "told", func(victim string, seen result) {
		if seen.untold != "" {
			spec.Inconclusive("the end of a service with a stop signal of its own cannot be judged: " + seen.untold)
		}
		problem := seen.told.Describe(seen.toldPlan)
		switch {
		case problem != "" && seen.hostStalled:
			spec.InconclusiveBecause(record.HostStalled("how a service was told to end says nothing"))
		case problem != "":
			spec.FailWith(e.chaos, fmt.Sprintf("%s %s when the container was stopped", victim, problem),
				spec.Note("policy", "stop signal %s, stop timeout %s; it takes %s to end", seen.toldPlan.StopSignal, stopTimeout, endPeriod))
		}
	})
}

// itStopsInTime registers the spec of a container that is stopped.
func itStopsInTime(e *experiment) {
	e.it("`docker stop` does not have to kill", promise.PersistenceStopInTime, "kept", func(_ string, seen result) {
		limit := e.chaos.Target.Budgets.StopTimeout.Duration()
		late := seen.interruption.ExitCode == killedByDocker || seen.interruption.Took > limit+spec.Tolerance(e.chaos)
		switch {
		case late && seen.hostStalled:
			spec.InconclusiveBecause(record.HostStalled("a container that ended late says nothing"))
		case late:
			spec.FailWith(e.chaos, fmt.Sprintf("the container had not ended %s after SIGTERM, and was killed", limit),
				spec.Note("took", "%s", span.Text(seen.interruption.Took)), spec.Note("exit", "code %d", seen.interruption.ExitCode))
		}
	})
}
