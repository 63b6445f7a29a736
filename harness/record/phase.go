package record

import (
	"slices"
	"time"
)

// Phase is a part of a recovery: the time from one point to a later one.
type Phase struct {
	// Name is the point that it ends with, From the point that it is counted from, as in a Window.
	Name, From string
	// Title and After say the same in words: "respawn", "after the exit".
	Title, After string
}

// Phases lists all phases of a recovery, in their order.
func Phases() []Phase {
	return []Phase{
		{"exited", "injected", "exit", "after the fault"},
		{"noticed", "exited", "noticed", "after the exit"},
		{"respawned", "exited", "respawn", "after the exit"},
		{"accepting", "respawned", "accepting", "after the respawn"},
		{"serving", "exited", "serving", "after the exit"},
	}
}

// FindPhase returns the phase that ends with a point.
func FindPhase(name string) Phase {
	phases := Phases()
	return phases[slices.IndexFunc(phases, func(p Phase) bool { return p.Name == name })]
}

// At returns when a point was reached, by its name: injected, exited, noticed, respawned, accepting or serving. It is nil if that was
// not seen.
func (r Recovery) At(point string) *Interval {
	switch point {
	case "injected":
		return &r.Injected
	case "exited":
		return r.Exited
	case "noticed":
		return r.Noticed
	case "respawned":
		return r.Respawned
	case "accepting":
		return r.Accepting
	case "serving":
		return r.Serving
	}
	return nil
}

// Origins returns the earliest and the latest point that a supervisor can have counted a phase from; nil if it was not seen. They
// differ only if a process around the one that served ended at another time.
func (r Recovery) Origins(from string) (first, last *Interval) {
	first = r.At(from)
	last = first
	if from != "exited" || first == nil {
		return first, last
	}
	for i := range r.Ends {
		end := &r.Ends[i]
		if end.Lo < first.Lo {
			first = end
		}
		if end.Hi > last.Hi {
			last = end
		}
	}
	return first, last
}

// Took returns the longest that a phase can have taken; false if one of its ends was not seen.
func (r Recovery) Took(phase Phase) (time.Duration, bool) {
	from, until := r.At(phase.From), r.At(phase.Name)
	if from == nil || until == nil {
		return 0, false
	}
	_, longest := until.Since(*from)
	return longest, true
}
