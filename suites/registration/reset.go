package registration

import (
	"context"
	"fmt"
	"path"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	. "forge.ourworld.tf/lhumina_code/hero_chaos/harness/expect" //nolint:revive // matchers read as part of the language

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// noActionToSet is why zinit 0.3 cannot be asked what a new setting changes.
const noActionToSet = "action that could be set again; " + promise.RegistrationResetSupervised + " looks at service.set of a service that is there"

// itIsStillSupervised registers the spec of a service that is registered again while it runs.
func itIsStillSupervised(chaos *session.Session, plan session.VictimPlan) {
	itHoldsApart(promise.RegistrationResetSupervised, "is set again, and the service is still supervised", plan.Name, func(ctx SpecContext) {
		a := openOwn(ctx, chaos, "reset")
		service := spec.Victim(ctx, a.Sandbox, plan)
		a.mendAfterwards()
		spec.Hold(ctx, a.Sandbox, plan.Name) // a supervisor may replace it when it is set again
		setErr := a.set(ctx, plan.Definition())
		if !spec.Watch(ctx, reactionLimit+startLimit, "wait until "+plan.Name+" has one process", func(ctx context.Context) bool {
			return len(a.findProcesses(ctx, plan)) == 1
		}) {
			spec.FailWith(chaos, fmt.Sprintf("%s was registered again while it ran, and has %s since", plan.Name, a.countProcesses(ctx, plan)), noteAnswer(setErr))
		}
		seen := a.kill(ctx, promise.RegistrationResetSupervised, service)
		if seen.Landing != nil && seen.Respawned == nil && setErr != nil {
			spec.FailWith(chaos, plan.Name+" was registered again while it ran, and is no longer restarted", noteAnswer(setErr),
				spec.Note("killed", "pid %d; no new process within %s", seen.Before.PID, service.Policy.DelayOfRetry(1)+startLimit+time.Second),
				spec.Note("zinit", "%s", seen.Status))
		}
		spec.Expect(seen, Respawn(NotBefore(delay), Within(delay), Tolerance(spec.Tolerance(chaos))), Serve(Within(delay+startLimit)))
		if setErr != nil {
			spec.FailWith(chaos, plan.Name+" could not be registered again while it ran", noteAnswer(setErr))
		}
		if len(a.findProcesses(ctx, plan)) != 1 {
			spec.FailWith(chaos, plan.Name+" was registered again while it ran, and does not have one process after a restart", a.noteProcesses(ctx, plan))
		}
	}, spec.With(fault.SIGKILL))
}

// resetRunning sets a running service again, if the dialect has a way to.
func (a access) resetRunning(ctx context.Context, plan session.VictimPlan) {
	GinkgoHelper()
	if err := a.set(ctx, plan.Definition()); err != nil {
		spec.Conclude(fmt.Errorf("set %s again: %w", plan.Name, err))
	}
}

// itGetsAnotherPolicy registers the spec of a service whose delay is changed. It judges the second kill: which policy the
// run goes by that was there already is not promised.
func itGetsAnotherPolicy(chaos *session.Session, name string, before, after time.Duration) {
	plan := planVictim(chaos, "reset-"+name)
	plan.Policy = scalePolicy(chaos, before)
	itHoldsApart(promise.RegistrationResetPolicy, "gets another policy, and is restarted "+name, plan.Name, func(ctx SpecContext) {
		a := openOwnWithActions(ctx, chaos, noActionToSet)
		service := spec.Victim(ctx, a.Sandbox, plan)
		spec.Hold(ctx, a.Sandbox, plan.Name)
		changed := plan
		changed.Policy = scalePolicy(chaos, after)
		a.resetRunning(ctx, changed)
		longer := max(plan.Policy.DelayOfRetry(1), after)
		service.Policy = scalePolicy(chaos, longer)
		spec.Expect(a.kill(ctx, promise.RegistrationResetPolicy, service), Serve(Within(longer+startLimit)))
		service.Policy = changed.Policy
		a.expectRestart(ctx, promise.RegistrationResetPolicy, service)
	}, spec.With(fault.SIGKILL))
}

// itGetsAnotherCheck registers the spec of a service whose health check is changed. A supervisor may go by the old one until the present
// process ends, but has to go by one of them.
func itGetsAnotherCheck(chaos *session.Session, plan session.VictimPlan) {
	const interval = 930 * time.Millisecond
	plan = plan.WithHealth(zinit.Schedule{Interval: zinit.Milliseconds(interval), StartPeriod: zinit.Milliseconds(interval / 2), Retries: 1000}, startLimit)
	check := session.VictimPlan{Options: victim.Options{Journal: path.Join(session.VictimHome, plan.Name+".check"), ExitDelay: time.Millisecond}}
	itHoldsApart(promise.RegistrationResetCheck, "gets another health check, and is checked by it", plan.Name, func(ctx SpecContext) {
		a := openOwnWithActions(ctx, chaos, noActionToSet)
		spec.Victim(ctx, a.Sandbox, plan)
		spec.Hold(ctx, a.Sandbox, plan.Name)
		changed := plan.Definition()
		health := slices.IndexFunc(changed.Actions, func(action zinit.Action) bool { return action.Kind == zinit.KindHealth })
		changed.Actions[health].Exec = session.VictimCommand(check.Options)
		if err := a.set(ctx, changed); err != nil {
			spec.Conclude(fmt.Errorf("set %s again: %w", plan.Name, err))
		}
		set, host := spec.Now(ctx, a.Sandbox), spec.WatchHost(ctx, a.Sandbox)
		fail := func(headline string) {
			GinkgoHelper()
			spec.FailWith(chaos, plan.Name+" "+headline, spec.Note("set", "%s", changed.Actions[health].Exec), spec.Note("zinit", "%s", a.Sandbox.StatusText(ctx, plan.Name)))
		}
		isChecked := func(ctx context.Context) bool {
			journal, err := spec.ReadJournal(ctx, a.Sandbox, check)
			return err == nil && len(journal.Of(victim.EventStarted)) > 0
		}
		if spec.Watch(ctx, 2*interval+reactionLimit, "wait until "+plan.Name+" is checked by its new health check", isChecked) {
			return
		}
		isStalled := func() bool { return host.Stall() > spec.Tolerance(chaos) }
		countOld := func(ctx context.Context, since int64) int {
			journal, err := spec.ReadJournal(ctx, a.Sandbox, plan)
			spec.Conclude(err)
			return len(journal.Of(victim.EventProbe).Since(since))
		}
		if countOld(ctx, set+int64(interval)) == 0 && !isStalled() {
			fail("got another health check while it ran, and is checked by neither that nor the old one")
		}
		By("kill " + plan.Name + ", so that its next process is checked anew")
		spec.Conclude(a.Sandbox.Supervisor.Kill(ctx, plan.Name, "SIGKILL"))
		killed := spec.Now(ctx, a.Sandbox) + int64(spec.Tolerance(chaos))
		spec.Watch(ctx, delay+2*interval+2*startLimit, "wait until the next process of "+plan.Name+" is checked", func(ctx context.Context) bool {
			return isChecked(ctx) || countOld(ctx, killed) > 1
		})
		switch {
		case isChecked(ctx):
		case countOld(ctx, killed) > 1:
			fail("got another health check while it ran, and its next process is checked by the old one")
		case isStalled():
			spec.InconclusiveBecause(record.HostStalled("a health check may only be late"))
		default:
			fail("got another health check while it ran, and its next process is not checked")
		}
	})
}

// itGetsAnotherEnvironment registers the spec of a service whose command, variables and folder are changed, and that is restarted by order.
func itGetsAnotherEnvironment(chaos *session.Session, name string) {
	itHoldsApart(promise.RegistrationResetAround, "gets another environment, and has it after service.restart", session.VictimName(name), func(ctx SpecContext) {
		a := openOwnWithActions(ctx, chaos, noActionToSet)
		w := spec.NewWitness(a.Sandbox, name, spec.LimitPolicy(chaos.Target, scalePolicy(chaos, delay)))
		w.Arguments, w.Run.Dir, w.Run.Env = []string{"before"}, session.VictimHome, map[string]string{"HERO_CHAOS_SET": "before"}
		w.Register(ctx)
		before, ok := w.AwaitRun(ctx, w.Program, record.Incarnation{}, startLimit)
		if !ok {
			spec.Inconclusive("no landing: the service does not run")
		}
		w.Arguments, w.Run.Dir, w.Run.Env = []string{"after"}, "/", map[string]string{"HERO_CHAOS_SET": "after"}
		if err := a.set(ctx, w.Definition()); err != nil {
			spec.Conclude(fmt.Errorf("set %s again: %w", w.Name, err))
		}
		By("restart " + w.Name)
		spec.Conclude(a.Supervisor.Restart(ctx, w.Name))
		after, ok := w.AwaitRun(ctx, w.Program, before, stopTimeout+delay+startLimit)
		if !ok {
			spec.Inconclusive("no landing: the service was restarted, and no other process of it runs")
		}
		observer := spec.NewObserver(a.Sandbox)
		all, err := observer.Read(ctx, after.PID)
		spec.Conclude(err)
		living, err := spec.FindLiving(ctx, a.Sandbox, after)
		spec.Conclude(err)
		found, read := all[after.PID]
		if !read || len(living) == 0 {
			spec.Inconclusive("the circumstances of a process could not be read")
		}
		var kept []string
		if !slices.Contains(living[0].Argv, "after") {
			kept = append(kept, fmt.Sprintf("command: %q", living[0].Argv))
		}
		if folder := found.Aspects["working directory"]; folder != "" && folder != w.Run.Dir {
			kept = append(kept, "working directory: "+folder)
		}
		if len(found.Environment) > 0 && found.Environment["HERO_CHAOS_SET"] != observer.Mark("after") {
			kept = append(kept, "environment: HERO_CHAOS_SET")
		}
		if len(kept) > 0 {
			spec.FailWith(chaos, w.Name+" was set again and restarted by order, and does not run as it was set", spec.List("kept", kept)...)
		}
	})
}

// itGetsAnotherCommand registers the spec of a service whose command is changed. The second kill shows that the supervisor
// goes on as before.
func itGetsAnotherCommand(chaos *session.Session, plan session.VictimPlan) {
	itHoldsApart(promise.RegistrationResetExec, "gets another command, and runs it next", plan.Name, func(ctx SpecContext) {
		a := openOwnWithActions(ctx, chaos, noActionToSet)
		service := spec.Victim(ctx, a.Sandbox, plan)
		spec.Hold(ctx, a.Sandbox, plan.Name)
		const code = "97"
		changed := plan
		changed.Options.ExitCode = 97
		a.resetRunning(ctx, changed)
		for kill := range 2 {
			seen := a.expectRestart(ctx, promise.RegistrationResetExec, service)
			if seen.After.PID != 0 && !slices.ContainsFunc(seen.After.Argv, func(word string) bool { return word == code || word == "--exit-code="+code }) {
				spec.FailWith(chaos, fmt.Sprintf("%s got another command, and runs the old one after kill %d", plan.Name, kill+1),
					spec.Note("set", "%s", changed.Definition().Actions[0].Exec), spec.Note("runs", "%v", seen.After.Argv))
			}
		}
	}, spec.With(fault.SIGKILL))
}
