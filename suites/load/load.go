// Package load holds what is promised when much happens at once: all services die, one floods its log, the whole
// container is paused. It has a container of its own.
package load

import (
	"context"
	"errors"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// herdSandbox is the theme's own.
const herdSandbox = "herd"

// The scaled policy and health check of the theme's victims.
const (
	interval        = 1730 * time.Millisecond
	checkTimeout    = 910 * time.Millisecond
	startPeriod     = 1270 * time.Millisecond
	delay           = 530 * time.Millisecond
	stopTimeout     = 670 * time.Millisecond
	stabilityPeriod = 7 * time.Second
)

// specTimeout bounds a spec that has gone wrong; nothing is judged by it.
const specTimeout = 3 * time.Minute

// Specs registers the specs of the theme.
func Specs(chaos *session.Session) {
	Describe("under load", spec.In(herdSandbox), spec.Takes(time.Minute), spec.Long, Ordered, ContinueOnFailure, func() {
		herd(chaos)
		flood(chaos)
		longLog(chaos)
		clients(chaos)
		paused(chaos)
	})
}

// planVictim plans a victim with the scaled policy.
func planVictim(name string) session.VictimPlan {
	return session.NewVictim(name, spec.ScalePolicy(delay, stabilityPeriod)).WithStopTimeout(stopTimeout)
}

// findShipped returns the services of the target that served after the start.
func findShipped(chaos *session.Session, sandbox *session.Sandbox) (services []session.Service) {
	missing, _ := sandbox.Boot()
	for _, shipped := range chaos.Target.Restartable() {
		if _, absent := missing[shipped.Name]; !absent {
			services = append(services, chaos.Shipped(shipped))
		}
	}
	return services
}

// identify returns the process that serves a service. An error proves nothing.
func identify(ctx context.Context, sandbox *session.Sandbox, service session.Service) (record.Incarnation, error) {
	process, err := spec.FindProcess(ctx, sandbox, service.Endpoint)
	if err != nil {
		return process, recovery.NotProved(fmt.Sprintf("%s could not be identified: %v", service.Name, err))
	}
	return process, nil
}

// judgeAnswers judges what the supervisor answered while something went on.
func judgeAnswers(chaos *session.Session, during string, seen spec.Answers) {
	GinkgoHelper()
	slowest := fmt.Sprintf("%s, of %d questions", span.Text(seen.Slowest.Took), seen.Asked)
	late, doubtful := seen.Judge(spec.AnswerLimit)
	switch {
	case seen.Asked == 0:
		spec.Inconclusive("the supervisor was not asked anything")
	case doubtful:
		spec.InconclusiveBecause(record.HostStalled("a late answer says nothing of the supervisor"))
	case late:
		spec.FailWith(chaos, fmt.Sprintf("the supervisor did not answer %s within %s, during the %s", seen.Worst.Method, spec.AnswerLimit, during),
			spec.Note("worst", "%s, of %d questions", span.Text(seen.Worst.Took), seen.Asked),
			spec.Note("control", "the agent beside it answered within %s", span.Text(seen.Worst.AgentDelay)))
	case errors.Is(seen.Refused.Err, zinit.ErrNotExpressible):
		spec.Conclude(seen.Refused.Err)
	case seen.Refused.Err != nil:
		spec.FailWith(chaos, fmt.Sprintf("the supervisor answered %s with an error, during the %s", seen.Refused.Method, during),
			spec.Note("error", "%v", seen.Refused.Err), spec.Note("worst", "%s", slowest))
	}
	AddReportEntry("worst latency of the supervisor's RPC during the "+during, slowest, ReportEntryVisibilityNever)
}
