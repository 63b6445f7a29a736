package progress

import (
	"cmp"
	"slices"
	"time"
)

// Feed follows the announcements of a run for whoever shows them otherwise than on a terminal.
type Feed struct {
	file  follower
	board *board
}

// NewFeed returns a feed of the run that is going to write the file at path. It leaves out what an earlier run has left there.
func NewFeed(path string, now time.Time) *Feed {
	feed := &Feed{newFollower(path), newBoard(now)}
	feed.file.lines.Skip()
	return feed
}

// Snapshot is the state of a run.
type Snapshot struct {
	Began  time.Time `json:"began"`
	In     int       `json:"in"`  // results
	Due    int       `json:"due"` // results
	Themes []Theme   `json:"themes"`
	// Waits are the specs that go on, the one that is due last first. Those without a known time follow.
	Waits []Wait   `json:"waits"`
	Notes []string `json:"notes"`
}

// Theme counts the results of a theme.
type Theme struct {
	Name string `json:"name"`
	In   int    `json:"in"`
	Due  int    `json:"due"`
}

// Wait is a spec that goes on, and what it waits for.
type Wait struct {
	Promise string    `json:"promise"`
	Service string    `json:"service"`
	Began   time.Time `json:"began"`
	Awaits  string    `json:"awaits"`         // empty is its verdict
	Until   time.Time `json:"until,omitzero"` // absent if nobody knows
}

// Read reads what was announced since the last call, and returns the state.
func (f *Feed) Read() Snapshot {
	for _, a := range f.file.next() {
		f.board.apply(a)
	}
	in, due := f.board.total()
	seen := Snapshot{Began: f.board.began, In: in, Due: due, Themes: []Theme{}, Waits: []Wait{}, Notes: slices.Clone(f.board.notes)}
	for _, name := range f.board.themes() {
		seen.Themes = append(seen.Themes, Theme{name, f.board.in[name], f.board.due(name)})
	}
	for _, s := range f.board.now {
		seen.Waits = append(seen.Waits, Wait{s.promise, s.service, s.began, s.awaits, s.until})
	}
	slices.SortFunc(seen.Waits, func(one, other Wait) int {
		return cmp.Or(other.Until.Compare(one.Until), one.Began.Compare(other.Began), cmp.Compare(one.Promise+one.Service, other.Promise+other.Service))
	})
	return seen
}
