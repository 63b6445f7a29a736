// Package progress says what a run is doing while it runs. The processes of a run append what they begin, wait for and
// end to a file, and whoever has started them follows that file. Nothing of it is a part of the record: what is lost
// or cannot be read of it is only not shown.
package progress

import (
	"encoding/json"
	"os"
	"time"
)

// step is what an announcement tells of a spec.
type step string

const (
	begins step = "begins"
	waits  step = "waits"
	ends   step = "ends"
)

// announcement is a line of the file: how many results are due, or a step of the spec that a worker carries out.
type announcement struct {
	Planned map[string]int `json:"planned,omitempty"` // by theme
	Worker  string         `json:"worker,omitempty"`
	Step    step           `json:"step,omitempty"`
	At      time.Time      `json:"at,omitzero"`
	// Promise and Service are of a spec that begins.
	Promise string `json:"promise,omitempty"`
	Service string `json:"service,omitempty"`
	// For is what a spec waits for, empty where that is its verdict; Until is when that is due at the latest, zero
	// where nobody knows.
	For   string    `json:"for,omitempty"`
	Until time.Time `json:"until,omitzero"`
}

// Announcer announces what one process of a run does. It costs a write a call, which waits for nobody, and whatever
// goes wrong with it changes nothing for the run. It is safe for concurrent use; nil announces nothing.
type Announcer struct {
	worker string
	file   *os.File
}

// Announce returns the announcer of a worker, one of the processes that append to the file at path; nil where it cannot
// be written.
func Announce(path, worker string) *Announcer {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) //nolint:gosec // named by whoever runs us
	if err != nil {
		return nil
	}
	return &Announcer{worker: worker, file: file}
}

// Plan says how many results are due, by theme.
func (a *Announcer) Plan(results map[string]int) { a.say(announcement{Planned: results}) }

// Begin says that this worker begins a spec. service may be empty.
func (a *Announcer) Begin(promise, service string) {
	a.say(announcement{Step: begins, Promise: promise, Service: service})
}

// Await says that the spec waits for something that is due at no known time, or where what is empty that it waits for
// nothing any more.
func (a *Announcer) Await(what string) { a.say(announcement{Step: waits, For: what}) }

// Due says that the spec's verdict, or what it looks for next, is due so long from now at the latest.
func (a *Announcer) Due(within time.Duration) {
	a.say(announcement{Step: waits, Until: time.Now().Add(within)})
}

// End says that the spec's result is in.
func (a *Announcer) End() { a.say(announcement{Step: ends}) }

// Close ends the announcements.
func (a *Announcer) Close() {
	if a != nil {
		_ = a.file.Close()
	}
}

// say appends one line by one write, which the kernel mixes with nobody else's.
func (a *Announcer) say(what announcement) {
	if a == nil {
		return
	}
	what.Worker, what.At = a.worker, time.Now()
	if line, err := json.Marshal(what); err == nil {
		_, _ = a.file.Write(append(line, '\n'))
	}
}
