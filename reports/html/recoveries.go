package html

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/plain"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
)

// recoveryGroup holds the recoveries of one promise.
type recoveryGroup struct {
	Promise, Sentence, Outcomes string
	Recoveries                  []recoveryView
}

// labels are the names of the lanes, shared by all timelines with that number of lanes.
type labels struct {
	ID   string
	Rows []row
}

// recoveryView is a recovery on the page.
type recoveryView struct {
	ID, Service, Fault string
	Title              string // of the picture
	Mark               mark
	Timeline           timeline
	Facts              []fact
	Log                excerpt
}

// recoveryFacts returns facts that a timeline cannot show. A recovery that held needs none about the host.
func recoveryFacts(r record.Recovery, held bool) []fact {
	var found []fact
	add := func(name, text string) {
		if text != "" {
			found = append(found, fact{name, shorten(text, longestLine)})
		}
	}
	process := fmt.Sprintf("pid %d", r.Before.PID)
	if r.Steady != "" {
		process += ", " + r.Steady
	}
	if r.After.PID != 0 {
		process += fmt.Sprintf(", then pid %d", r.After.PID)
	}
	add("process", process)
	add("known by", r.Identity)
	if r.Landing == nil {
		add("landing", "none: nothing shows that the fault took effect")
	} else if r.Landing.Proof != "exited" {
		add("landing", r.Landing.Proof)
	}
	add("policy", r.Policy)
	if r.Serving == nil {
		add("zinit said", r.Status)
	}
	if !held {
		add("worst gap of the observer", span.Text(time.Duration(r.WorstGap)))
		add("pressure on the host", span.Text(time.Duration(r.Pressure)))
	}
	const most = 5
	for _, disturbance := range r.Disturbed[:min(most, len(r.Disturbed))] {
		_, after := disturbance.At.Since(r.Injected)
		add("disturbed", fmt.Sprintf("%s (pid %d) %s, %s after the fault", disturbance.Service, disturbance.Before.PID, disturbance.What, span.Text(after)))
	}
	if rest := len(r.Disturbed) - most; rest > 0 {
		add("disturbed", fmt.Sprintf("and %d more", rest))
	}
	return found
}

// view returns a recovery on the page, with at most so many lines of the supervisor's log.
func (b *pageBuilder) view(r record.Recovery, lines int) recoveryView {
	result, known := b.index.resultOf[r.ID]
	b.number++
	made := recoveryView{
		ID: fmt.Sprintf("r%d", b.number), Service: shorten(r.Service, longestName), Fault: shorten(r.Fault, longestName),
		Mark:     mark{"–", "without a result: its spec was cut off, or measured again", "n"},
		Timeline: newTimeline(r, b.index.windows[r.ID], b.record.Run.Tolerance, b.index.faultsDuring(r)), Facts: recoveryFacts(r, result.Outcome == record.Held),
	}
	made.Title = "Timeline of " + made.Service + " after " + made.Fault
	if known {
		made.Mark = markOf(result.Outcome)
		made.Log = b.logs.besideRecovery(b.record, r, result, lines)
		if result.Outcome == record.Held && made.Log.Text == "" {
			made.Log = excerpt{} // an empty log is no news if the promise held
		}
	}
	b.labels[len(made.Timeline.Rows)] = made.Timeline.Rows
	return made
}

// recoveries returns the recoveries that are shown without a failure, by promise, and how many did not fit. Those that held
// are left out first.
func (b *pageBuilder) recoveries() (groups []recoveryGroup, left int) {
	room := allowance{b.failureRoom.left + recoveriesAllowance}
	fits, begun := map[string]recoveryView{}, map[string]bool{}
	held := func(r record.Recovery) bool { return b.index.resultOf[r.ID].Outcome == record.Held }
	for _, second := range []bool{false, true} { // held recoveries take the room that is left
		for _, promise := range b.index.promises {
			for _, recovery := range b.index.recoveries[promise.ID] {
				if b.drawn[recovery.ID] || held(recovery) != second {
					continue
				}
				view := b.view(recovery, fewLines)
				bytes := size("recovery", view)
				if !begun[promise.ID] {
					bytes += size("recoveries", recoveryGroup{Promise: promise.ID, Sentence: promise.Sentence})
				}
				if !room.take(bytes) {
					left++
					continue
				}
				b.drawn[recovery.ID], fits[recovery.ID], begun[promise.ID] = true, view, true
			}
		}
	}
	for _, promise := range b.index.promises {
		group := recoveryGroup{Promise: promise.ID, Sentence: promise.Sentence}
		for _, recovery := range b.index.recoveries[promise.ID] {
			if view, ok := fits[recovery.ID]; ok {
				group.Recoveries = append(group.Recoveries, view)
				anchor := keyOf(b.index.resultOf[recovery.ID])
				b.anchors[anchor] = cmp.Or(b.anchors[anchor], "#"+view.ID)
			}
		}
		if len(group.Recoveries) > 0 {
			group.Outcomes = describeOutcomes(group.Recoveries)
			groups = append(groups, group)
		}
	}
	return groups, left
}

// describeOutcomes returns how many recoveries there are of each outcome, in words.
func describeOutcomes(views []recoveryView) string {
	counts := map[string]int{}
	for _, view := range views {
		counts[view.Mark.Class]++
	}
	parts := []string{plain.Count(len(views), "recovery")}
	for _, outcome := range outcomes()[:3] {
		if mark := markOf(outcome); counts[mark.Class] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[mark.Class], mark.Word))
		}
	}
	return strings.Join(parts, ", ")
}
