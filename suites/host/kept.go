package host

import (
	"context"
	"errors"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

const (
	// orderTimeout bounds a change while a fault is held, laterTimeout one after it: several calls, on a host that may be busy. How soon each
	// call is answered is judged elsewhere.
	orderTimeout = spec.AnswerLimit
	laterTimeout = 5 * spec.AnswerLimit
	// changedStabilityPeriod is the stability period by which a changed action is told from the one before. Nothing else depends on it.
	changedStabilityPeriod = 9 * time.Second
)

// change changes the action of a service within a time. A supervisor that cannot change one in place is not asked.
func change(ctx context.Context, sandbox *session.Sandbox, plan session.VictimPlan, timeout time.Duration) order {
	if sandbox.Supervisor.Dialect() == zinit.Dialect03 {
		return order{}
	}
	plan.Policy.StabilityPeriod = zinit.Milliseconds(changedStabilityPeriod)
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	warnings, err := sandbox.Supervisor.Register(ctx, plan.Definition())
	var refusal *zinit.Error
	acked := err == nil || len(warnings) > 0 // the action was taken, and only the service that lists it was not
	return order{service: plan.Name, asked: true, err: err, acked: acked, refused: errors.As(err, &refusal) && !acked}
}

// isChanged reports whether the changed action of a service is registered.
func isChanged(ctx context.Context, sandbox *session.Sandbox, service string) (bool, error) {
	actions, err := sandbox.Supervisor.Actions(ctx, service)
	for _, action := range actions {
		if action.Retry != nil && action.Retry.StabilityPeriod == zinit.Milliseconds(changedStabilityPeriod) {
			return true, err
		}
	}
	return false, err
}

// readBack reads what is registered after a fault, before and after the supervisor was replaced, and compares it with what was.
func (e *experiment) readBack(ctx context.Context, sandbox *session.Sandbox, before map[string]string, seen *result) (err error) {
	By("read how all services are registered")
	if seen.order.asked {
		if seen.order.applied, err = isChanged(ctx, sandbox, seen.order.service); err != nil {
			return err
		}
	}
	if e.replaces && seen.died == "" {
		if err := replaceSupervisor(ctx, e.chaos, sandbox, promise.HostDiskKept, untouched(e.chaos, sandbox, e.residents)); err != nil {
			return err
		}
	}
	if seen.order.asked {
		if seen.order.kept, err = isChanged(ctx, sandbox, seen.order.service); err != nil {
			return err
		}
	}
	after, err := spec.ReadDefinitions(ctx, sandbox.Supervisor)
	if err != nil {
		return err
	}
	seen.changed = spec.CompareDefinitions(before, after)
	for _, ordered := range []string{seen.order.service, seen.later.service} {
		if _, there := after[ordered]; there {
			delete(seen.changed, ordered)
		}
	}
	return nil
}

// replaceSupervisor kills the supervisor for a promise, and waits until another has taken its place and services serve. All of the sandbox is
// leased meanwhile.
func replaceSupervisor(ctx context.Context, chaos *session.Session, sandbox *session.Sandbox, about string, services []session.Service) error {
	By("kill the supervisor, so that another one shows what was kept")
	if sandbox.ZinitSocket() == "" {
		return errors.New("the supervisor's socket is not known, so that it cannot be replaced")
	}
	if _, err := spec.KillSupervisor(ctx, chaos, sandbox, about); err != nil {
		return err
	}
	spec.Until(ctx, chaos.Target.Budgets.Boot.Duration(), func(ctx context.Context) bool { return len(spec.FindDown(ctx, sandbox, services)) == 0 })
	return nil
}
