package spec

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
)

// Shared is an experiment that several specs judge, each by a promise of its own. The specs are in one Ordered
// container, so that they run in one process; whichever is selected first carries the experiment out.
type Shared[T any] struct {
	// Run carries the experiment out and leaves nothing behind.
	Run func(ctx context.Context) (T, error)

	done  bool
	found T
	err   error
}

// Found is what came of the experiment. Where nothing was proved, the spec ends as INCONCLUSIVE.
func (s *Shared[T]) Found(ctx context.Context) T {
	GinkgoHelper()
	if !s.done {
		s.done, s.err = true, &recovery.Inconclusive{Reason: "the experiment did not end in time"}
		s.found, s.err = s.Run(ctx)
	}
	Conclude(s.err)
	return s.found
}

// Successor waits until another process than before serves, at most for limit. It is not ok where none does.
func Successor(ctx context.Context, sandbox *session.Sandbox, service session.Service, before record.Incarnation, limit time.Duration) (after record.Incarnation, ok bool) {
	ok = Until(ctx, limit, func(ctx context.Context) bool {
		if recovery.Steady(ctx, sandbox, service.Endpoint) != nil {
			return false
		}
		identity, err := sandbox.Agent().Identify(ctx, protocol.IdentifyParams{Endpoint: service.Endpoint, SupervisorPID: sandbox.SupervisorPID()})
		after = identity.Serving
		return err == nil && (after.PID != before.PID || after.StartTime != before.StartTime)
	})
	return after, ok
}
