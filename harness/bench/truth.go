// Package bench measures the harness itself, in one run on the embedded image. It compares an injection with the usual ways into a
// container, and the stated phases with the truth. `make bench` runs its benchmark.
package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
)

// The events that the stand-in stamps (fixtures/herozero/zinit/process): just before the fork, just after the
// exec, just after the wait.
const (
	spawning = "spawning"
	spawned  = "spawned"
	exited   = "exited"
)

// stamp is a time that the supervisor (with the service) or the victim (without) wrote itself.
type stamp struct {
	Event   string `json:"event"`
	Service string `json:"service"`
	PID     int    `json:"pid"`
	At      int64  `json:"mono_ns"` // nanoseconds of CLOCK_MONOTONIC
}

// readStamps reads one service's stamps, a JSON line each. It leaves out a last line that is still being written.
func readStamps(data []byte, service string) ([]stamp, error) {
	var stamps []stamp
	for line := range bytes.Lines(data) {
		if !bytes.HasSuffix(line, []byte("\n")) {
			break
		}
		var s stamp
		if err := json.Unmarshal(line, &s); err != nil {
			return nil, fmt.Errorf("read the stamp %q: %w", line, err)
		}
		if s.Service == service {
			stamps = append(stamps, s)
		}
	}
	return stamps, nil
}

// findStamp returns the first time of a process's event since a point in time. The pid is 0 before the fork.
func findStamp(stamps []stamp, event string, pid int, from int64) (int64, error) {
	for _, s := range stamps {
		if s.Event == event && s.PID == pid && s.At >= from {
			return s.At, nil
		}
	}
	return 0, fmt.Errorf("there is no stamp %q of process %d", event, pid)
}

// phases lists the phases that are compared with the truth, in their order.
var phases = []string{"exited", "noticed", "respawned", "accepting", "serving"}

// findTruth returns, for each phase of a kill, the interval of its true time by the supervisor's and the victim's own stamps. It is an
// interval because a stamp is taken before or after its event.
func findTruth(seen record.Recovery, supervisor, journal []stamp) (map[string]record.Interval, error) {
	var failure error
	find := func(stamps []stamp, event string, pid int, from int64) int64 {
		at, err := findStamp(stamps, event, pid, from)
		if failure == nil {
			failure = err
		}
		return at
	}
	reaped := find(supervisor, exited, seen.Before.PID, seen.Injected.Lo)
	forking := find(supervisor, spawning, 0, reaped)
	forked := find(supervisor, spawned, seen.After.PID, forking)
	started := find(journal, victim.EventStarted, seen.After.PID, forking)
	listening := find(journal, victim.EventListening, seen.After.PID, started)
	serving := find(journal, victim.EventServing, seen.After.PID, listening)
	return map[string]record.Interval{
		"exited":    {Lo: seen.Injected.Lo, Hi: reaped},
		"noticed":   {Lo: seen.Injected.Lo, Hi: reaped},
		"respawned": {Lo: forking, Hi: forked},
		"accepting": {Lo: started, Hi: listening},
		"serving":   {Lo: listening, Hi: serving},
	}, failure
}

// collectStated returns what the harness says of the same phases.
func collectStated(seen record.Recovery) map[string]*record.Interval {
	return map[string]*record.Interval{
		"exited": seen.Exited, "noticed": seen.Noticed, "respawned": seen.Respawned,
		"accepting": seen.Accepting, "serving": seen.Serving,
	}
}

// measureError returns the distance of the stated end, on which budgets are judged, from the nearest point of the truth. It also reports
// whether all of the truth lies outside the stated interval.
func measureError(stated, truth record.Interval) (distance time.Duration, outside bool) {
	distance = time.Duration(max(0, stated.Hi-truth.Hi, truth.Lo-stated.Hi))
	return distance, stated.Hi < truth.Lo || truth.Hi < stated.Lo
}

// accuracy is the result of many comparisons of one phase.
type accuracy struct {
	phase   string
	errors  []time.Duration
	outside []string // which recoveries, in words
}

// compare holds the phases of recoveries against the truth.
func compare(recoveries []record.Recovery, supervisor, journal []stamp) ([]accuracy, error) {
	found := make([]accuracy, len(phases))
	for i, phase := range phases {
		found[i].phase = phase
	}
	for _, seen := range recoveries {
		truths, err := findTruth(seen, supervisor, journal)
		if err != nil {
			return nil, fmt.Errorf("find the truth about %s: %w", seen.ID, err)
		}
		for i, phase := range phases {
			claim := collectStated(seen)[phase]
			if claim == nil {
				return nil, fmt.Errorf("%s: it was not seen that the process was %s", seen.ID, phase)
			}
			distance, outside := measureError(*claim, truths[phase])
			found[i].errors = append(found[i].errors, distance)
			if outside {
				found[i].outside = append(found[i].outside, fmt.Sprintf("%s: %s after the signal, and in truth %s",
					seen.ID, formatSinceSignal(seen, *claim), formatSinceSignal(seen, truths[phase])))
			}
		}
	}
	return found, nil
}

func formatSinceSignal(seen record.Recovery, i record.Interval) string {
	ms := func(at int64) float64 { return float64(at-seen.Injected.Lo) / float64(time.Millisecond) }
	return fmt.Sprintf("[%.3f, %.3f] ms", ms(i.Lo), ms(i.Hi))
}
