package spec

import (
	"context"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
)

const (
	// firstInterval is the time between the first two looks: what is about to happen is seen soon.
	firstInterval = 20 * time.Millisecond
	// longestInterval is the longest time between two looks. The agent and the victims take the times that are judged, so
	// frequent looks gain nothing: every 30 ms, they were a fifth of a session's cost.
	longestInterval = 100 * time.Millisecond
)

// Until looks until a condition holds, and reports whether it held within the limit. The last look is at the limit.
// A look has to end with the spec's own context.
func Until(ctx context.Context, limit time.Duration, holds func(context.Context) bool) bool {
	began := time.Now()
	for !holds(ctx) {
		passed := time.Since(began)
		if passed >= limit {
			return false
		}
		Pause(ctx, min(lookInterval(passed), limit-passed))
		if ctx.Err() != nil {
			return false
		}
	}
	return true
}

// lookInterval returns the time until the next look: an eighth of the time that has passed.
func lookInterval(passed time.Duration) time.Duration {
	return min(max(passed/8, firstInterval), longestInterval)
}

// Pause waits for a time that is itself a part of the experiment. It ends early if ctx does.
func Pause(ctx context.Context, period time.Duration) {
	select {
	case <-time.After(period):
	case <-ctx.Done():
	}
}

// Now returns the present point of the agent's clock, which is the clock of recoveries and journals.
func Now(ctx context.Context, sandbox *session.Sandbox) int64 {
	GinkgoHelper()
	hello, err := sandbox.Agent().Hello(ctx)
	Conclude(err)
	return hello.MonotonicNs
}

// Await waits until a condition holds, such as "SIGTERM reaches x". If it does not hold within the limit, nothing can be
// judged, and the spec ends as INCONCLUSIVE.
func Await(ctx context.Context, limit time.Duration, condition string, holds func(context.Context) bool) {
	GinkgoHelper()
	By("wait until " + condition)
	if !Until(ctx, limit, holds) {
		Inconclusive(fmt.Sprintf("did not happen within %s: %s", limit, condition))
	}
}

// Watch names a step, looks until a condition holds, and reports whether it held within the limit. If the spec's own time
// is over before, the spec ends as INCONCLUSIVE.
func Watch(ctx context.Context, limit time.Duration, step string, holds func(context.Context) bool) bool {
	GinkgoHelper()
	By(step)
	held := Until(ctx, limit, holds)
	if !held {
		Conclude(ctx.Err())
	}
	return held
}
