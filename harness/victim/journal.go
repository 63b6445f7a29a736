package victim

import (
	"encoding/json"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// The events of a victim's life.
const (
	EventStarted     = "started"     // the first thing it did
	EventListening   = "listening"   // connections are accepted by the kernel
	EventServing     = "serving"     // it can give its first correct reply
	EventProbe       = "probe"       // a health request was read
	EventTerminating = "terminating" // its stop signal was received
	EventMistaken    = "mistaken"    // SIGTERM was received, which is not its stop signal
	EventEnded       = "ended"       // it ends by itself; the last thing it did
)

// Event is one moment of a victim's life.
type Event struct {
	Event  string `json:"event"`
	PID    int    `json:"pid"`
	MonoNS int64  `json:"mono_ns"` // nanoseconds of CLOCK_MONOTONIC
}

// journal appends events to a file if one is named.
type journal struct{ file *os.File }

func openJournal(path string) (*journal, error) {
	if path == "" {
		return &journal{}, nil
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600) //nolint:gosec // the path is the option's purpose
	if err != nil {
		return nil, fmt.Errorf("open the journal: %w", err)
	}
	return &journal{file: file}, nil
}

// note stamps an event with the present time.
func (j *journal) note(event string) { j.add(event, monotonic()) }

// add writes an event as one write, so that several processes may share the file.
func (j *journal) add(event string, at int64) {
	if j.file == nil {
		return
	}
	line, err := json.Marshal(Event{Event: event, PID: os.Getpid(), MonoNS: at})
	if err != nil {
		return // an Event always marshals
	}
	// A full disk must not stop a victim: the reader of the journal sees that the line is missing.
	_, _ = j.file.Write(append(line, '\n'))
}

// monotonic returns CLOCK_MONOTONIC in nanoseconds: one clock for every process of the host.
func monotonic() int64 {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return 0 // the clock exists on every Linux
	}
	return now.Nano()
}
