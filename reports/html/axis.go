package html

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// axis maps the agent's clock to the width of the picture.
type axis struct {
	origin int64   // where the fault began
	length float64 // in nanoseconds, above 0
}

// newAxis returns an axis that spans the points that were seen, the windows, and the time in which a point was not seen.
func newAxis(r record.Recovery, all []lane, windows []record.Window, tolerance int64) axis {
	end := float64(r.Injected.Hi)
	for _, lane := range all {
		if lane.at == nil {
			end = max(end, float64(r.Observed.Hi))
		} else {
			end = max(end, float64(lane.at.Hi))
		}
	}
	for _, w := range windows {
		if from := r.At(w.From); from != nil {
			end = max(end, float64(from.Lo)+float64(w.Earliest), float64(from.Lo)+float64(w.Latest)+float64(tolerance))
		}
	}
	return spanAxis(r.Injected.Lo, end)
}

// spanAxis returns an axis from one point to another, with a margin.
func spanAxis(origin int64, end float64) axis {
	const margin = 1.03
	return axis{origin: origin, length: max(float64(time.Millisecond), (end-float64(origin))*margin)}
}

// place returns the place of a point, from 0 to axisWidth. Impossible times give a place on the axis too.
func (a axis) place(at float64) int {
	return int(math.Round(axisWidth * max(0, min(1, (at-float64(a.origin))/a.length))))
}

// bar returns the bar from one time to another.
func (a axis) bar(class string, from, to int64, y, height int) bar {
	return newBar(class, a.place(float64(from)), a.place(float64(to)), y, height)
}

// newBar returns a bar that is wide enough to be seen.
func newBar(class string, left, right, y, height int) bar {
	right = min(axisWidth, max(right, left+narrowest))
	left = min(left, right-narrowest)
	return bar{class: class, x: left, y: y, wide: right - left, height: height}
}

// window returns the bars of the time when a phase was due: from earliest to latest, and the tolerance behind that. It counts
// from the earliest possible time of its origin, as the judgement does.
func (a axis) window(r record.Recovery, w record.Window, tolerance int64, top int) []bar {
	from := r.At(w.From)
	if from == nil || (w.Earliest <= 0 && w.Latest <= 0) {
		return nil
	}
	const above, height = 2, barHeight + 4
	left, right := a.place(float64(from.Lo)+float64(w.Earliest)), axisWidth
	if w.Latest > 0 {
		right = a.place(float64(from.Lo) + float64(w.Latest))
	}
	bars := []bar{newBar("w", left, right, top+barTop-above, height)}
	if w.Latest > 0 && tolerance > 0 {
		end := a.place(float64(from.Lo) + float64(w.Latest) + float64(tolerance))
		bars = append(bars, newBar("t", right, end, top+barTop-above, height))
	}
	return bars
}

// ticks returns three to six ticks at round times (1, 2 or 5 times a power of ten), with the path of their lines.
func (a axis) ticks(height int) (ticks []tick, grid string) {
	const lineTop = 16
	step := roundStep(a.length / 3)
	ticks, grid = []tick{{"0", "0"}}, fmt.Sprintf("M0 %dV%d", lineTop, height)
	for at := step; at < 0.93*a.length; at += step {
		x := a.place(float64(a.origin) + at)
		ticks = append(ticks, tick{X: figure(100 * float64(x) / axisWidth), Label: short(time.Duration(at))})
		grid += fmt.Sprintf("M%d %dV%d", x, lineTop, height)
	}
	return ticks, grid
}

// roundStep returns the largest of 1, 2 and 5 times a power of ten that is at most the given length, which is above 0.
func roundStep(length float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(length)))
	for _, factor := range []float64{5, 2} {
		if factor*power <= length {
			return factor * power
		}
	}
	return power
}

// short writes a round time for an axis: "200 ms", "2.5 s".
func short(d time.Duration) string {
	if d < time.Second {
		return strconv.FormatFloat(float64(d)/float64(time.Millisecond), 'f', -1, 64) + " ms"
	}
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + " s"
}

// figure writes a number with at most one decimal.
func figure(value float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(value, 'f', 1, 64), ".0")
}
