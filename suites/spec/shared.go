package spec

import (
	"context"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
)

// Shared is an experiment that several specs judge, each by a promise of its own. The specs are in one Ordered container,
// so that they run in one process. The first that is selected carries the experiment out.
type Shared[T any] struct {
	// Run carries the experiment out and leaves nothing behind.
	Run func(ctx context.Context) (T, error)

	done   bool
	result T
	err    error
}

// Get returns the experiment's result. If the experiment proved nothing, the spec ends as INCONCLUSIVE.
func (s *Shared[T]) Get(ctx context.Context) T {
	GinkgoHelper()
	if !s.done {
		s.done, s.err = true, recovery.NotProved("the experiment did not end in time")
		s.result, s.err = s.Run(ctx)
	}
	Conclude(s.err)
	return s.result
}
