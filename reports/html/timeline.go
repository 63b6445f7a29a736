package html

import (
	"fmt"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
)

// The measures of a timeline: down in CSS pixels, and across in thousandths of its width, so that it fits a phone.
const (
	axisWidth  = 1000
	axisHeight = 20
	laneHeight = 27
	barTop     = 15 // in a lane; the name is above it
	barHeight  = 8
	// narrowest is the least width of an interval: most are known to a millisecond or less.
	narrowest = 4
)

// timeline is a recovery as a picture, and as the rows of a table.
type timeline struct {
	Width, Height int
	Description   string
	Ticks         []tick
	Grid          string  // path data: a line at each tick
	Layers        []layer // the lowest first
	Rows          []row
	bars          []bar
}

// tick is a time on the axis; X is in percent.
type tick struct{ X, Label string }

// layer holds the bars of one class, as path data.
type layer struct{ Class, Path string }

// bar is a stretch of time in a lane. Its class is w for a window, t for the tolerance behind it, m for a point that was seen,
// and u for the time in which a point was not seen. A bar of class s shades all lanes while a fault of the host was held.
type bar struct {
	class              string
	x, y, wide, height int
}

// row is a point of a recovery, in words.
type row struct {
	Name  string
	At    string // the latest possible time after the fault
	Known string // how exactly that is known, or how long it was not seen
	Due   string
	Over  string // how much it was early or late
	Label int    // the height of its name in the picture
}

// lane is one point of a recovery.
type lane struct {
	name, point string
	at          *record.Interval
}

// lanesOf returns the points of a recovery in their order.
func lanesOf(r record.Recovery) []lane {
	found := []lane{{"fault", "injected", &r.Injected}}
	if r.Landing != nil && r.Landing.Proof != "exited" {
		found = append(found, lane{"took effect", "landed", &r.Landing.At})
	}
	for _, point := range []string{"exited", "noticed", "respawned", "accepting", "serving"} {
		found = append(found, lane{point, point, r.At(point)})
	}
	return found
}

// newTimeline draws a recovery and its windows, and shades the faults of the host that were held meanwhile. The tolerance is that of the run.
func newTimeline(r record.Recovery, windows []record.Window, tolerance int64, faults []record.Lasting) timeline {
	all := lanesOf(r)
	axis := newAxis(r, all, windows, tolerance)
	drawn := timeline{Width: axisWidth, Height: axisHeight + laneHeight*len(all)}
	for _, fault := range faults {
		drawn.shade(axis, fault)
	}
	for i, lane := range all {
		top := axisHeight + i*laneHeight
		row := row{Name: lane.name, Label: top + barTop - 4}
		for _, window := range windows {
			if window.Phase != lane.point {
				continue
			}
			row.Due, row.Over = join(row.Due, describeWindow(window)), join(row.Over, describeMiss(r, window, tolerance))
			drawn.bars = append(drawn.bars, axis.window(r, window, tolerance, top)...)
		}
		drawn.add(axis, row, lane, r.Injected, r.Observed.Hi)
	}
	drawn.finish(axis)
	return drawn
}

// newLastingTimeline draws a fault of the host, and shades the time for which it was held.
func newLastingTimeline(fault record.Lasting) timeline {
	all := []lane{
		{"fault", "injected", &fault.Injected}, {"took effect", "landed", fault.Landed}, {"reverted", "reverted", fault.Reverted}, {"as before", "released", fault.Released},
	}
	axis := spanAxis(fault.Injected.Lo, float64(fault.Ended()))
	drawn := timeline{Width: axisWidth, Height: axisHeight + laneHeight*len(all)}
	drawn.shade(axis, fault)
	for i, lane := range all {
		drawn.add(axis, row{Name: lane.name, Label: axisHeight + i*laneHeight + barTop - 4}, lane, fault.Injected, fault.Ended())
	}
	drawn.finish(axis)
	return drawn
}

