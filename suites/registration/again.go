package registration

import (
	"context"
	"fmt"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	. "forge.ourworld.tf/lhumina_code/hero_chaos/harness/expect" //nolint:revive // matchers read as part of the language

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// isSetAgain are the specs of a service that is registered anew while it runs.
func isSetAgain(chaos *session.Session) {
	same := victim(chaos, "reset")
	about(promise.RegistrationResetSupervised, "is set again, and the service is still supervised", same.Name, func(ctx SpecContext) {
		staysSupervised(ctx, chaos, same)
	}, spec.With(fault.SIGKILL))

	for name, delays := range map[string][2]time.Duration{"sooner": {3 * delay, delay}, "later": {delay, 3 * delay}} {
		plan := victim(chaos, "reset-"+name)
		about(promise.RegistrationResetPolicy, "gets another policy, and is restarted "+name, plan.Name, func(ctx SpecContext) {
			plan.Policy = policy(chaos, delays[0])
			getsPolicy(ctx, chaos, plan, delays[1])
		}, spec.With(fault.SIGKILL))
	}
	other := victim(chaos, "reset-exec")
	about(promise.RegistrationResetExec, "gets another command, and runs it next", other.Name, func(ctx SpecContext) {
		getsCommand(ctx, chaos, other)
	}, spec.With(fault.SIGKILL))
}

func staysSupervised(ctx SpecContext, chaos *session.Session, plan session.VictimPlan) {
	g := alone(ctx, chaos, "reset")
	service := spec.Victim(ctx, g.Sandbox, plan)
	g.mend()
	spec.Hold(ctx, g.Sandbox, plan.Name) // a supervisor may replace it when it is set again
	setting := g.set(ctx, plan.Definition())
	spec.Until(ctx, answering+starting, func(ctx context.Context) bool { return len(g.instances(ctx, plan)) == 1 })
	if count := len(g.instances(ctx, plan)); count != 1 {
		g.broken(promise.RegistrationResetSupervised, plan.Name,
			fmt.Sprintf("%s was registered again while it ran, and has %d processes since", plan.Name, count),
			[2]string{"answer", answer(setting)})
	}
	seen := g.killed(ctx, promise.RegistrationResetSupervised, service)
	if seen.Landing != nil && seen.Respawned == nil && setting != nil {
		g.broken(promise.RegistrationResetSupervised, plan.Name,
			fmt.Sprintf("%s was registered again while it ran, and nobody restarts it since", plan.Name),
			[2]string{"answer", answer(setting)}, [2]string{"killed", fmt.Sprintf("pid %d; no new process within %s",
				seen.Before.PID, service.Policy.DelayOfRetry(1)+starting+time.Second)},
			[2]string{"zinit", seen.Status})
	}
	spec.Expect(seen, Respawn(NotBefore(delay), Within(delay), Tolerance(chaos.Target.Budgets.Tolerance.Duration())),
		Serve(Within(delay+starting)))
	if setting != nil {
		g.broken(promise.RegistrationResetSupervised, plan.Name, fmt.Sprintf("%s could not be registered again while it ran", plan.Name),
			[2]string{"answer", answer(setting)})
	}
	if count := len(g.instances(ctx, plan)); count != 1 {
		g.broken(promise.RegistrationResetSupervised, plan.Name,
			fmt.Sprintf("%s was registered again while it ran, and after a restart has %d processes", plan.Name, count))
	}
}

func answer(err error) string {
	if err == nil {
		return "ok"
	}
	return err.Error()
}

// setAgain sets a running service again where the dialect has a way to.
func (g ground) setAgain(ctx SpecContext, plan session.VictimPlan) {
	GinkgoHelper()
	if err := g.set(ctx, plan.Definition()); err != nil {
		spec.Conclude(fmt.Errorf("set %s again: %w", plan.Name, err))
	}
}

// getsPolicy looks at the second kill: what the run that was there already goes by is not promised.
func getsPolicy(ctx SpecContext, chaos *session.Session, plan session.VictimPlan, next time.Duration) {
	g := aloneWithActions(ctx, chaos, noActionToSet())
	service := spec.Victim(ctx, g.Sandbox, plan)
	spec.Hold(ctx, g.Sandbox, plan.Name)
	before := plan.Policy.DelayOfRetry(1)
	plan.Policy = policy(chaos, next)
	g.setAgain(ctx, plan)
	service.Policy = policy(chaos, max(before, next))
	spec.Expect(g.killed(ctx, promise.RegistrationResetPolicy, service), Serve(Within(max(before, next)+starting)))
	service.Policy = plan.Policy
	g.comesBack(ctx, promise.RegistrationResetPolicy, service)
}

func getsCommand(ctx SpecContext, chaos *session.Session, plan session.VictimPlan) {
	g := aloneWithActions(ctx, chaos, noActionToSet())
	service := spec.Victim(ctx, g.Sandbox, plan)
	spec.Hold(ctx, g.Sandbox, plan.Name)
	const code = "97"
	plan.Options.ExitCode = 97
	g.setAgain(ctx, plan)
	for kill := range 2 { // the second shows that the supervisor goes on as before
		seen := g.comesBack(ctx, promise.RegistrationResetExec, service)
		if seen.After.PID != 0 && !slices.ContainsFunc(seen.After.Argv, func(word string) bool { return word == code || word == "--exit-code="+code }) {
			g.broken(promise.RegistrationResetExec, plan.Name,
				fmt.Sprintf("%s got another command, and runs the old one after kill %d", plan.Name, kill+1),
				[2]string{"set", plan.Definition().Actions[0].Exec}, [2]string{"runs", fmt.Sprint(seen.After.Argv)})
		}
	}
}

// noActionToSet is why zinit 0.3 has no say in what a new setting takes effect on.
func noActionToSet() string {
	return "action that could be set again; " + promise.RegistrationResetSupervised + " looks at service.set of a service that is there"
}
