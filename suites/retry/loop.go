package retry

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	journal "forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

const (
	// late is how long a run that is due is waited for before it is taken for one that will not come.
	late = 2 * time.Second
	// crashing is how long a spec may watch a loop at most.
	crashing = time.Minute
)

// loop is a crashing victim, seen by its own journal: each process writes down when it began, by the clock that is
// the agent's as well, and ends a known time later.
type loop struct {
	sandbox   *session.Sandbox
	plan      session.VictimPlan
	promise   string
	tolerance time.Duration
	since     int64 // runs that began before are not looked at
}

func (l *loop) now(ctx SpecContext) int64 {
	GinkgoHelper()
	hello, err := l.sandbox.Agent().Hello(ctx)
	spec.Conclude(err)
	return hello.MonotonicNs
}

// starts are when the victim's processes began, in their order.
func (l *loop) starts(ctx SpecContext) []int64 {
	GinkgoHelper()
	agent, path := l.sandbox.Agent(), l.plan.Options.Journal
	if found, err := agent.Glob(ctx, path); err != nil || len(found) == 0 {
		spec.Conclude(err)
		return nil // no process has begun yet
	}
	text, err := agent.ReadFile(ctx, path, 0)
	spec.Conclude(err)
	var starts []int64
	for line := range strings.Lines(string(text)) {
		var event journal.Event
		if json.Unmarshal([]byte(line), &event) == nil && event.Event == journal.EventStarted && event.MonoNS >= l.since {
			starts = append(starts, event.MonoNS)
		}
	}
	return starts
}

// run waits until the victim is run more than most times, or until no run follows any more: the next one would be
// too late by far. It returns when the runs began.
func (l *loop) run(ctx SpecContext, most int) (starts []int64) {
	GinkgoHelper()
	spec.Until(ctx, crashing, func(context.Context) bool {
		now := l.now(ctx)
		starts = l.starts(ctx)
		n := len(starts)
		if n == 0 {
			return time.Duration(now-l.since) > late
		}
		return n > most || time.Duration(now-starts[n-1]) > ends+l.plan.Policy.DelayOfRetry(n)+late
	})
	if len(starts) == 0 {
		spec.Inconclusive(l.plan.Name + " was to be run, and never was")
	}
	return starts
}

// judgeDelays holds the time between the end of each run and the start of the next against the policy. The lower
// bound is exact: a run ends at the earliest when its time is over, and its follower writes its first line after it
// was started. The upper one grants the tolerance three times: for the end, the start, and the retry itself.
func (l *loop) judgeDelays(ctx SpecContext, starts []int64, host *spec.Host) {
	GinkgoHelper()
	for n := 1; n < len(starts); n++ {
		waited, due := time.Duration(starts[n]-starts[n-1])-ends, l.plan.Policy.DelayOfRetry(n)
		switch {
		case waited < due:
			l.fail(ctx, "was run again %s after its end %d, before the %s that it has to wait", span.Text(waited), n, span.Text(due))
		case waited <= due+3*l.tolerance:
		case host.Stall() > l.tolerance || host.Explains(ctx, starts[n-1]+int64(ends+due), starts[n], 3*l.tolerance):
			spec.Inconclusive(record.HostStalled("the delays between runs cannot be judged"))
		default:
			l.fail(ctx, "was run again only %s after its end %d, not within %s", span.Text(waited), n, fmt.Sprintf("%v", due+3*l.tolerance))
		}
	}
}
