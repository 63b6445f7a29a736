// Package persistence holds what is promised of definitions and of processes when the supervisor or the whole
// container is replaced. Each experiment needs a container that nobody else uses.
package persistence

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// restartSandbox is the sandbox of all experiments but those that damage the state.
const restartSandbox = "persistence"

// The scaled policy of the theme's victims (design, "Two profiles").
const (
	delay       = 530 * time.Millisecond
	stopTimeout = 1370 * time.Millisecond
	stability   = 7 * time.Second
	interval    = 1730 * time.Millisecond
	startPeriod = 1270 * time.Millisecond
	patience    = 10 * time.Second // of a health check: nobody is to be replaced by it
)

// Specs are the theme's. The kill of the supervisor comes last: it may be the container's end.
func Specs(chaos *session.Session) {
	Describe("over a restart", Ordered, ContinueOnFailure, func() {
		over(chaos, cut{name: "restart", what: "the container was stopped and started again", do: restart})
		over(chaos, cut{name: "pid1", what: "the container's first process was killed and the container started again", do: killFirst})
		over(chaos, cut{name: "supervisor", what: "zinit was killed", do: killSupervisor, inside: true})
	})
	Describe("after its state was damaged", spec.Costly, spec.About(promise.PersistenceDamaged), func() {
		for _, d := range damages() {
			withstands(chaos, d)
		}
	})
}

// cut is a way to end a supervisor.
type cut struct {
	name   string // of its victims
	what   string // in words
	do     func(context.Context, *session.Session, *survivors) error
	inside bool // the agent lives on
}

// over are the specs of one cut.
func over(chaos *session.Session, c cut) {
	name := func(what string) string { return session.VictimName(what + "-" + c.name) }
	experiment := spec.Shared[survival]{Run: func(ctx context.Context) (survival, error) { return outlive(ctx, chaos, c) }}
	judged := func(text, p, victim string, judge func(p, victim string, s survival)) {
		It(text+" after "+c.what+": "+victim, spec.About(p), spec.On(victim), func(ctx SpecContext) {
			found := experiment.Get(ctx)
			switch refused := found.interruption.Refused; {
			case refused != "" && p == promise.PersistenceServing:
				spec.FailWith(chaos, "nothing came up again after "+c.what, [2]string{"after", refused})
			case refused != "":
				spec.Inconclusive("nothing came up again, so that there was nothing to look at")
			}
			judge(p, victim, found)
		}, NodeTimeout(5*time.Minute))
	}
	judged("all is registered as before", promise.PersistenceDefinitions, name("kept"), func(p, victim string, s survival) {
		if len(s.changed) > 0 {
			spec.FailWith(chaos, fmt.Sprintf("%d of %d services were not registered as before after %s", len(s.changed), s.registered, c.what),
				s.lines(s.changed)...)
		}
	})
	judged("what was stopped stays stopped", promise.PersistenceStopped, name("stopped"), func(p, victim string, s survival) {
		if s.revived != "" {
			spec.FailWith(chaos, fmt.Sprintf("%s had been stopped, and ran again after %s", victim, c.what),
				[2]string{"before", "stopped by service.stop"}, [2]string{"after", s.revived})
		}
	})
	judged("what was deleted stays away", promise.PersistenceDeleted, name("deleted"), func(p, victim string, s survival) {
		switch {
		case s.deleted.unclear != "":
			spec.Inconclusive("no service could be deleted: " + s.deleted.unclear)
		case s.deleted.returned != "":
			spec.FailWith(chaos, fmt.Sprintf("%s had been deleted, and was there again after %s", victim, c.what),
				[2]string{"before", "deleted, and not found any more"}, [2]string{"after", s.deleted.returned})
		}
	})
	judged("health checks go on", promise.PersistenceHealth, name("checked"), func(p, victim string, s survival) {
		switch {
		case !s.checked.before:
			spec.Inconclusive("no health check of the service ran before, so that none can go on")
		case !s.checked.after:
			spec.FailWith(chaos, fmt.Sprintf("%s was checked before, and no more after %s", victim, c.what),
				[2]string{"policy", fmt.Sprintf("checked every %s, first %s after the start", interval, startPeriod)})
		}
	})
	judged("nothing runs twice", promise.PersistenceSingle, name("kept"), func(p, victim string, s survival) {
		if len(s.doubled) > 0 {
			spec.FailWith(chaos, fmt.Sprintf("%d services ran twice after %s", len(s.doubled), c.what), s.lines(s.doubled)...)
		}
	})
	judged("everything serves", promise.PersistenceServing, name("kept"), func(p, victim string, s survival) {
		if len(s.silent) > 0 {
			spec.FailWith(chaos, fmt.Sprintf("%d services did not serve %s after %s", len(s.silent), chaos.Target.Budgets.Boot, c.what),
				s.lines(s.silent)...)
		}
	})
	if c.name != "restart" {
		return
	}
	judged("`docker stop` does not have to kill", promise.PersistenceStopInTime, name("kept"), func(p, victim string, s survival) {
		limit := chaos.Target.Budgets.StopTimeout.Duration()
		const killedByDocker = 128 + 9
		if s.interruption.ExitCode == killedByDocker || s.interruption.Took > limit+chaos.Target.Budgets.Tolerance.Duration() {
			spec.FailWith(chaos, fmt.Sprintf("the container had not ended %s after SIGTERM, and was killed", limit),
				[2]string{"took", span.Text(s.interruption.Took)}, [2]string{"exit", fmt.Sprintf("code %d", s.interruption.ExitCode)})
		}
	})
}

func policy() zinit.RetryPolicy { return spec.ScalePolicy(delay, stability) }

// survival is what was there after a cut, by the services that it concerns.
type survival struct {
	registered   int // services before
	changed      map[string]string
	doubled      map[string]string
	silent       map[string]string
	checked      checked
	deleted      deleted
	revived      string // how the stopped service was seen to run, empty where it was not
	interruption session.Interruption
}

// lines says what concerns some services: the first few of them.
func (s survival) lines(concerned map[string]string) [][2]string {
	const most = 5
	var lines [][2]string
	for _, service := range slices.Sorted(maps.Keys(concerned)) {
		if len(lines) == most {
			return append(lines, [2]string{"and", fmt.Sprintf("%d more", len(concerned)-most)})
		}
		lines = append(lines, [2]string{"service", service + ": " + strings.TrimSpace(concerned[service])})
	}
	return lines
}
