// Package hang holds the promises about a process that exists and does nothing. A hang is proved causally: the process
// stays stopped until it is replaced, and a service without a health check is never replaced.
package hang

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	. "forge.ourworld.tf/lhumina_code/hero_chaos/harness/expect" //nolint:revive // matchers read as part of the language

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/budget"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// The victims' scaled policy: the shipped one's shape in seconds instead of minutes.
const (
	interval        = 1730 * time.Millisecond
	timeout         = 1510 * time.Millisecond
	startPeriod     = 1270 * time.Millisecond
	delay           = 530 * time.Millisecond
	stopTimeout     = 670 * time.Millisecond
	stabilityPeriod = 7 * time.Second
)

const (
	// arms counts the hangs that are proved side by side. They begin at different points of the interval.
	arms = 3
	// unsoundTimeout is the timeout of a check that misses the hang after half a second: long enough for a busy host.
	unsoundTimeout = 5 * time.Second
	// commandTimeout bounds a command that only looks for a program.
	commandTimeout = 10 * time.Second
)

// Specs registers the specs of the theme.
func Specs(chaos *session.Session) {
	Describe("a hung service", spec.About(promise.HangDetected), func() {
		for arm := range arms {
			itIsFound(chaos, promise.HangDetected, fault.SIGSTOP, planChecked(chaos, fmt.Sprintf("hang%d", arm+1)))
		}
	})
	foundSpecs(chaos)
	unseenSpecs(chaos)
	if chaos.Configuration.Profile == config.Faithful {
		shippedSpecs(chaos)
	}
	Describe("a hung service that nobody checks", spec.About(promise.HangControl), func() {
		itIsLeftAlone(chaos, planVictim(chaos, "unchecked"))
	})
	Describe("the probe as the issue gives it", spec.About(promise.HangUnsoundProbe), func() {
		plan := planVictim(chaos, "unsound")
		plan.Probe = issueProbe(plan.Options.Socket)
		itMissesTheHang(chaos, plan.WithHealth(newSchedule(startPeriod), unsoundTimeout))
	})
}

// planVictim plans a victim with the scaled policy and without a health check.
func planVictim(chaos *session.Session, name string) session.VictimPlan {
	return session.NewVictim(name, spec.LimitPolicy(chaos.Target, spec.ScalePolicy(delay, stabilityPeriod))).WithStopTimeout(stopTimeout)
}

func newSchedule(startPeriod time.Duration) zinit.Schedule {
	return zinit.Schedule{Interval: zinit.Milliseconds(interval), StartPeriod: zinit.Milliseconds(startPeriod), Retries: 1}
}

// register holds a victim for the length of the spec, and registers it. On a busy host its check may fail before the hang,
// and with the lease that is no disturbance for others.
func register(ctx SpecContext, sandbox *session.Sandbox, plan session.VictimPlan) session.Service {
	GinkgoHelper()
	spec.Hold(ctx, sandbox, plan.Name)
	return spec.Victim(ctx, sandbox, plan)
}

// issueProbe returns the command of suites/contract/hero_zero.md#issue-probe.
func issueProbe(socket string) string {
	return `echo '{"jsonrpc":"2.0","method":"server.health","id":1}' | socat - UNIX-CONNECT:` + socket
}

// detection returns when a victim's hang is found, counted from the injection.
func detection() budget.Window { return newCheck(startPeriod).Detection(0) }

// newCheck returns the health check of a victim.
func newCheck(startPeriod time.Duration) budget.Check {
	return budget.Check{Interval: interval, Timeout: timeout, StartPeriod: startPeriod, Retries: 1}
}

// describeCheck says how the hang is due to be found.
func describeCheck(sandbox *session.Sandbox) string {
	words := fmt.Sprintf("checked every %s, a check may take %s, 1 failure restarts: due by %s after the fault",
		interval, timeout, span.Text(detection().Latest+stopTimeout))
	if sandbox.Supervisor.Dialect() == zinit.Dialect03 {
		words += "; zinit 0.3 checks a service until it runs, and never again"
	}
	return words
}

func itIsLeftAlone(chaos *session.Session, plan session.VictimPlan) {
	It("is not replaced: "+plan.Name, spec.On(plan.Name), spec.With(fault.SIGSTOP), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
		expectNoRestart(ctx, chaos, sandbox, promise.HangControl, register(ctx, sandbox, plan))
	}, NodeTimeout(time.Minute))
}

func itMissesTheHang(chaos *session.Session, plan session.VictimPlan) {
	It("misses the hang: "+plan.Name, spec.On(plan.Name), spec.With(fault.SIGSTOP), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
		By("look for socat in the image")
		ran, err := sandbox.Agent().Run(ctx, commandTimeout, "/bin/sh", "-c", "command -v socat")
		spec.Conclude(err)
		if ran.ExitCode != 0 {
			spec.Inconclusive("the image has no socat: the issue's probe cannot run there")
		}
		expectNoRestart(ctx, chaos, sandbox, promise.HangUnsoundProbe, register(ctx, sandbox, plan))
	}, NodeTimeout(time.Minute))
}

// expectNoRestart stops a service, and expects that it is not restarted in the time that a checked service may take.
func expectNoRestart(ctx SpecContext, chaos *session.Session, sandbox *session.Sandbox, p string, service session.Service) {
	GinkgoHelper()
	period := detection().Latest + stopTimeout + delay + spec.Tolerance(chaos)
	seen := spec.Inject(ctx, sandbox, session.Injection{
		Promise: p, Service: service, Fault: fault.SIGSTOP, ObservationLimit: period + spec.Tolerance(chaos),
		Terms: record.Terms{Check: budget.RecordCheck(newCheck(startPeriod)), StopTimeout: int64(stopTimeout), Stay: int64(period)},
	})
	spec.Expect(seen, NeverRestart(Within(period)))
}
