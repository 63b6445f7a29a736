package dependency

import (
	"context"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	. "forge.ourworld.tf/lhumina_code/hero_chaos/harness/expect" //nolint:revive // matchers read as part of the language

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/budget"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim/elf"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// itLeavesDependents registers the spec that kills the base of a chain of three, waits until it is back, and then kills the
// middle one. Its base runs again, so nothing keeps it.
func itLeavesDependents(chaos *session.Session, base session.VictimPlan) {
	It("are left alone by a crash of their base: "+base.Name, spec.About(promise.DependencyBaseCrash), spec.On(base.Name), spec.With(fault.SIGKILL), func(ctx SpecContext) {
		sandbox := openUndisturbed(ctx, chaos, "crash")
		bottom := spec.Victim(ctx, sandbox, base)
		middle := spec.Victim(ctx, sandbox, planVictim("crash-middle", bottom.Name))
		top := spec.Victim(ctx, sandbox, planVictim("crash-top", middle.Name))
		middleBefore, topBefore := spec.Identify(ctx, sandbox, middle), spec.Identify(ctx, sandbox, top)

		expectReturn(chaos, bottom, kill(ctx, sandbox, promise.DependencyBaseCrash, bottom))
		expectUntouched(ctx, chaos, sandbox, middle, middleBefore, bottom)
		expectUntouched(ctx, chaos, sandbox, top, topBefore, bottom)
		expectReturn(chaos, middle, kill(ctx, sandbox, promise.DependencyBaseCrash, middle))
		expectUntouched(ctx, chaos, sandbox, top, topBefore, middle)
	}, NodeTimeout(specTimeout))
}

// expectUntouched expects a service to serve, by the process that it had before another was killed.
func expectUntouched(ctx context.Context, chaos *session.Session, sandbox *session.Sandbox, service session.Service, before record.Incarnation, killed session.Service) {
	GinkgoHelper()
	fail := func(what, after string) {
		GinkgoHelper()
		spec.FailWith(chaos, fmt.Sprintf("%s %s when %s was killed", service.Name, what, killed.Name),
			spec.Note("before", "pid %d", before.PID), spec.Note("after", "%s", after), spec.Note("zinit", "%s", sandbox.StatusText(ctx, service.Name)))
	}
	var silent error
	if !spec.Watch(ctx, startLimit, "wait until "+service.Name+" serves", func(ctx context.Context) bool {
		silent = recovery.CheckSteady(ctx, sandbox, service.Endpoint)
		return silent == nil
	}) {
		_, err := sandbox.Agent().Hello(ctx)
		spec.Conclude(err) // without an agent nothing can be asked, and the service may well serve
		living, err := spec.FindLiving(ctx, sandbox, before)
		spec.Conclude(err)
		if len(living) > 0 { // it was neither stopped nor replaced: on a busy host an answer can take longer than that
			spec.InconclusiveBecause(record.TooCoarse("no answer of a dependent came in time, whose process lives"))
		}
		fail("was lost", silent.Error())
	}
	if now := spec.Identify(ctx, sandbox, service); !spec.IsSameProcess(now, before) {
		fail("was replaced", fmt.Sprintf("pid %d", now.PID))
	}
}

// itLeavesDependentsOfAReplaced registers the spec of a service that is restarted by order, and then for its health.
func itLeavesDependentsOfAReplaced(chaos *session.Session) {
	name := session.VictimName("replaced-base")
	It("are left alone by a restart of their base: "+name, spec.About(promise.DependencyBaseReplaced), spec.On(name), func(ctx SpecContext) {
		sandbox := openUndisturbed(ctx, chaos, "replaced")
		base := spec.NewWitness(sandbox, "replaced-base", spec.LimitPolicy(chaos.Target, spec.ScalePolicy(delay, stabilityPeriod))).
			CheckedBy(zinit.Schedule{Interval: zinit.Milliseconds(delay), StartPeriod: zinit.Milliseconds(delay), Retries: 1}, keptPeriod)
		base.Run.StopTimeout = zinit.Milliseconds(stopTimeout)
		dependent := spec.NewWitness(sandbox, "replaced-dependent", spec.LimitPolicy(chaos.Target, spec.ScalePolicy(delay, stabilityPeriod)))
		dependent.Requires = []string{base.Name}
		base.Register(ctx)
		dependent.Register(ctx)
		run, runs := base.AwaitRun(ctx, base.Program, record.Incarnation{}, startLimit)
		before, depends := dependent.AwaitRun(ctx, dependent.Program, record.Incarnation{}, startLimit)
		if !runs || !depends {
			spec.Inconclusive("no landing: the services do not run")
		}
		expectReplacedAlone := func(what string) {
			GinkgoHelper()
			next, ok := base.AwaitRun(ctx, base.Program, run, delay+2*startLimit)
			if !ok {
				spec.Inconclusive("no landing: the base was not replaced")
			}
			run = next
			if spec.Watch(ctx, delay+stopTimeout, "watch whether "+dependent.Name+" is stopped or replaced", func(ctx context.Context) bool {
				return spec.HasEnded(ctx, sandbox, before)
			}) {
				spec.FailWith(chaos, fmt.Sprintf("%s ended when %s, which it requires, was replaced %s", dependent.Name, base.Name, what),
					spec.Note("before", "pid %d", before.PID), spec.Note("zinit", "%s", sandbox.StatusText(ctx, dependent.Name)))
			}
		}
		By("restart " + base.Name + " by order")
		spec.Conclude(sandbox.Supervisor.Restart(ctx, base.Name))
		expectReplacedAlone("by service.restart")
		By("let the health check of " + base.Name + " fail")
		base.Install(ctx, base.Check, elf.Fail)
		if !base.AwaitEnd(ctx, run, 2*startLimit) {
			spec.Inconclusive("no landing: the base was not replaced")
		}
		base.Install(ctx, base.Check, elf.Succeed)
		expectReplacedAlone("for its health")
	}, NodeTimeout(specTimeout))
}

// itComesBackTogether registers the spec that kills a base, and its dependent while the base's retry is pending.
func itComesBackTogether(chaos *session.Session, base, then session.VictimPlan) {
	base.Policy.Delay = zinit.Milliseconds(4 * delay) // long enough for a second fault
	then.Requires = []string{base.Name}
	It("come back together: "+base.Name, spec.About(promise.DependencyBoth), spec.On(base.Name), spec.With(fault.SIGKILL), func(ctx SpecContext) {
		sandbox := openUndisturbed(ctx, chaos, "both")
		first, second := spec.Victim(ctx, sandbox, base), spec.Victim(ctx, sandbox, then)
		spec.Hold(ctx, sandbox, second.Name)
		var later record.Recovery
		earlier := spec.Meanwhile(ctx, sandbox, planKill(sandbox, promise.DependencyBoth, first), func() {
			if spec.Watch(ctx, startLimit, "wait until "+first.Name+" no longer serves", func(ctx context.Context) bool {
				_, err := spec.FindProcess(ctx, sandbox, first.Endpoint)
				return err != nil
			}) {
				injection := planKill(sandbox, promise.DependencyBoth, second)
				injection.Terms.Wait = int64(first.Policy.DelayOfRetry(1))
				later = spec.Inject(ctx, sandbox, injection)
			}
		})
		expectReturn(chaos, first, earlier)
		if later.Landing == nil || earlier.Respawned == nil || later.Injected.Hi > earlier.Respawned.Hi {
			spec.InconclusiveBecause(record.TooCoarse("the second service was not killed before the first was back"))
		}
		// The second may wait for the first: its latest is the first's, and its own delay.
		spec.Expect(later, Serve(Within(first.Policy.DelayOfRetry(1)+delay+startLimit)))
	}, NodeTimeout(specTimeout))
}

// planKill plans the kill of a victim.
func planKill(sandbox *session.Sandbox, p string, service session.Service) session.Injection {
	due := budget.AfterExit(service.Policy, 1, 0, sandbox.Jitter())
	return session.Injection{
		Promise: p, Service: service, Fault: fault.SIGKILL, ObservationLimit: 5*delay + 2*startLimit + time.Second,
		Policy: budget.DescribeDue(service.Policy, due.Respawn), Terms: record.Terms{Startup: int64(startLimit)},
	}
}

// kill kills a victim, and watches what follows.
func kill(ctx context.Context, sandbox *session.Sandbox, p string, service session.Service) record.Recovery {
	GinkgoHelper()
	return spec.Inject(ctx, sandbox, planKill(sandbox, p, service))
}

// expectReturn expects a victim that was killed to be back when its policy says.
func expectReturn(chaos *session.Session, service session.Service, seen record.Recovery) {
	GinkgoHelper()
	due, tolerance := service.Policy.DelayOfRetry(1), Tolerance(spec.Tolerance(chaos))
	spec.Expect(seen, Respawn(NotBefore(due), Within(due), tolerance), Serve(Within(due+startLimit), tolerance))
}
