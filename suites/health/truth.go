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
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

const (
	// truthSandbox is a sandbox of its own: its services are stopped, so that neither they nor zinit's own checks
	// come across whoever is in their place.
	truthSandbox = "truth"
	// hasty is how long a registered probe is waited for in the quick profile. A shipped probe may wait for a reply
	// for as long as the timeout of its action, 90 s; the issue's own passes after half a second.
	hasty = 8 * time.Second
	// slowReply is the slowest reply of a service that is well.
	slowReply = time.Second
)

// row is one line of the truth table: a behaviour, and what every probe has to say of it.
type row struct {
	promise   string
	behaviour victim.Behaviour
	// passes is what a probe has to do; it has to fail otherwise.
	passes bool
	// of says which services can behave like that.
	of func(target.Service) bool
	// unsound is the reason where a probe says the opposite.
	unsound string
}

func anybody(target.Service) bool      { return true }
func withSocket(s target.Service) bool { return s.Socket != "" }
func withPort(s target.Service) bool   { return s.Port != 0 }

const (
	noReply  = "it does not wait for the reply, or does not look at whether there is one"
	noVerify = "it looks at no more than that there is a reply"
)

// atOnce are the behaviours that a probe can see at once.
func atOnce() []row {
	return []row{
		{promise.HealthTruthGood, victim.Good, true, anybody, "it does not ask, or does not take the real service's reply for a good one"},
		{promise.HealthTruthSlow, protocol.Slow, true, anybody, "it does not wait for the reply: a service that is slow and well would be restarted"},
		{promise.HealthTruthAcceptClose, victim.AcceptClose, false, anybody, noReply},
		{promise.HealthTruthRPCError, victim.Error, false, withSocket, noVerify},
		{promise.HealthTruthHTTPError, victim.Error, false, withPort, "it does not look at the status code"},
		{promise.HealthTruthStale, protocol.Stale, false, withSocket, "it does not connect, or does not look at whether it could"},
		{promise.HealthTruthMissing, protocol.Missing, false, anybody, "it does not connect, or does not look at whether it could"},
		{promise.HealthTruthWrongID, victim.WrongID, false, withSocket, "it does not compare the id of the reply with its own"},
		{promise.HealthTruthUnhealthy, victim.Unhealthy, false, anybody, "it does not read the status in the reply"},
	}
}

// waiting are the behaviours that a probe finds out by waiting for as long as it ever waits.
func waiting() []row {
	return []row{
		{promise.HealthTruthStopped, protocol.Stopped, false, anybody, noReply},
		{promise.HealthTruthMute, victim.Mute, false, anybody, noReply},
		{promise.HealthTruthBacklog, protocol.Backlog, false, anybody, "it does not look at whether it could connect"},
		{promise.HealthTruthHalf, victim.Half, false, anybody, "it does not look at whether the reply is complete"},
		{promise.HealthTruthDrip, victim.Drip, false, anybody, "it does not look at whether the reply is complete"},
	}
}

// truthTable runs every registered probe against every behaviour. All of a row is one spec, and all its services
// are tried at once.
func truthTable(chaos *session.Session) {
	services := chaos.Target.Restartable()
	if len(services) == 0 {
		return // nothing is registered that could be unsound
	}
	Describe("the registered probes", spec.Long, func() {
		table := &table{chaos: chaos, services: services, checks: map[string]map[string]zinit.Action{}}
		for _, row := range atOnce() {
			table.holds(row, truthSandbox)
		}
		for _, row := range waiting() {
			table.isNotHasty(row)
			if chaos.Configuration.Profile == session.Faithful {
				table.holds(row, truthSandbox+"-"+string(row.behaviour)) // its probes wait for so long that nobody else may
			}
		}
	})
}

// table is the truth table of a target.
type table struct {
	chaos    *session.Session
	services []target.Service

	preparing sync.Mutex
	checks    map[string]map[string]zinit.Action // by sandbox that is prepared, and by service
}

