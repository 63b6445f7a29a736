package verdict

import (
	"slices"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// findFlaw returns why a result that held is no evidence; found is false if it is.
func findFlaw(result record.Result, recoveries map[string]record.Recovery, tolerance time.Duration) (flaw kind, found bool) {
	switch {
	case result.Attempts > 1:
		return heldAfterRetry, true
	case result.Attempts < 1 || result.Duration <= 0:
		return heldWithoutRun, true
	case result.Stalled:
		return heldDuringStall, true
	case result.Failure != "" || result.Why() != "":
		return heldWithFailure, true
	}
	for _, id := range result.Recoveries {
		recovery, ok := recoveries[id]
		switch {
		case !ok:
			return heldWithoutRecovery, true
		case recovery.Landing == nil:
			return heldWithoutLanding, true
		case recovery.Promise != result.Promise || !isPossible(recovery):
			return heldImpossibly, true
		}
	}
	for _, window := range result.Windows {
		if recovery, ok := recoveries[window.Recovery]; !ok || !isWithin(window, recovery, tolerance) {
			return heldOutsideWindow, true
		}
	}
	return 0, false
}

// hasLanded reports whether a fault of the result took effect.
func hasLanded(result record.Result, recoveries map[string]record.Recovery) bool {
	return slices.ContainsFunc(result.Recoveries, func(id string) bool {
		return recoveries[id].Landing != nil && recoveries[id].Service == result.Service
	})
}

// isPossible reports whether the times of a recovery are possible: none ends before it begins, and none is before the
// fault.
func isPossible(r record.Recovery) bool {
	points := []*record.Interval{&r.Injected, &r.Landing.At, &r.Observed, r.Exited, r.Noticed, r.Respawned, r.Accepting, r.Serving}
	for i := range r.Ends {
		points = append(points, &r.Ends[i])
	}
	return r.Injected.Lo > 0 && r.WorstGap >= 0 && r.Pressure >= 0 && !slices.ContainsFunc(points, func(point *record.Interval) bool {
		return point != nil && (point.Lo < 0 || point.Lo > point.Hi || point.Hi < r.Injected.Lo)
	})
}

// isWithin reports whether a phase can have been when it was due.
func isWithin(window record.Window, r record.Recovery, tolerance time.Duration) bool {
	first, last := r.Origins(window.From)
	phase := r.At(window.Phase)
	if last == nil || phase == nil {
		return false
	}
	_, longest := phase.Since(*first)
	shortest, _ := phase.Since(*last)
	return longest >= time.Duration(window.Earliest) && (window.Latest == 0 || shortest <= time.Duration(window.Latest)+tolerance)
}
