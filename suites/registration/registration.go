// Package registration holds what is promised of definitions: they are kept as they were given, take effect, belong
// to somebody, go away with their service, and are refused where they cannot be meant.
package registration

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	. "forge.ourworld.tf/lhumina_code/hero_chaos/harness/expect" //nolint:revive // matchers read as part of the language

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/budget"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// The scaled policy, with odd values so that a slip of units shows (design, "Two profiles").
const (
	delay       = 730 * time.Millisecond
	stopTimeout = 670 * time.Millisecond
	stability   = 7 * time.Second
)

const (
	// answering is how soon the supervisor answers, and starts what it can (contract zinit-0.4, Semantics 8 and 10).
	answering = 2 * time.Second
	// starting is what a victim is granted from its process to its first reply on a busy host.
	starting = 2 * time.Second
	// limit bounds a spec.
	limit = time.Minute
)

// ownSandbox is where definitions are tried that could hurt the supervisor.
const ownSandbox = "registration"

// Specs are the theme's.
func Specs(chaos *session.Session) {
	Describe("a definition", func() {
		isReadBack(chaos)
		isSetAgain(chaos)
	})
	Describe("an action's name", func() { belongsToOne(chaos) })
	Describe("a dependency", func() { isJudged(chaos) })
	Describe("a deleted service", func() { isGone(chaos) })
	Describe("a bad definition", func() { isRefused(chaos) })
	Describe("an unusual definition", func() { isTaken(chaos) })
	Describe("the image", func() {
		usesTheRPCOnly(chaos)
		isRegisteredAsExpected(chaos)
	})
}

// ground is a sandbox with all the ways to its supervisor.
type ground struct {
	*session.Sandbox
	chaos   *session.Session
	client  *zinit.Client
	dialect zinit.Dialect
}

// shared is the main sandbox, for what can do no harm.
func shared(ctx context.Context, chaos *session.Session) ground {
	GinkgoHelper()
	return on(chaos, spec.Sandbox(ctx, chaos, session.MainSandbox))
}

// alone is a sandbox of the theme's own; where the supervisor is zinit 0.3, which is known to lock up or to abort
// over some definitions, it is the experiment's own.
func alone(ctx context.Context, chaos *session.Session, experiment string) ground {
	GinkgoHelper()
	name := ownSandbox
	if shared(ctx, chaos).dialect == zinit.Dialect03 {
		name += "-" + experiment
	}
	return on(chaos, spec.Sandbox(ctx, chaos, name))
}

func on(chaos *session.Session, sandbox *session.Sandbox) ground {
	GinkgoHelper()
	dialect := sandbox.Supervisor.Dialect()
	if dialect != zinit.Dialect04 && dialect != zinit.Dialect03 {
		spec.Inconclusive(fmt.Sprintf("definitions need zinit's RPC, and only its dialect %s is understood here", dialect))
	}
	return ground{Sandbox: sandbox, chaos: chaos, client: zinit.NewClient(sandbox.ZinitDialer()), dialect: dialect}
}

// needsJobModel ends the spec where services do not consist of actions.
func (g ground) needsJobModel(what string) ground {
	GinkgoHelper()
	if g.dialect != zinit.Dialect04 {
		spec.Inconclusive(fmt.Sprintf("zinit %s has no %s", g.dialect, what))
	}
	return g
}

// aloneWithActions is alone, where services consist of actions.
func aloneWithActions(ctx context.Context, chaos *session.Session, what string) ground {
	GinkgoHelper()
	shared(ctx, chaos).needsJobModel(what)
	return alone(ctx, chaos, "actions")
}

// mend starts the container again at the end of the spec where its supervisor no longer answers, so that nobody
// waits for it. Other specs are at work there: one that its image starts again by itself is waited for. Cleanups run the
// last first: called after the victims were registered, it spares their removal the wait.
func (g ground) mend() {
	DeferCleanup(func(ctx SpecContext) {
		answers := spec.Until(ctx, zinit.CallTimeout, func(ctx context.Context) bool {
			quick, cancel := context.WithTimeout(ctx, answering)
			defer cancel()
			_, err := g.Supervisor.List(quick)
			return err == nil
		})
		if !answers {
			_, _ = g.Interrupt(ctx, session.Restart, time.Second)
		}
	}, NodeTimeout(limit))
}

// set sends a definition as it is, also where the service is there already.
func (g ground) set(ctx context.Context, definition zinit.Definition) error {
	documents, err := zinit.Documents(g.dialect, definition)
	if err != nil {
		return err
	}
	for _, document := range documents {
		if _, err := g.client.Call(ctx, document.Method, document.Params); err != nil {
			return err
		}
	}
	return nil
}

