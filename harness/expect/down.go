package expect

import (
	"fmt"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
)

// StayDown expects that the process ended and that no other took its place, for as long after its exit as Within
// says: because it was stopped, or given up.
func StayDown(options ...Option) Expectation { return newExpectation(judgeDown, options) }

func judgeDown(e Expectation, r record.Recovery) judgement {
	if r.Landing == nil {
		return judgeUnlanded(r)
	}
	if r.Exited == nil {
		return judgement{
			outcome: record.Failed, lacks: "the process is still there",
			headline: fmt.Sprintf("%s did not exit after %s (%s)", r.Service, r.Fault, r.Promise),
		}
	}
	switch seen := observedFor(r, *r.Exited); {
	case r.Respawned != nil, r.Serving != nil:
		return judgement{
			outcome:  record.Failed,
			headline: fmt.Sprintf("%s was started again after %s, and should have stayed down (%s)", r.Service, r.Fault, r.Promise),
		}
	case seen < e.within:
		return judgement{
			outcome: record.Inconclusive,
			cause:   record.Cause{Kind: record.CauseNotObserved, Detail: "not observed long enough"},
			headline: fmt.Sprintf("%s stayed down for the %s that it was observed after %s, which is less than %v (%s)",
				r.Service, span.Text(seen), r.Fault, e.within, r.Promise),
		}
	}
	return judgement{outcome: record.Held}
}
