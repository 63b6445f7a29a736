package progress

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// board is what is known of a run.
type board struct {
	began   time.Time
	planned map[string]int // results, by theme
	in      map[string]int // those that are in
	now     map[string]*spec
}

// spec is what a worker carries out.
type spec struct {
	promise, service string
	began            time.Time
	awaits           string    // empty: its verdict
	until            time.Time // zero: nobody knows
}

func newBoard(began time.Time) *board {
	return &board{began: began, planned: map[string]int{}, in: map[string]int{}, now: map[string]*spec{}}
}

// apply takes an announcement in. One that fits nothing changes nothing.
func (b *board) apply(a announcement) {
	if a.Planned != nil {
		b.planned = a.Planned
	}
	current := b.now[a.Worker]
	switch {
	case a.Step == begins:
		b.now[a.Worker] = &spec{promise: a.Promise, service: a.Service, began: a.At}
	case current == nil:
	case a.Step == waits:
		current.awaits, current.until = a.For, a.Until
	case a.Step == ends:
		b.in[current.theme()]++
		delete(b.now, a.Worker)
	}
}

// themes are those of which results are due, or have come all the same, by name.
func (b *board) themes() []string {
	all := maps.Clone(b.planned)
	maps.Copy(all, b.in)
	return slices.Sorted(maps.Keys(all))
}

// due is how many results of a theme there will be.
func (b *board) due(theme string) int { return max(b.planned[theme], b.in[theme]) }

// whole tells whether all results of a theme are in.
func (b *board) whole(theme string) bool { return b.in[theme] == b.due(theme) }

// total is how many results are in, and how many there will be.
func (b *board) total() (in, due int) {
	for _, theme := range b.themes() {
		in, due = in+b.in[theme], due+b.due(theme)
	}
	return in, due
}

// longest is the spec that will be waited for longest, of a theme or where theme is empty of all: the one whose
// end is due last or, where none is known to be due, that has begun first. It is nil where none is being carried out.
func (b *board) longest(theme string, now time.Time) *spec {
	var found *spec
	for _, worker := range slices.Sorted(maps.Keys(b.now)) {
		one := b.now[worker]
		if theme != "" && one.theme() != theme {
			continue
		}
		if found == nil || one.longer(found, now) {
			found = one
		}
	}
	return found
}

func (s *spec) theme() string {
	theme, _, _ := strings.Cut(s.promise, ".")
	return theme
}

func (s *spec) name() string { return strings.TrimSuffix(s.promise+"/"+s.service, "/") }

// left is how long the spec is waited for at most; 0 where nobody knows.
func (s *spec) left(now time.Time) time.Duration { return max(0, s.until.Sub(now)) }

func (s *spec) longer(other *spec, now time.Time) bool {
	return cmp.Or(cmp.Compare(s.left(now), other.left(now)), other.began.Compare(s.began)) > 0
}

// lull tells whether few results are left, of which one takes at least so long; false as long as nobody knows how many
// there will be.
func (b *board) lull(now time.Time, least time.Duration) bool {
	in, due := b.total()
	last := b.longest("", now)
	return len(b.planned) > 0 && due-in <= few && last != nil && last.left(now) >= least
}
