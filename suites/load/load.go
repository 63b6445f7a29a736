// Package load holds what is promised when everything happens at once: all services die, one floods its log,
// the whole container is paused. It has a container of its own.
package load

import (
	"context"
	"fmt"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// herdSandbox is the theme's own.
const herdSandbox = "herd"

// The scaled policy of the theme's victims (design, "Two profiles").
const (
	interval    = 1730 * time.Millisecond
	timeout     = 910 * time.Millisecond
	startPeriod = 1270 * time.Millisecond
	delay       = 530 * time.Millisecond
	stopTimeout = 670 * time.Millisecond
	stability   = 7 * time.Second
)

// outer bounds a spec that has gone wrong; nothing is judged by it.
const outer = 3 * time.Minute

// Specs are the theme's.
func Specs(chaos *session.Session) {
	Describe("under load", Ordered, ContinueOnFailure, func() {
		herd(chaos)
		flood(chaos)
		spill(chaos)
		paused(chaos)
	})
}

func policy() zinit.RetryPolicy { return spec.ScaledPolicy(delay, stability) }

// answersWithin is how long the supervisor may take for an answer: contract zinit-0.4, Semantics 10.
const answersWithin = 2 * time.Second

// handovers are how many processes have to be scheduled one after the other for an answer of the supervisor, where the
// agent's own takes one: the agent, the supervisor, its store, and the agent again.
const handovers = 4

// judgePings holds what a pinger has seen against LoadRPC.
func judgePings(chaos *session.Session, during string, seen pings) {
	GinkgoHelper()
	worst := fmt.Sprintf("%s, of %d questions", span.Text(seen.worst), seen.asked)
	switch {
	case seen.asked == 0:
		spec.Inconclusive("the supervisor was not asked anything")
	case seen.worst > answersWithin && seen.worst <= answersWithin+handovers*seen.control:
		spec.Inconclusive(record.HostStalled("a late answer says nothing of the supervisor"))
	case seen.worst > answersWithin:
		spec.Broken(chaos, promise.LoadRPC, during, fmt.Sprintf("the supervisor did not answer %s within %s, during the %s", seen.method, answersWithin, during),
			[2]string{"worst", worst}, [2]string{"control", "the agent beside it answered within " + span.Text(seen.control)})
	case seen.refused != nil:
		spec.Broken(chaos, promise.LoadRPC, during, fmt.Sprintf("the supervisor answered %s with an error, during the %s", seen.method, during),
			[2]string{"error", seen.refused.Error()}, [2]string{"worst", worst})
	}
	AddReportEntry("worst latency of the supervisor's RPC during the "+during, worst, ReportEntryVisibilityNever)
}

// pings is what a pinger has seen.
type pings struct {
	asked   int
	worst   time.Duration // the longest that the supervisor took
	control time.Duration // the longest that the agent took, asked at the same time over the same link
	method  string        // which was answered late, or by an error
	refused error
}

// pinger asks the supervisor again and again, in turns whether it is there and how a service is.
func pinger(ctx context.Context, sandbox *session.Sandbox, service string) (stop func() pings) {
	const between = 50 * time.Millisecond
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan pings, 1)
	go func() {
		var seen pings
		ticker := time.NewTicker(between)
		defer ticker.Stop()
		for ctx.Err() == nil {
			seen.ask(ctx, sandbox, service)
			select {
			case <-ticker.C:
			case <-ctx.Done():
			}
		}
		done <- seen
	}()
	return func() pings {
		cancel()
		return <-done
	}
}

// ask asks once. What is asked when the pinger is stopped does not count.
func (p *pings) ask(ctx context.Context, sandbox *session.Sandbox, service string) {
	control := make(chan time.Duration, 1)
	go func() {
		began := time.Now()
		_, _ = sandbox.Agent().Hello(ctx)
		control <- time.Since(began)
	}()
	method, began := "system.ping", time.Now()
	var err error
	if p.asked%2 == 0 {
		_, err = sandbox.Supervisor.Ping(ctx)
	} else {
		method = "service.status"
		_, err = sandbox.Supervisor.Status(ctx, service)
	}
	took, beside := time.Since(began), <-control
	if ctx.Err() != nil {
		return
	}
	p.asked++
	if took > p.worst {
		p.worst, p.control = took, beside
	}
	if took > answersWithin || (err != nil && p.refused == nil) {
		p.method = method
	}
	if p.refused == nil {
		p.refused = err
	}
}

// firstLine is a text's headline.
func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
