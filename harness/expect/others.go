package expect

import (
	"fmt"
	"slices"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
)

func judgeOthers(_ Expectation, r record.Recovery) judgement {
	if r.Landing == nil {
		return judgeUnlanded(r)
	}
	if len(r.Disturbed) == 0 {
		return judgement{outcome: record.Held}
	}
	var names []string
	for _, disturbance := range r.Disturbed {
		names = append(names, disturbance.Service)
	}
	slices.Sort(names)
	return judgement{
		outcome: record.Failed,
		headline: fmt.Sprintf("%s of %s did not leave %s alone (%s)",
			r.Fault, r.Service, strings.Join(slices.Compact(names), ", "), r.Promise),
	}
}

func judgeNever(e Expectation, r record.Recovery) judgement {
	if r.Landing == nil {
		return judgeUnlanded(r)
	}
	switch seen := observedFor(r, r.Injected); {
	case r.Respawned != nil:
		return judgement{
			outcome:  record.Failed,
			headline: fmt.Sprintf("%s was restarted after %s, and should not have been (%s)", r.Service, r.Fault, r.Promise),
		}
	case r.Exited != nil:
		return judgement{
			outcome:  record.Failed,
			headline: fmt.Sprintf("%s exited after %s, and should not have (%s)", r.Service, r.Fault, r.Promise),
		}
	case seen < e.within:
		return judgement{
			outcome: record.Inconclusive,
			cause:   record.Cause{Kind: record.CauseNotObserved, Detail: "not observed long enough"},
			headline: fmt.Sprintf("%s was not restarted in the %s that it was observed after %s, which is less than %v (%s)",
				r.Service, span.Text(seen), r.Fault, e.within, r.Promise),
		}
	}
	return judgement{outcome: record.Held}
}
