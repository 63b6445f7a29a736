package health

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// slowDelay delays the slowest good reply.
const slowDelay = time.Second

// trial is one registered probe against one behaviour.
type trial struct {
	check zinit.Action
	limit time.Duration
	tried protocol.TrialResult
	err   error
}

// try runs the probes of all services to which a row applies, at once.
func (t *table) try(ctx SpecContext, sandbox *session.Sandbox, r row, limit func(zinit.Action) time.Duration) []trial {
	GinkgoHelper()
	checks := t.prepare(ctx, sandbox)
	services := slices.DeleteFunc(slices.Clone(t.services), func(s target.Service) bool { return !r.applies(s) })
	if len(services) == 0 {
		spec.Inconclusive("no service of the target could behave like that")
	}
	By(fmt.Sprintf("run %s against %s", spec.Count(len(services), "registered probe"), behaviours[r.behaviour]))
	trials := make([]trial, len(services))
	var trying sync.WaitGroup
	for i, service := range services {
		check := checks[service.Name]
		trials[i] = trial{check: check, limit: limit(check)}
		if check.Name == "" {
			trials[i].err = fmt.Errorf("%s has no registered health check", service.Name)
			continue
		}
		trying.Go(func() {
			trials[i].tried, trials[i].err = sandbox.Agent().Try(ctx, newTrial(sandbox, service, check, r.behaviour, trials[i].limit))
		})
	}
	trying.Wait()
	return trials
}

// newTrial returns the run of a service's check with an impostor in the service's place.
func newTrial(sandbox *session.Sandbox, service target.Service, check zinit.Action, b victim.Behaviour, limit time.Duration) protocol.TrialParams {
	return protocol.TrialParams{
		Endpoint: session.EndpointOf(service), Behaviour: b, Delay: replyDelay(b, check),
		Exec: check.Exec, Env: check.Env, Dir: check.Dir, SupervisorPID: sandbox.SupervisorPID(), Limit: limit,
	}
}

// replyDelay returns how slow a behaviour is. A reply that drips takes longer than the check may.
func replyDelay(behaviour victim.Behaviour, check zinit.Action) time.Duration {
	switch behaviour {
	case protocol.Slow:
		return slowDelay
	case victim.Drip:
		return 2 * max(check.Timeout.Duration(), time.Minute)
	}
	return 0
}

// prepare has the agent remember the good replies, stops the services, and returns their checks. It does so once in this
// process; other processes may do the same at the same time.
func (t *table) prepare(ctx context.Context, sandbox *session.Sandbox) map[string]zinit.Action {
	GinkgoHelper()
	By("wait until the sandbox " + sandbox.Name + " is prepared")
	t.preparing.Lock()
	defer t.preparing.Unlock()
	if checks, done := t.checks[sandbox]; done {
		return checks
	}
	By("remember the good replies of all services in " + sandbox.Name)
	var endpoints []protocol.Endpoint
	for _, service := range t.services {
		endpoints = append(endpoints, session.EndpointOf(service))
	}
	_, err := sandbox.Agent().Recall(ctx, endpoints...)
	spec.Conclude(err)

	By("stop all services in " + sandbox.Name)
	checks := map[string]zinit.Action{}
	for _, service := range t.services {
		registered, err := listHealthChecks(ctx, sandbox, service.Name)
		spec.Conclude(err)
		if len(registered) > 0 {
			checks[service.Name] = registered[0]
		}
	}
	stopped, err := spec.StopServices(ctx, sandbox, t.services, t.chaos.Target.Budgets.StopTimeout.Duration()+overdueLimit)
	spec.Conclude(err)
	if !stopped {
		spec.Inconclusive("the services of the sandbox could not be stopped, so that nobody can be put in their place")
	}
	t.checks[sandbox] = checks
	return checks
}

// judge fails the spec if a probe says the opposite of the truth. A probe that could not be tried leaves the row open.
func (t *table) judge(ctx context.Context, sandbox *session.Sandbox, r row, trials []trial) {
	GinkgoHelper()
	var unsound, open []string
	var first *trial
	for _, trial := range trials {
		exit := trial.tried.Ran.ExitCode
		switch {
		case trial.err != nil:
			open = append(open, trial.err.Error())
		case trial.tried.Ran.TimedOut && trial.limit != trial.check.Timeout.Duration() && trial.limit != 0:
			open = append(open, fmt.Sprintf("%s had not ended after %s, and may take %s", trial.check.Name, span.Text(trial.limit), trial.check.Timeout))
		case (exit == 0) == r.passes && (r.passes || trial.tried.Control.ExitCode == 0):
		case !r.passes && exit != 0:
			open = append(open, fmt.Sprintf("%s fails against a service that is well too: that it fails here says nothing", trial.check.Name))
		default:
			unsound = append(unsound, trial.String())
			if first == nil {
				first = &trial
			}
		}
	}
	if len(unsound) > 0 {
		t.tellRemedy(ctx, sandbox, r, *first)
		verb := map[bool]string{true: "do not pass", false: "pass"}[r.passes]
		spec.FailWith(t.chaos, fmt.Sprintf("%d of %d registered probes %s %s", len(unsound), len(trials), verb, behaviours[r.behaviour]),
			append(spec.List("unsound", unsound), spec.Line{"because", r.unsound})...)
	}
	if len(open) > 0 {
		spec.Inconclusive(fmt.Sprintf("%d of %d registered probes could not be judged: %s", len(open), len(trials), open[0]))
	}
}

// String says how the probe ended.
func (t trial) String() string {
	end := fmt.Sprintf("exits %d", t.tried.Ran.ExitCode)
	if t.tried.Ran.TimedOut {
		end = "had not ended"
	}
	text := fmt.Sprintf("%s %s after %s: %s", t.check.Name, end, span.Text(t.tried.Ran.Took), t.check.Exec)
	if output := strings.TrimSpace(t.tried.Ran.Output); output != "" {
		text += fmt.Sprintf(" (says %q)", output)
	}
	return text
}
