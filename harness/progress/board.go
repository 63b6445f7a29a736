package progress

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// board is the state of a run as its announcements tell it.
type board struct {
	began   time.Time
	planned map[string]int // results, by theme
	in      map[string]int // those that are in
	now     map[string]*spec
	notes   []string // lines that have not been shown
}

// spec is a spec that a worker carries out.
type spec struct {
	promise, service string
	began            time.Time
	awaits           string    // empty: its verdict
	until            time.Time // zero: nobody knows
}

func newBoard(began time.Time) *board {
	return &board{began: began, planned: map[string]int{}, in: map[string]int{}, now: map[string]*spec{}}
}

// apply adds an announcement. One that fits nothing changes nothing.
func (b *board) apply(a announcement) {
	if a.Planned != nil {
		b.planned = a.Planned
	}
	if a.Note != "" {
		b.notes = append(b.notes, a.Note)
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

// themes returns the themes that have results or will have some, by name.
func (b *board) themes() []string {
	all := maps.Clone(b.planned)
	maps.Copy(all, b.in)
	return slices.Sorted(maps.Keys(all))
}

// due returns the number of results that a theme will have.
func (b *board) due(theme string) int { return max(b.planned[theme], b.in[theme]) }

// whole reports whether all results of a theme are in.
func (b *board) whole(theme string) bool { return b.in[theme] == b.due(theme) }

// total returns the number of results that are in, and of those that will be.
func (b *board) total() (in, due int) {
	for _, theme := range b.themes() {
		in, due = in+b.in[theme], due+b.due(theme)
	}
	return in, due
}

// longest returns the spec that will be waited for longest, of a theme or, if theme is empty, of all. That is the one that is
// due last; if no time is known, the one that began first. It returns nil if no spec is running.
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

// left returns the longest time that the spec is still waited for, 0 if unknown.
func (s *spec) left(now time.Time) time.Duration { return max(0, s.until.Sub(now)) }

func (s *spec) longer(other *spec, now time.Time) bool {
	return cmp.Or(cmp.Compare(s.left(now), other.left(now)), other.began.Compare(s.began)) > 0
}

// lull reports whether few results are left and one of them takes at least so long. It is false while the plan is unknown.
func (b *board) lull(now time.Time, least time.Duration) bool {
	in, due := b.total()
	last := b.longest("", now)
	return len(b.planned) > 0 && due-in <= few && last != nil && last.left(now) >= least
}
