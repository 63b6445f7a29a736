package html

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/stats"
)

// The measures of a strip of dots, in units of its drawing: its width is stretched over what is there, a dot stays round.
const (
	stripWidth  = 1000
	stripHeight = 34
	dotPitch    = 5 // dots of the same place stand on each other, so far apart
	dotBin      = 9
	dotStack    = 6 // and start again at the bottom after so many
	// fewestDrawn is how many times make a picture; of fewer the figures say all.
	fewestDrawn = 3
	// mostDrawn is how many dots a strip has at most.
	mostDrawn = 500
)

// spread is how long the phases of a promise's recoveries took.
type spread struct {
	Promise, Sentence string
	Recoveries        string // how many
	Phases            []strip
}

// strip is one phase.
type strip struct {
	Name, Figures string
	Limits        []string // when it was due, in words
	Width, Height int
	Dots          string // path data; empty where there are too few
	Lines         []limitLine
	From, To      string // the ends of its axis
	Beyond        bool   // a limit lies to the right of the axis
}

// limitLine is a bound of a window at X. Class is e for an earliest one, l for a latest one.
type limitLine struct {
	Class string
	X     int
}

// bounds are an earliest and a latest bound in nanoseconds; a latest of 0 is none.
type bounds struct{ earliest, latest int64 }

// spreads returns the distributions of every promise with a recovery, and how many of them did not fit.
func (x *index) spreads() (found []spread, left int) {
	room := allowance{distributionsAllowance}
	for _, promise := range x.promises {
		all := x.recoveries[promise.ID]
		made := spread{Promise: promise.ID, Sentence: promise.Sentence, Recoveries: recoveries(len(all))}
		size := 200
		for _, phase := range x.phases(all) {
			if strip, ok := x.strip(all, phase); ok {
				made.Phases = append(made.Phases, strip)
				size += 420 + len(strip.Dots) + escaped(strings.Join(append(strip.Limits, strip.Figures), "; ")) + 40*len(strip.Lines)
			}
		}
		if len(made.Phases) == 0 {
			continue
		}
		if !room.take(size, []string{promise.ID, promise.Sentence}) {
			left++
			continue
		}
		found = append(found, made)
	}
	return found, left
}

// phases are those of every recovery, and those that a window counts from somewhere else.
func (x *index) phases(recoveries []record.Recovery) []record.Phase {
	all := record.Phases()
	for _, recovery := range recoveries {
		for _, window := range x.windows[recovery.ID] {
			if !slices.ContainsFunc(all, func(p record.Phase) bool { return p.Name == window.Phase && p.From == window.From }) {
				all = append(all, record.Phase{Name: window.Phase, From: window.From, Title: window.Phase, After: "after " + pointName(window.From)})
			}
		}
	}
	return all
}

// strip is false where no recovery went through the phase.
func (x *index) strip(recoveries []record.Recovery, phase record.Phase) (strip, bool) {
	var took []time.Duration
	var limits []bounds
	var words []string
	for _, recovery := range recoveries {
		if longest, ok := recovery.Took(phase); ok {
			took = append(took, longest)
		}
		for _, w := range x.windows[recovery.ID] {
			limit := bounds{w.Earliest, w.Latest}
			if w.Phase == phase.Name && w.From == phase.From && !slices.Contains(limits, limit) {
				limits, words = append(limits, limit), append(words, due(w))
			}
		}
	}
	if len(took) == 0 {
		return strip{}, false
	}
	slices.Sort(took)
	const mostLimits = 6
	made := strip{Name: phase.Title + " " + phase.After, Figures: figures(took), Limits: words, Width: stripWidth, Height: stripHeight}
	if rest := len(words) - mostLimits; rest > 0 {
		made.Limits = append(words[:mostLimits], fmt.Sprintf("and %d more", rest))
		limits = limits[:mostLimits]
	}
	if len(took) >= fewestDrawn {
		made.draw(took, limits, x.record.Run.Tolerance)
	}
	return made, true
}

// figures says of sorted times what their number supports.
func figures(took []time.Duration) string {
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

// draw places the dots and the limits. The tolerance is a part of a latest limit, since it is what is judged.
func (s *strip) draw(took []time.Duration, limits []bounds, tolerance int64) {
	low, high := domain(took, limits, tolerance)
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
	for _, limit := range limits {
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

// domain is what the axis spans: all times and, where that does not press them together, the limits. It begins at 0
// unless all of it is far from there.
func domain(took []time.Duration, limits []bounds, tolerance int64) (low, high float64) {
	low, high = float64(took[0]), float64(took[len(took)-1])
	longest := high
	for _, limit := range limits {
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
