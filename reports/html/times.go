package html

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/plain"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/stats"
)

// The measures of a strip of dots, in units of its drawing. Its width is stretched to the page, and a dot stays round.
const (
	stripWidth  = 1000
	stripHeight = 34
	dotPitch    = 5 // the distance of dots that are stacked at one place
	dotBin      = 9
	dotStack    = 6 // the height of a stack; the next dot starts at the bottom again
	// fewestDrawn is the fewest times that are drawn; the figures show fewer.
	fewestDrawn = 3
	// mostDrawn is the most dots of a strip.
	mostDrawn = 500
)

// distribution holds the times that the phases of a promise's recoveries took.
type distribution struct {
	Promise, Sentence string
	Recoveries        string // how many
	Phases            []strip
}

// strip is the picture of one phase.
type strip struct {
	Name, Figures string
	Limits        []string // when it was due, in words
	Width, Height int
	Dots          string // path data; empty if there are too few
	Lines         []limitLine
	From, To      string // the ends of its axis
	Beyond        bool   // a limit is to the right of the axis
}

// limitLine is a limit at X. Class is e for an earliest limit, l for a latest one.
type limitLine struct {
	Class string
	X     int
}

// limits are an earliest and a latest limit in nanoseconds; a latest of 0 means no limit.
type limits struct{ earliest, latest int64 }

// distributions returns the distributions of all promises with a recovery, and how many of them did not fit.
func (x *index) distributions() (found []distribution, left int) {
	room := allowance{timesAllowance}
	for _, promise := range x.promises {
		all := x.recoveries[promise.ID]
		made := distribution{Promise: promise.ID, Sentence: promise.Sentence, Recoveries: plain.Count(len(all), "recovery")}
		for _, phase := range x.phases(all) {
			if strip, ok := x.strip(all, phase); ok {
				made.Phases = append(made.Phases, strip)
			}
		}
		if len(made.Phases) == 0 {
			continue
		}
		if !room.take(size("distribution", made)) {
			left++
			continue
		}
		found = append(found, made)
	}
	return found, left
}

// phases returns the phases of every recovery, and those that a window counts from another point.
func (x *index) phases(recoveries []record.Recovery) []record.Phase {
	all := record.Phases()
	for _, recovery := range recoveries {
		for _, window := range x.windows[recovery.ID] {
			if !slices.ContainsFunc(all, func(p record.Phase) bool { return p.Name == window.Phase && p.From == window.From }) {
				all = append(all, record.Phase{Name: window.Phase, From: window.From, Title: window.Phase, After: "after " + nameOf(window.From)})
			}
		}
	}
	return all
}

// strip returns the picture of a phase; false if no recovery went through it.
func (x *index) strip(recoveries []record.Recovery, phase record.Phase) (strip, bool) {
	var took []time.Duration
	var all []limits
	var words []string
	for _, recovery := range recoveries {
		if longest, ok := recovery.Took(phase); ok {
			took = append(took, longest)
		}
		for _, w := range x.windows[recovery.ID] {
			limit := limits{w.Earliest, w.Latest}
			if w.Phase == phase.Name && w.From == phase.From && !slices.Contains(all, limit) {
				all, words = append(all, limit), append(words, describeWindow(w))
			}
		}
	}
	if len(took) == 0 {
		return strip{}, false
	}
	slices.Sort(took)
	const mostLimits = 6
	made := strip{Name: phase.Title + " " + phase.After, Figures: summarize(took), Limits: words, Width: stripWidth, Height: stripHeight}
	if rest := len(words) - mostLimits; rest > 0 {
		made.Limits = append(words[:mostLimits], fmt.Sprintf("and %d more", rest))
		all = all[:mostLimits]
	}
	if len(took) >= fewestDrawn {
		made.draw(took, all, x.record.Run.Tolerance)
	}
	return made, true
}

// summarize returns the statistics that the number of sorted times supports.
func summarize(took []time.Duration) string {
	found := stats.Summarize(took)
	if found.N < fewestDrawn {
		var all []string
		for _, one := range took {
			all = append(all, span.Text(one))
		}
		return strings.Join(all, ", ")
	}
	text := fmt.Sprintf("n %d, median %s", found.N, span.Text(found.Median))
	if found.P90 != nil {
		text += ", p90 " + span.Text(*found.P90)
	}
	if found.P99 != nil {
		text += ", p99 " + span.Text(*found.P99)
	}
	return text + ", longest " + span.Text(found.Max)
}

// draw places the dots and the limits. A latest limit includes the tolerance, as in the judgement.
func (s *strip) draw(took []time.Duration, all []limits, tolerance int64) {
	low, high := domain(took, all, tolerance)
	place := func(at float64) int { return int(math.Round(stripWidth * max(0, min(1, (at-low)/(high-low))))) }
	s.From, s.To = span.Text(time.Duration(low)), span.Text(time.Duration(high))
	if low == 0 {
		s.From = "0"
	}
	path := new(strings.Builder)
	standing := map[int]int{}
	for _, one := range took[:min(len(took), mostDrawn)] {
		x := place(float64(one))
		level := standing[x/dotBin] % dotStack
		standing[x/dotBin]++
		_, _ = fmt.Fprintf(path, "M%d %dh0", x, stripHeight-4-level*dotPitch)
	}
	if rest := len(took) - mostDrawn; rest > 0 {
		s.Figures += fmt.Sprintf(" (the longest %d are not drawn)", rest)
	}
	s.Dots = path.String()
	for _, limit := range all {
		if limit.earliest > 0 {
			s.Lines = append(s.Lines, limitLine{"e", place(float64(limit.earliest))})
		}
		switch latest := float64(limit.latest + tolerance); {
		case limit.latest <= 0:
		case latest > high:
			s.Beyond = true
		default:
			s.Lines = append(s.Lines, limitLine{"l", place(latest)})
		}
	}
}

// domain returns the ends of the axis. It spans all times, and those limits that do not press the times together. It
// begins at 0 unless all times are far from it.
func domain(took []time.Duration, all []limits, tolerance int64) (low, high float64) {
	low, high = float64(took[0]), float64(took[len(took)-1])
	longest := high
	for _, limit := range all {
		const farthest = 3
		if latest := float64(limit.latest + tolerance); limit.latest > 0 && latest <= farthest*longest {
			high = max(high, latest)
		}
		if earliest := float64(limit.earliest); limit.earliest > 0 && earliest >= low/2 {
			low = min(low, earliest)
		}
	}
	if low < high/2 {
		low = min(0, low)
	}
	margin := max((high-low)/40, float64(10*time.Microsecond))
	if low > 0 {
		low = max(0, low-margin)
	}
	return low, high + margin
}
