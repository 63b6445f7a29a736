package registration

import (
	"context"
	"fmt"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// isRegisteredAsExpected is the spec of the shipped numbers. Most of them show only after minutes, and some after an hour.
func isRegisteredAsExpected(chaos *session.Session) {
	about(promise.RegistrationShippedPolicy, "is registered with the policies that are expected", "", func(ctx SpecContext) {
		g := shared(ctx, chaos).needsJobModel("actions with a policy")
		if chaos.Target.Policy == (zinit.RetryPolicy{}) || len(chaos.Target.Restartable()) == 0 {
			spec.Inconclusive("the target file expects no policy, or no service")
		}
		var lines [][2]string
		for _, shipped := range chaos.Target.Restartable() {
			lines = append(lines, g.unexpected(ctx, chaos.Shipped(shipped))...)
		}
		if len(lines) > 0 {
			count := len(lines)
			if count > listed {
				lines = append(lines[:listed], [2]string{"more", fmt.Sprintf("%d policies", count-listed)})
			}
			g.broken(promise.RegistrationShippedPolicy, "", fmt.Sprintf("%d policies of the image are not those that are expected", count), lines...)
		}
	})
}

// unexpected lists what of a service's actions is not as the target file has it. A service that is not there, or has no
// action of a kind, is another promise's to judge.
func (g ground) unexpected(ctx context.Context, service session.Service) [][2]string {
	GinkgoHelper()
	actions, err := g.Supervisor.Actions(ctx, service.Name)
	if refused(err) {
		return nil
	}
	spec.Conclude(err)
	health := g.chaos.Target.Health
	var lines [][2]string
	for _, action := range actions {
		switch {
		case (action.Kind == zinit.KindRun || action.Kind == "") && !action.Oneshot && (action.Retry == nil || *action.Retry != service.Policy):
			lines = append(lines, [2]string{"retry", fmt.Sprintf("%s: %s; expected %s", action.Name, policyText(action.Retry), policyText(&service.Policy))})
		case action.Kind != zinit.KindHealth || health.Interval == 0:
		case action.Schedule == nil || action.Schedule.Interval != health.Interval:
			lines = append(lines, [2]string{"health", fmt.Sprintf("%s does not run every %s", action.Name, health.Interval)})
		case action.Timeout != health.Timeout:
			lines = append(lines, [2]string{"health", fmt.Sprintf("%s has the timeout %s, and %s is expected", action.Name, action.Timeout, health.Timeout)})
		}
	}
	return lines
}

func policyText(policy *zinit.RetryPolicy) string {
	if policy == nil {
		return "none"
	}
	return fmt.Sprintf("%d attempts, %s %s up to %s, stable after %s",
		policy.MaxAttempts, policy.Delay, policy.Backoff, policy.MaxDelay, policy.StabilityPeriod)
}
