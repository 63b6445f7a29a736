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
// and u for the time in which a point was not seen.
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

// newTimeline draws a recovery and its windows. The tolerance is that of the run.
func newTimeline(r record.Recovery, windows []record.Window, tolerance int64) timeline {
	all := lanesOf(r)
	axis := newAxis(r, all, windows, tolerance)
	drawn := timeline{Width: axisWidth, Height: axisHeight + laneHeight*len(all)}
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
		if lane.at == nil {
			row.At, row.Known = "not seen", "until "+span.Text(time.Duration(r.Observed.Hi-r.Injected.Lo))
			drawn.bars = append(drawn.bars, axis.bar("u", r.Injected.Hi, r.Observed.Hi, top+barTop+barHeight/2, 1))
		} else {
			_, longest := lane.at.Since(r.Injected)
			row.At, row.Known = span.Text(longest), span.Text(lane.at.Width())
			drawn.bars = append(drawn.bars, axis.bar("m", lane.at.Lo, lane.at.Hi, top+barTop, barHeight))
		}
		drawn.Rows = append(drawn.Rows, row)
	}
	drawn.Ticks, drawn.Grid = axis.ticks(drawn.Height)
	drawn.Layers, drawn.Description = layersOf(drawn.bars), describeRows(drawn.Rows)
	return drawn
}

// layersOf draws the bars, the windows beneath the points.
func layersOf(bars []bar) (found []layer) {
	for _, class := range []string{"w", "t", "u", "m"} {
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
		if row.Name == "exited" || row.Name == "respawned" || row.Name == "serving" || row.Over != "" {
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