// shade shades the time for which a fault of the host was held, as far as it is on the axis.
func (t *timeline) shade(a axis, fault record.Lasting) {
	if fault.Landed == nil {
		return
	}
	until := fault.Ended()
	if fault.Reverted != nil {
		until = fault.Reverted.Hi
	}
	if until > a.origin && float64(fault.Landed.Lo) < float64(a.origin)+a.length {
		t.bars = append(t.bars, a.bar("s", fault.Landed.Lo, until, axisHeight, t.Height-axisHeight))
	}
}

// add adds a lane: the point in it that was seen or, until the end, not seen.
func (t *timeline) add(a axis, row row, l lane, injected record.Interval, end int64) {
	bar := row.Label + 4 // below the name
	if l.at == nil {
		row.At, row.Known = "not seen", "until "+span.Text(time.Duration(end-injected.Lo))
		t.bars = append(t.bars, a.bar("u", injected.Hi, end, bar+barHeight/2, 1))
	} else {
		_, longest := l.at.Since(injected)
		row.At, row.Known = span.Text(longest), span.Text(l.at.Width())
		t.bars = append(t.bars, a.bar("m", l.at.Lo, l.at.Hi, bar, barHeight))
	}
	t.Rows = append(t.Rows, row)
}

// finish draws what all lanes share.
func (t *timeline) finish(a axis) {
	t.Ticks, t.Grid = a.ticks(t.Height)
	t.Layers, t.Description = layersOf(t.bars), describeRows(t.Rows)
}

// layersOf draws the bars, the windows beneath the points and the shade beneath all.
func layersOf(bars []bar) (found []layer) {
	for _, class := range []string{"s", "w", "t", "u", "m"} {
		path := new(strings.Builder)
		for _, b := range bars {
			if b.class == class {
				_, _ = fmt.Fprintf(path, "M%d %dh%dv%dh-%dz", b.x, b.y, b.wide, b.height, b.wide)
			}
		}
		if path.Len() > 0 {
			found = append(found, layer{class, path.String()})
		}
	}
	return found
}

// describeRows describes the picture for people who cannot see it. The table has all of it.
func describeRows(rows []row) string {
	var said []string
	for _, row := range rows {
		if row.Name == "took effect" || row.Name == "reverted" || row.Name == "exited" || row.Name == "respawned" || row.Name == "serving" || row.Over != "" {
			said = append(said, strings.TrimSpace(row.Name+" "+row.At+" "+row.Over))
		}
	}
	return strings.Join(said, ", ")
}

// join joins two texts, unless one is empty or both are equal.
func join(one, other string) string {
	if one == "" || one == other {
		return other
	}
	if other == "" {
		return one
	}
	return one + "; " + other
}

// describeWindow says when a phase was due.
func describeWindow(w record.Window) string {
	from := nameOf(w.From)
	earliest, latest := span.Text(time.Duration(w.Earliest)), span.Text(time.Duration(w.Latest))
	switch {
	case w.Earliest > 0 && w.Latest > 0:
		return fmt.Sprintf("%s to %s after %s", earliest, latest, from)
	case w.Latest > 0:
		return fmt.Sprintf("within %s of %s", latest, from)
	case w.Earliest > 0:
		return fmt.Sprintf("not before %s after %s", earliest, from)
	}
	return "at any time after " + from
}

// nameOf returns a point of a recovery as a noun.
func nameOf(point string) string {
	switch point {
	case "injected":
		return "the fault"
	case "exited":
		return "the exit"
	case "respawned":
		return "the respawn"
	}
	return point
}

// describeMiss says how much a phase was late or early. Budgets are judged on the latest possible time.
func describeMiss(r record.Recovery, w record.Window, tolerance int64) string {
	first, last := r.Origins(w.From)
	point := r.At(w.Phase)
	if last == nil || point == nil {
		return ""
	}
	_, longest := point.Since(*last)
	_, longestWait := point.Since(*first)
	switch late, early := longest-time.Duration(w.Latest+tolerance), time.Duration(w.Earliest)-longestWait; {
	case w.Latest > 0 && late > 0:
		return span.Text(late) + " too late"
	case early > 0:
		return span.Text(early) + " too early"
	}
	return ""
}
