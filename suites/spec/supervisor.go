package spec

import (
	"context"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
)

// KillSupervisor kills the supervisor for a promise, and waits until another has taken its place, or the container has started again. The
// error is a *recovery.Inconclusive if the image does neither. All of the sandbox is leased meanwhile.
func KillSupervisor(ctx context.Context, chaos *session.Session, sandbox *session.Sandbox, about string) (session.Interruption, error) {
	done, err := sandbox.KillSupervisor(ctx, session.Injection{
		Promise: about, Fault: fault.SIGKILL, ObservationLimit: chaos.Target.Budgets.Boot.Duration(), Service: sandbox.SupervisorService(),
	})
	if err == nil && done.Refused != "" {
		return done, recovery.NotProved("the image does not start its supervisor again: " + done.Refused)
	}
	return done, err
}
