package html

import (
	"fmt"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
)

// The measures of a timeline: in CSS pixels down, and across in thousandths of its width, so that it fits a phone.
const (
	axisWidth  = 1000
	axisHeight = 20
	laneHeight = 27
	barTop     = 15 // of a lane; above it is the name
	barHeight  = 8
	// narrowest is the least that an interval is drawn wide: most are known to a millisecond or less.
	narrowest = 4
)

// timeline is a recovery as a picture, and the same as rows of a table.
type timeline struct {
	Width, Height int
	Description   string
	Ticks         []tick
	Grid          string  // path data: a line at each tick
	Layers        []layer // what is drawn, the lowest first
	Rows          []row
	bars          []bar
}

// tick is a time on the axis; X is in percent.
type tick struct{ X, Label string }

// layer are the bars of one class as path data.
type layer struct{ Class, Path string }

// bar is a stretch of time in a lane. Its class says what it is: w a window, t the tolerance behind it, m what was seen, u
// a point that was watched for and not seen.
type bar struct {
	class              string
	x, y, wide, height int
}

// row is a point of a recovery in words.
type row struct {
	Name  string
	At    string // the latest that it can have been, after the fault
	Known string // how exactly that is known or, where it was not seen, for how long it was watched for
	Due   string
	Over  string // by how much it was early or late
	Label int    // the height of its name in the picture
}

// lane is one point of a recovery.
type lane struct {
	name, point string
	at          *record.Interval
}

func lanes(r record.Recovery) []lane {
	found := []lane{{"fault", "injected", &r.Injected}}
	if r.Landing != nil && r.Landing.Proof != "exited" {
		found = append(found, lane{"took effect", "landed", &r.Landing.At})
	}
	for _, point := range []string{"exited", "noticed", "respawned", "accepting", "serving"} {
		found = append(found, lane{point, point, r.At(point)})
	}
	return found
}

// newTimeline draws a recovery against the windows that it was held to. The tolerance is the run's.
func newTimeline(r record.Recovery, windows []record.Window, tolerance int64) timeline {
	all := lanes(r)
	axis := newAxis(r, all, windows, tolerance)
	drawn := timeline{Width: axisWidth, Height: axisHeight + laneHeight*len(all)}
	for i, lane := range all {
		top := axisHeight + i*laneHeight
		row := row{Name: lane.name, Label: top + barTop - 4}
		for _, window := range windows {
			if window.Phase != lane.point {
				continue
			}
			row.Due, row.Over = joined(row.Due, due(window)), joined(row.Over, over(r, window, tolerance))
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
	drawn.Layers, drawn.Description = layers(drawn.bars), description(drawn.Rows)
	return drawn
}

// layers draws the bars: windows beneath what was seen.
func layers(bars []bar) (found []layer) {
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

// description says what the picture shows to whoever does not see it; the table has all of it.
func description(rows []row) string {
	var said []string
	for _, row := range rows {
		if row.Name == "exited" || row.Name == "respawned" || row.Name == "serving" || row.Over != "" {
			said = append(said, strings.TrimSpace(row.Name+" "+row.At+" "+row.Over))
		}
	}
	return strings.Join(said, ", ")
}

func joined(one, other string) string {
	if one == "" || one == other {
		return other
	}
	if other == "" {
		return one
	}
	return one + "; " + other
}

// due says in words when a phase was due.
func due(w record.Window) string {
	from := pointName(w.From)
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

func pointName(point string) string {
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

// over says by how much a phase was late, or early: budgets are judged on the latest point in time that is possible.
func over(r record.Recovery, w record.Window, tolerance int64) string {
	took, seen := r.Took(record.Phase{Name: w.Phase, From: w.From})
	switch late, early := took-time.Duration(w.Latest+tolerance), time.Duration(w.Earliest)-took; {
	case !seen:
		return ""
	case w.Latest > 0 && late > 0:
		return span.Text(late) + " too late"
	case early > 0:
		return span.Text(early) + " too early"
	}
	return ""
}