// cell is what a registered probe did.
type cell struct {
	service target.Service
	check   zinit.Action
	limit   time.Duration
	tried   protocol.Tried
	err     error
}

// holds is a row: every probe passes, or fails, as it has to.
func (t *table) holds(r row, where string) {
	verb := map[bool]string{true: "pass", false: "fail against"}[r.passes]
	It(fmt.Sprintf("%s %s", verb, who(r.behaviour)), spec.About(r.promise), func(ctx SpecContext) {
		cells := t.row(ctx, r, where, func(check zinit.Action) time.Duration {
			limit := check.Timeout.Duration()
			if t.chaos.Configuration.Profile == session.Quick || limit == 0 {
				limit = hasty
			}
			return limit
		})
		t.judge(r, r.promise, cells)
	}, NodeTimeout(10*time.Minute))
}

// isNotHasty is what can be said without waiting for as long as a probe may: a probe that still waits when the limit
// is over has neither passed nor failed, and holds this promise alone.
func (t *table) isNotHasty(r row) {
	p := promise.HealthNoHastyPass
	if found, _ := promise.Find(r.promise); found.Severity == promise.Advisory {
		p = promise.HealthNoHastyAdvice
	}
	It(fmt.Sprintf("do not pass %s within %s", who(r.behaviour), hasty), spec.About(p), spec.WithBehaviour(r.behaviour), func(ctx SpecContext) {
		cells := t.row(ctx, r, truthSandbox, func(zinit.Action) time.Duration { return hasty })
		for i := range cells {
			cells[i].limit = 0 // to wait is right
		}
		t.judge(r, p, cells)
	}, NodeTimeout(10*time.Minute))
}

// row tries all services at once.
func (t *table) row(ctx SpecContext, r row, where string, limit func(zinit.Action) time.Duration) []cell {
	GinkgoHelper()
	sandbox := spec.Background(ctx, t.chaos, where)
	checks := t.prepare(ctx, sandbox)
	services := slices.DeleteFunc(slices.Clone(t.services), func(s target.Service) bool { return !r.of(s) })
	if len(services) == 0 {
		spec.Inconclusive("no service of the target could behave like that")
	}
	cells := make([]cell, len(services))
	var trying sync.WaitGroup
	for i, service := range services {
		check := checks[service.Name]
		cells[i] = cell{service: service, check: check, limit: limit(check)}
		if check.Name == "" {
			cells[i].err = fmt.Errorf("%s has no registered health check", service.Name)
			continue
		}
		trying.Go(func() {
			cells[i].tried, cells[i].err = sandbox.Agent().Try(ctx, protocol.TrialParams{
				Endpoint: session.EndpointOf(service), Behaviour: r.behaviour, Delay: delayOf(r.behaviour, check),
				Exec: check.Exec, Env: check.Env, Dir: check.Dir,
				SupervisorPID: sandbox.SupervisorPID(), Limit: cells[i].limit,
			})
		})
	}
	trying.Wait()
	return cells
}

// delayOf is how slow somebody is: a reply that drips would take longer than the check may.
func delayOf(behaviour victim.Behaviour, check zinit.Action) time.Duration {
	switch behaviour {
	case protocol.Slow:
		return slowReply
	case victim.Drip:
		return 2 * max(check.Timeout.Duration(), time.Minute)
	}
	return 0
}

// who says in words what a behaviour is.
func who(behaviour victim.Behaviour) string {
	words := map[victim.Behaviour]string{
		victim.Good: "a service that is well", protocol.Slow: "a service that is slow and well",
		victim.AcceptClose: "a service that closes every connection", victim.Error: "a service that answers with an error",
		protocol.Stale: "a socket that nobody listens on", protocol.Missing: "a service that is not there",
		victim.WrongID: "the reply to another request", victim.Unhealthy: "a service that says that it is unhealthy",
		protocol.Stopped: "a service that is stopped", victim.Mute: "a service that never answers",
		protocol.Backlog: "a service that takes no more connections",
		victim.Half:      "a service that sends half a reply", victim.Drip: "a reply that drips",
	}
	return words[behaviour]
}

