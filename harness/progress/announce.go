// Package progress announces what a run does while it runs. The processes of a run append what they begin, wait for and end
// to a file, and hero_chaos follows it. None of it is in the record: what is lost is only not shown.
package progress

import (
	"encoding/json"
	"os"
	"time"
)

// step is the kind of an announcement.
type step string

const (
	begins step = "begins"
	waits  step = "waits"
	ends   step = "ends"
)

// announcement is a line of the file: how many results are due, or a step of the spec that a worker carries out.
type announcement struct {
	Planned map[string]int `json:"planned,omitempty"` // by theme
	Note    string         `json:"note,omitempty"`    // a line that is shown once, and stays
	Worker  string         `json:"worker,omitempty"`
	Step    step           `json:"step,omitempty"`
	At      time.Time      `json:"at,omitzero"`
	// Promise and Service are of a spec that begins.
	Promise string `json:"promise,omitempty"`
	Service string `json:"service,omitempty"`
	// For names what a spec waits for, empty if that is its verdict. Until is the latest time for it, zero if unknown.
	For   string    `json:"for,omitempty"`
	Until time.Time `json:"until,omitzero"`
}

// Announcer announces what one process of a run does. Each call is one write, waits for nobody, and changes nothing for the
// run if it fails. It is safe for concurrent use; nil announces nothing.
type Announcer struct {
	worker string
	file   *os.File
}

// Announce returns the announcer of a worker, which appends to the file at path. It returns nil if the file cannot be
// written.
func Announce(path, worker string) *Announcer {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) //nolint:gosec // named by whoever runs us
	if err != nil {
		return nil
	}
	return &Announcer{worker: worker, file: file}
}

// Plan says how many results are due, by theme.
func (a *Announcer) Plan(results map[string]int) { a.say(announcement{Planned: results}) }

// Note shows a line, such as what was planned.
func (a *Announcer) Note(line string) { a.say(announcement{Note: line}) }

// Begin says that this worker begins a spec. service may be empty.
func (a *Announcer) Begin(promise, service string) {
	a.say(announcement{Step: begins, Promise: promise, Service: service})
}

// Await announces that the spec waits for something without a known time, or for nothing any more if what is empty.
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

// say appends one line in one write, which the kernel does not mix with others.
func (a *Announcer) say(what announcement) {
	if a == nil {
		return
	}
	what.Worker, what.At = a.worker, time.Now()
	if line, err := json.Marshal(what); err == nil {
		_, _ = a.file.Write(append(line, '\n'))
	}
}
