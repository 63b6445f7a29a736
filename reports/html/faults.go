package html

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/plain"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
)

// heldFault is a fault of the host, with the results that rest on it.
type heldFault struct {
	record.Lasting
	shard   string
	results []record.Result
}

// addFault notes the fault of the host that a result rests on. Results of one experiment have the same.
func (x *index) addFault(result record.Result) {
	if result.Lasting == nil {
		return
	}
	known := slices.IndexFunc(x.faults, func(f heldFault) bool { return f.isOf(result) })
	if known < 0 {
		known = len(x.faults)
		x.faults = append(x.faults, heldFault{Lasting: *result.Lasting, shard: result.Shard})
	}
	x.faults[known].results = append(x.faults[known].results, result)
}

// isOf reports whether a result rests on the fault.
func (f heldFault) isOf(result record.Result) bool {
	return result.Lasting != nil && f.shard == result.Shard && reflect.DeepEqual(f.Lasting, *result.Lasting)
}

// faultOf returns the fault of the host that a result rests on.
func (x *index) faultOf(result record.Result) (heldFault, bool) {
	i := slices.IndexFunc(x.faults, func(f heldFault) bool { return f.isOf(result) })
	if i < 0 {
		return heldFault{}, false
	}
	return x.faults[i], true
}

// compareFaults compares points in time only within a shard, because each shard has its own clock.
func compareFaults(one, other heldFault) int {
	return cmp.Or(cmp.Compare(one.shard, other.shard), cmp.Compare(one.Injected.Lo, other.Injected.Lo), cmp.Compare(one.Fault, other.Fault))
}

// faultsDuring returns the faults of the host that may have been held while a recovery was observed.
func (x *index) faultsDuring(r record.Recovery) (found []record.Lasting) {
	for _, fault := range x.faults {
		if fault.shard == r.Shard && fault.Sandbox == r.Sandbox && fault.Injected.Lo < r.Observed.Hi && r.Injected.Lo < fault.Ended() {
			found = append(found, fault.Lasting)
		}
	}
	return found
}

// viewFault returns a fault of the host on the page.
func (b *pageBuilder) viewFault(fault heldFault) recoveryView {
	b.number++
	made := recoveryView{
		ID: fmt.Sprintf("r%d", b.number), Service: shorten(fault.Fault, longestName), Fault: "in the sandbox " + shorten(fault.Sandbox, longestName),
		Title: "Timeline of " + shorten(fault.Fault, longestName), Mark: markOf(worstOf(fault.results)), Timeline: newLastingTimeline(fault.Lasting),
	}
	add := func(name, text string) { made.Facts = append(made.Facts, fact{name, shorten(text, longestLine)}) }
	if period, ok := fault.Held(); ok {
		add("held for", span.Text(period))
	}
	add("landing", cmp.Or(fault.LandingProof, "none: nothing shows that the fault took effect"))
	add("afterwards", cmp.Or(fault.ReleaseProof, "nothing shows that all was as before"))
	for _, result := range fault.results {
		mark := markOf(result.Outcome)
		add(result.Promise, mark.Symbol+" "+mark.Word)
	}
	b.labels[len(made.Timeline.Rows)] = made.Timeline.Rows
	return made
}

// faults returns the faults of the host as a group beside the recoveries, and how many did not fit.
func (b *pageBuilder) faults() (groups []recoveryGroup, left int) {
	room := allowance{faultsAllowance}
	group := recoveryGroup{Promise: "faults of the host", Sentence: "Each was held for the time that is shaded."}
	for _, fault := range b.index.faults {
		view := b.viewFault(fault)
		if !room.take(size("recovery", view)) {
			left++
			continue
		}
		group.Recoveries = append(group.Recoveries, view)
		for _, result := range fault.results {
			anchor := keyOf(result)
			b.anchors[anchor] = cmp.Or(b.anchors[anchor], "#"+view.ID)
		}
	}
	if len(group.Recoveries) == 0 {
		return nil, left
	}
	group.Outcomes = plain.Count(len(group.Recoveries), "fault")
	return []recoveryGroup{group}, left
}