// prepare has the good replies remembered and stops the services, once in this process, and returns their checks.
// Others may do the same at the same time.
func (t *table) prepare(ctx context.Context, sandbox *session.Sandbox) map[string]zinit.Action {
	GinkgoHelper()
	t.preparing.Lock()
	defer t.preparing.Unlock()
	if checks, done := t.checks[sandbox.Name]; done {
		return checks
	}
	var endpoints []protocol.Endpoint
	for _, service := range t.services {
		endpoints = append(endpoints, session.EndpointOf(service))
	}
	_, err := sandbox.Agent().Recall(ctx, endpoints...)
	spec.Conclude(err)
	checks := map[string]zinit.Action{}
	for _, service := range t.services {
		registered, err := healthChecks(ctx, sandbox, service.Name)
		spec.Conclude(err)
		if len(registered) > 0 {
			checks[service.Name] = registered[0]
		}
		spec.Conclude(sandbox.Dismiss(ctx, service.Name))
	}
	for _, service := range t.services {
		_ = sandbox.Supervisor.Stop(ctx, service.Name) // whoever was stopped already is no error; what counts comes next
	}
	stopped := spec.Until(ctx, t.chaos.Target.Budgets.StopTimeout.Duration()+late, func(ctx context.Context) bool {
		statuses, err := sandbox.Supervisor.List(ctx)
		return err == nil && !slices.ContainsFunc(statuses, func(s zinit.Status) bool {
			return s.PID != 0 && slices.ContainsFunc(t.services, func(ours target.Service) bool { return ours.Name == s.Name })
		})
	})
	if !stopped {
		spec.Inconclusive("the services of the sandbox could not be stopped, so that nobody can be put in their place")
	}
	t.checks[sandbox.Name] = checks
	return checks
}

// judge names the probes that say the opposite of the truth. A probe that could not be tried leaves the row open.
func (t *table) judge(r row, p string, cells []cell) {
	GinkgoHelper()
	var unsound [][2]string
	var open []string
	for _, cell := range cells {
		exit := cell.tried.Ran.ExitCode
		switch {
		case cell.err != nil:
			open = append(open, cell.err.Error())
		case cell.tried.Ran.TimedOut && cell.limit != cell.check.Timeout.Duration() && cell.limit != 0:
			open = append(open, fmt.Sprintf("%s had not ended after %s, and may take %s", cell.check.Name, span.Text(cell.limit), cell.check.Timeout))
		case (exit == 0) == r.passes && (r.passes || cell.tried.Control.ExitCode == 0):
		case !r.passes && exit != 0:
			open = append(open, fmt.Sprintf("%s fails against a service that is well too: that it fails here says nothing", cell.check.Name))
		default:
			unsound = append(unsound, [2]string{"unsound", told(cell)})
		}
	}
	if len(unsound) > 0 {
		unsound = append(unsound, [2]string{"because", r.unsound})
		verb := map[bool]string{true: "do not pass", false: "pass"}[r.passes]
		spec.FailWith(t.chaos, fmt.Sprintf("%d of %d registered probes %s %s", len(unsound)-1, len(cells), verb, who(r.behaviour)), unsound...)
	}
	if len(open) > 0 {
		spec.Inconclusive(fmt.Sprintf("%d of %d registered probes could not be judged: %s", len(open), len(cells), strings.Join(open[:1], "")))
	}
}

// told says what a probe did.
func told(c cell) string {
	end := fmt.Sprintf("exits %d", c.tried.Ran.ExitCode)
	if c.tried.Ran.TimedOut {
		end = "had not ended"
	}
	text := fmt.Sprintf("%s %s after %s: %s", c.check.Name, end, span.Text(c.tried.Ran.Took), c.check.Exec)
	if output := strings.TrimSpace(c.tried.Ran.Output); output != "" {
		text += fmt.Sprintf(" (says %q)", output)
	}
	return text
}
