package progress

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/charmbracelet/x/ansi"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/plain"
)

// prefix begins each line that stands alone, as all that hero_chaos says.
const prefix = "hero_chaos: "

// frame renders the board for a terminal: a line about the run, and one for each theme. If they do not fit, whole themes are
// left out first.
func (b *board) frame(now time.Time, width, height int) []string {
	lines := []string{plain.Clipped(prefix+b.state(now), width)}
	themes := b.themes()
	if 1+len(themes) >= height { // the last row is the cursor's
		themes = slices.DeleteFunc(themes, b.whole)
	}
	themes = themes[:min(len(themes), max(0, height-2))]
	for _, theme := range themes {
		lines = append(lines, plain.Clipped(b.line(theme, now, width), width))
	}
	return lines
}

// state describes the run as a whole.
func (b *board) state(now time.Time) string {
	in, due := b.total()
	since := whole(now.Sub(b.began))
	switch {
	case in == 0 && len(b.now) == 0:
		return fmt.Sprintf("the target is being started, %s so far; %d results are due", since, due)
	case in == due:
		return fmt.Sprintf("%d of %d results after %s; what was started is being removed", in, due, since)
	}
	return fmt.Sprintf("%d of %d results after %s", in, due, since)
}

// line renders a theme, in so many columns.
func (b *board) line(theme string, now time.Time, width int) string {
	text := fmt.Sprintf("%-12s %3d/%-3d", theme, b.in[theme], b.due(theme))
	if awaited := b.longest(theme, now); awaited != nil {
		text += " waiting for "
		text += awaited.text(now, width-len(text))
	}
	return text
}

// shortest is the least number of columns for a spec's name.
const shortest = 20

// text renders a spec and how much longer it may take, or what it waits for. Its name is cut to about so many columns.
func (s *spec) text(now time.Time, width int) string {
	rest := fmt.Sprintf(", %s so far", whole(now.Sub(s.began)))
	switch left := s.left(now); {
	case left > 0:
		rest = ", due in " + whole(left)
	case s.awaits != "":
		rest = ", for " + s.awaits
	}
	return ansi.Truncate(s.name(), max(shortest, width-len(rest)), "…") + rest
}

// takeNotes renders the notes that have not been shown, and forgets them.
func (b *board) takeNotes() string {
	text := ""
	for _, note := range b.notes {
		text += plain.Line(prefix + note)
	}
	b.notes = nil
	return text
}

// done renders a theme that is whole, if nothing is redrawn.
func (b *board) done(theme string, now time.Time) string {
	return plain.Line(fmt.Sprintf("%s%s: %d of %d results after %s", prefix, theme, b.in[theme], b.due(theme), whole(now.Sub(b.began))))
}

// pulse renders what is awaited longest, if nothing is redrawn.
func (b *board) pulse(now time.Time) string {
	text := prefix + b.state(now)
	if awaited := b.longest("", now); awaited != nil {
		text += "; longest awaited is " + awaited.text(now, math.MaxInt)
	}
	return plain.Line(text)
}

// whole renders a time in whole seconds, rounded up: "14 s", "3 min 20 s".
func whole(d time.Duration) string {
	seconds := int((max(0, d) + time.Second - 1) / time.Second)
	if seconds < 120 {
		return fmt.Sprintf("%d s", seconds)
	}
	return fmt.Sprintf("%d min %d s", seconds/60, seconds%60)
}
