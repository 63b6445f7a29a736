// Package processtree holds the promises about the processes of a service: there is one at any time, nothing is left of
// the old one, and nothing stays in the supervisor.
package processtree

import (
	"context"
	"errors"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// The victims' scaled policy and behaviour.
const (
	delay           = 530 * time.Millisecond
	stabilityPeriod = 7 * time.Second
	termDelay       = 610 * time.Millisecond // from SIGTERM to the end
	stopTimeout     = 1370 * time.Millisecond
	startDelay      = 410 * time.Millisecond // from the start to listening
	// successorLimit bounds the wait for the next process. Nothing is judged by it.
	successorLimit = 15 * time.Second
)

// Specs registers the specs of the theme.
func Specs(chaos *session.Session) {
	Describe("a service", spec.About(promise.TreeSingle), spec.Injecting(fault.SIGKILL), func() { singleSpecs(chaos) })
	Describe("the family of a service", spec.Injecting(fault.SIGKILL), func() { familySpecs(chaos) })
	Describe("after 50 restarts", spec.InBackground(enduranceSandbox), spec.Takes(45*time.Second), Ordered, ContinueOnFailure, func() { enduranceSpecs(chaos) })
}

// planVictim plans a victim with the scaled policy.
func planVictim(chaos *session.Session, name string) session.VictimPlan {
	return session.NewVictim(name, spec.LimitPolicy(chaos.Target, spec.ScalePolicy(delay, stabilityPeriod))).WithStopTimeout(stopTimeout)
}

// order makes a service be replaced, for a promise.
type order func(ctx context.Context, sandbox *session.Sandbox, p string, service session.Service) error

func kill(ctx context.Context, sandbox *session.Sandbox, p string, service session.Service) error {
	_, err := sandbox.Inject(ctx, session.Injection{Promise: p, Service: service, Fault: fault.SIGKILL, ObservationLimit: successorLimit})
	return err
}

func restart(ctx context.Context, sandbox *session.Sandbox, _ string, service session.Service) error {
	return sandbox.Supervisor.Restart(ctx, service.Name)
}

// requireTaken ends the spec as INCONCLUSIVE unless an order was taken, or changed nothing.
func requireTaken(err error) {
	GinkgoHelper()
	if !errors.Is(err, zinit.ErrAlreadyInState) {
		spec.Conclude(err)
	}
}
