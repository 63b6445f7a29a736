package dependency

import (
	"context"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	. "forge.ourworld.tf/lhumina_code/hero_chaos/harness/expect" //nolint:revive // matchers read as part of the language

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/budget"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

func surviveCrashes(chaos *session.Session) {
	base := planOf("crash-base")
	It("are left alone by a crash of their base: "+base.Name, spec.About(promise.DependencyBaseCrash), spec.On(base.Name), spec.With(fault.SIGKILL),
		func(ctx SpecContext) { leavesDependents(ctx, chaos, base) }, NodeTimeout(limit))
	both := planOf("both-base")
	both.Policy.Delay = zinit.Milliseconds(4 * delay) // long enough for a second fault
	It("come back together: "+both.Name, spec.About(promise.DependencyBoth), spec.On(both.Name), spec.With(fault.SIGKILL),
		func(ctx SpecContext) { bothComeBack(ctx, chaos, both) }, NodeTimeout(limit))
}

// leavesDependents kills the base of a chain of three, waits until it is back, and then kills the middle one: its
// base runs again, so nothing keeps it.
func leavesDependents(ctx context.Context, chaos *session.Session, base session.VictimPlan) {
	sandbox := undisturbed(ctx, chaos, "crash")
	middle, top := planOf("crash-middle"), planOf("crash-top")
	middle.Requires, top.Requires = []string{base.Name}, []string{middle.Name}
	services := []session.Service{spec.Victim(ctx, sandbox, base), spec.Victim(ctx, sandbox, middle), spec.Victim(ctx, sandbox, top)}
	before := []record.Incarnation{{}, spec.Identify(ctx, sandbox, services[1]), spec.Identify(ctx, sandbox, services[2])}

	spec.Expect(kill(ctx, sandbox, promise.DependencyBaseCrash, services[0]), comesBack(chaos, services[0])...)
	same := func(i int, killed session.Service) {
		GinkgoHelper()
		isLeftAlone(ctx, chaos, sandbox, base.Name, services[i], before[i], killed)
	}
	same(1, services[0])
	same(2, services[0])
	spec.Expect(kill(ctx, sandbox, promise.DependencyBaseCrash, services[1]), comesBack(chaos, services[1])...)
	same(2, services[1])
}

// isLeftAlone expects a service to serve, and as the process that it was before another was killed.
func isLeftAlone(ctx context.Context, chaos *session.Session, sandbox *session.Sandbox, base string, service session.Service, before record.Incarnation, killed session.Service) {
	GinkgoHelper()
	broken := func(what, after string) {
		GinkgoHelper()
		spec.FailWith(chaos, fmt.Sprintf("%s %s when %s was killed", service.Name, what, killed.Name),
			[2]string{"before", fmt.Sprintf("pid %d", before.PID)}, [2]string{"after", after}, [2]string{"zinit", sandbox.Word(ctx, service.Name)})
	}
	var silent error
	if !spec.Until(ctx, starting, func(ctx context.Context) bool {
		silent = recovery.Steady(ctx, sandbox, service.Endpoint)
		return silent == nil
	}) {
		_, trouble := sandbox.Agent().Hello(ctx)
		spec.Conclude(trouble) // who cannot be asked may well serve
		broken("was lost", silent.Error())
	}
	if now := spec.Identify(ctx, sandbox, service); now.PID != before.PID || now.StartTime != before.StartTime {
		broken("was replaced", fmt.Sprintf("pid %d", now.PID))
	}
}

// bothComeBack kills a base, and its dependent while the base's retry is pending.
func bothComeBack(ctx context.Context, chaos *session.Session, base session.VictimPlan) {
	sandbox := undisturbed(ctx, chaos, "both")
	then := planOf("both-then")
	then.Requires = []string{base.Name}
	first, second := spec.Victim(ctx, sandbox, base), spec.Victim(ctx, sandbox, then)
	spec.Hold(ctx, sandbox, second.Name)
	var later record.Recovery
	done := make(chan struct{})
	go func() {
		defer GinkgoRecover()
		defer close(done)
		if spec.Until(ctx, starting, func(ctx context.Context) bool {
			_, err := sandbox.Agent().Identify(ctx, identify(first))
			return err != nil // the base is down
		}) {
			later = kill(ctx, sandbox, promise.DependencyBoth, second)
		}
	}()
	earlier := kill(ctx, sandbox, promise.DependencyBoth, first)
	<-done
	spec.Expect(earlier, comesBack(chaos, first)...)
	if later.Landing == nil || earlier.Respawned == nil || later.Injected.Hi > earlier.Respawned.Hi {
		spec.Inconclusive(record.TooCoarse("the second service was not killed before the first was back"))
	}
	// The second may wait for the first: its latest is the first's, and its own delay.
	spec.Expect(later, Serve(Within(first.Policy.DelayOfRetry(1)+delay+starting)))
}

func kill(ctx context.Context, sandbox *session.Sandbox, p string, service session.Service) record.Recovery {
	GinkgoHelper()
	due := budget.AfterExit(service.Policy, 1, 0, sandbox.Jitter())
	return spec.Inject(ctx, sandbox, session.Injection{
		Promise: p, Service: service, Fault: fault.SIGKILL, Window: 5*delay + 2*starting + time.Second,
		Policy: budget.Policy(service.Policy, due.Respawn),
	})
}

func comesBack(chaos *session.Session, service session.Service) []Expectation {
	due := service.Policy.DelayOfRetry(1)
	tolerance := Tolerance(chaos.Target.Budgets.Tolerance.Duration())
	return []Expectation{Respawn(NotBefore(due), Within(due), tolerance), Serve(Within(due+starting), tolerance)}
}

func identify(service session.Service) protocol.IdentifyParams {
	return protocol.IdentifyParams{Endpoint: service.Endpoint}
}
