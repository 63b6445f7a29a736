// Package hang holds what is promised of a process that is there and does nothing. A hang is proved causally:
// the process stays stopped until it is replaced, and one that nobody checks is never replaced.
package hang

import (
	"context"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	. "forge.ourworld.tf/lhumina_code/hero_chaos/harness/expect" //nolint:revive // matchers read as part of the language

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/budget"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// The scaled policy: the shipped one's shape in seconds instead of minutes, with odd values so that a slip of
// units shows (design, "Two profiles").
const (
	interval    = 1730 * time.Millisecond
	timeout     = 1510 * time.Millisecond
	startPeriod = 1270 * time.Millisecond
	delay       = 530 * time.Millisecond
	stopTimeout = 670 * time.Millisecond
	stability   = 7 * time.Second
)

// arms is how many hangs are proved side by side: they begin at different points of the interval.
const arms = 3

// unsoundWait is how long the probe waits for a reply before it exits 0 (contract hero_zero: half a
// second), and unsoundLimit is far above it.
const unsoundLimit = 10 * time.Second

// unsoundTimeout is far above that half second, so that a busy host does not make a check fail that misses the hang.
const unsoundTimeout = 5 * time.Second

// Specs are the theme's.
func Specs(chaos *session.Session) {
	Describe("a hung service", spec.About(promise.HangDetected), func() {
		for arm := range arms {
			isReplaced(chaos, checkedVictim(chaos, fmt.Sprintf("hang%d", arm+1)))
		}
	})
	stops(chaos)
	limits(chaos)
	if chaos.Configuration.Profile == session.Faithful {
		shipped(chaos)
	}
	Describe("a hung service that nobody checks", spec.About(promise.HangControl), func() {
		isLeftAlone(chaos, promise.HangControl, session.NewVictim("unchecked", policy(chaos)).WithStopTimeout(stopTimeout))
	})
	Describe("the probe as the issue gives it", spec.About(promise.HangUnsoundProbe), func() {
		plan := session.NewVictim("unsound", policy(chaos))
		plan.Probe = unsoundProbe(plan.Options.Socket)
		missesTheHang(chaos, plan.WithHealth(schedule(), unsoundTimeout).WithStopTimeout(stopTimeout))
	})
}

// admit registers a victim and holds it for the length of the spec: on a busy host its check may fail before it was
// made to hang, and that is nobody else's disturbance.
func admit(ctx context.Context, sandbox *session.Sandbox, plan session.VictimPlan) session.Service {
	GinkgoHelper()
	spec.Hold(ctx, sandbox, plan.Name)
	return spec.Victim(ctx, sandbox, plan)
}

func policy(chaos *session.Session) zinit.RetryPolicy {
	return spec.LimitPolicy(chaos.Target, spec.ScalePolicy(delay, stability))
}

func schedule() zinit.Schedule {
	return zinit.Schedule{Interval: zinit.Milliseconds(interval), StartPeriod: zinit.Milliseconds(startPeriod), Retries: 1}
}

// unsoundProbe is the line that the issue gives (contract hero_zero, "The probe that the issue gives").
func unsoundProbe(socket string) string {
	return `echo '{"jsonrpc":"2.0","method":"server.health","id":1}' | socat - UNIX-CONNECT:` + socket
}

// detection is when a victim's hang is found, counted from the injection.
func detection() budget.Window {
	return budget.Check{
		Interval: interval, Timeout: timeout, StartPeriod: startPeriod, Retries: 1,
	}.Detection(0)
}

func isReplaced(chaos *session.Session, plan session.VictimPlan) {
	It("is found by its health check and replaced: "+plan.Name, spec.On(plan.Name), spec.With(fault.SIGSTOP), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
		service := admit(ctx, sandbox, plan)
		tolerance := chaos.Target.Budgets.Tolerance.Duration()
		found := detection()
		due := budget.AfterHang(found, stopTimeout, budget.AfterExit(plan.Policy, 1, tolerance, sandbox.Jitter()))

		recovery := spec.Inject(ctx, sandbox, session.Injection{
			Promise: promise.HangDetected, Service: service, Fault: fault.SIGSTOP, Window: due.Serving.Latest + 2*tolerance,
			Policy: checked(sandbox, found),
		})
		spec.Expect(recovery,
			Exit(Within(found.Latest+stopTimeout), Tolerance(tolerance)),
			Respawn(NotBefore(delay), Within(delay), Tolerance(tolerance)),
			Serve(Within(delay+tolerance), Tolerance(tolerance)),
			LeaveOthersAlone(),
		)
	}, NodeTimeout(time.Minute))
}

// checked says in words how the hang was due to be found.
func checked(sandbox *session.Sandbox, found budget.Window) string {
	words := fmt.Sprintf("checked every %s, a check may take %s, 1 failure restarts: due by %s after the fault",
		interval, timeout, span.Text(found.Latest+stopTimeout))
	if sandbox.Supervisor.Dialect() == zinit.Dialect03 {
		words += "; zinit 0.3 checks a service until it runs, and never again"
	}
	return words
}

func isLeftAlone(chaos *session.Session, p string, plan session.VictimPlan) {
	It("is not replaced: "+plan.Name, spec.On(plan.Name), spec.With(fault.SIGSTOP), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
		service := admit(ctx, sandbox, plan)
		staysStopped(ctx, chaos, sandbox, p, service)
	}, NodeTimeout(time.Minute))
}

// staysStopped watches for as long as a checked service may take to be replaced.
func staysStopped(ctx SpecContext, chaos *session.Session, sandbox *session.Sandbox, p string, service session.Service) {
	GinkgoHelper()
	window := detection().Latest + stopTimeout + delay + chaos.Target.Budgets.Tolerance.Duration()
	recovery := spec.Inject(ctx, sandbox, session.Injection{
		Promise: p, Service: service, Fault: fault.SIGSTOP, Window: window + chaos.Target.Budgets.Tolerance.Duration(),
	})
	spec.Expect(recovery, NeverRestart(Within(window)))
}

func missesTheHang(chaos *session.Session, plan session.VictimPlan) {
	It("misses the hang: "+plan.Name, spec.On(plan.Name), spec.With(fault.SIGSTOP), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
		ran, err := sandbox.Agent().Run(ctx, unsoundLimit, "/bin/sh", "-c", "command -v socat")
		spec.Conclude(err)
		if ran.ExitCode != 0 {
			spec.Inconclusive("the image has no socat: the issue's probe cannot run there")
		}
		service := admit(ctx, sandbox, plan)
		staysStopped(ctx, chaos, sandbox, promise.HangUnsoundProbe, service)
	}, NodeTimeout(time.Minute))
}