// refused tells whether the supervisor itself said no. What cannot be said to it is no word of its: that ends the spec.
func refused(err error) bool {
	GinkgoHelper()
	if errors.Is(err, zinit.ErrNotExpressible) {
		spec.Conclude(err)
	}
	var answer *zinit.Error
	return errors.As(err, &answer)
}

// forget deletes a service at the end of the spec, whether it came to be or not; but for zinit 0.3, as in Discard.
func (g ground) forget(name string) {
	if g.dialect == zinit.Dialect03 {
		return
	}
	DeferCleanup(func(ctx SpecContext) { _ = g.Supervisor.Delete(ctx, name) }, NodeTimeout(30*time.Second))
}

// instances are the processes of a victim: those that hold its socket's name in their arguments.
func (g ground) instances(ctx context.Context, plan session.VictimPlan) []protocol.Process {
	GinkgoHelper()
	table, err := g.Agent().Processes(ctx)
	spec.Conclude(err)
	return slices.DeleteFunc(table, func(process protocol.Process) bool {
		return process.State == "Z" || !slices.ContainsFunc(process.Argv, func(word string) bool {
			return strings.HasSuffix(word, plan.Options.Socket)
		}) || slices.Contains(process.Argv, "probe")
	})
}

// runs tells whether the victim serves and the supervisor calls it running.
func (g ground) runs(ctx context.Context, plan session.VictimPlan) bool {
	status, err := g.Supervisor.Status(ctx, plan.Name)
	if err != nil || status.State != zinit.StateRunning {
		return false
	}
	_, err = g.Agent().Identify(ctx, protocol.IdentifyParams{Endpoint: plan.Endpoint(), SupervisorPID: g.SupervisorPID()})
	return err == nil
}

// comesBack kills a service and expects it back by the policy that is in force.
func (g ground) comesBack(ctx context.Context, p string, service session.Service) record.Recovery {
	GinkgoHelper()
	tolerance := g.chaos.Target.Budgets.Tolerance.Duration()
	seen := g.killed(ctx, p, service)
	due := service.Policy.DelayOfRetry(1)
	spec.Expect(seen,
		Respawn(NotBefore(due), Within(due), Tolerance(tolerance)),
		Serve(Within(due+starting), Tolerance(tolerance)),
	)
	return seen
}

func (g ground) killed(ctx context.Context, p string, service session.Service) record.Recovery {
	GinkgoHelper()
	due := budget.AfterExit(service.Policy, 1, 0, g.Jitter())
	return spec.Inject(ctx, g.Sandbox, session.Injection{
		Promise: p, Service: service, Fault: fault.SIGKILL,
		Window: service.Policy.DelayOfRetry(1) + starting + time.Second, Policy: budget.Policy(service.Policy, due.Respawn),
	})
}

// policy restarts after the same delay every time, so that a second kill is due as the first.
func policy(chaos *session.Session, after time.Duration) zinit.RetryPolicy {
	return spec.LimitPolicy(chaos.Target, zinit.RetryPolicy{
		MaxAttempts: 20, Delay: zinit.Milliseconds(after), Backoff: zinit.BackoffNone,
		MaxDelay: zinit.Milliseconds(60 * delay), StabilityPeriod: zinit.Milliseconds(stability),
	})
}

// seldom is the schedule of a health check that is there to be registered: one run falls into a spec (zinit 0.3 calls
// nothing running before), and never as many as a busy host would have to fail.
func seldom() zinit.Schedule {
	return zinit.Schedule{Interval: ms(97_003), StartPeriod: ms(1_270), Retries: 3}
}

func victim(chaos *session.Session, name string) session.VictimPlan {
	return session.NewVictim(name, policy(chaos, delay)).WithStopTimeout(stopTimeout)
}

// about is a spec of a promise, on a service where one is its subject.
func about(p, text, subject string, body func(ctx SpecContext), labels ...any) {
	labels = append(labels, spec.About(p), body, NodeTimeout(limit))
	if subject != "" {
		labels = append(labels, spec.On(subject))
	}
	It(text, labels...)
}

// shippedNames are the services that the image brings, by the supervisor's own word.
func (g ground) shippedNames(ctx context.Context) []string {
	GinkgoHelper()
	list, err := g.Supervisor.List(ctx)
	spec.Conclude(err)
	var names []string
	for _, status := range list {
		if !strings.HasPrefix(status.Name, session.VictimName("")) {
			names = append(names, status.Name)
		}
	}
	if len(names) == 0 {
		spec.Inconclusive("the image ships no service")
	}
	return names
}

// broken fails the spec.
func (g ground) broken(p, service, headline string, lines ...[2]string) {
	GinkgoHelper()
	spec.FailWith(g.chaos, headline, lines...)
}
