package record

import "time"

// Lasting is a fault of the host, and the time in which it was held. Its points have the clock of a recovery's phases. A point that was not
// seen is nil.
type Lasting struct {
	// Fault is the fault's name: disk-full, supervisor-stopped.
	Fault    string   `json:"fault"`
	Sandbox  string   `json:"sandbox"`
	Injected Interval `json:"injected"`
	// Landed is when it had taken effect, and LandingProof says in words what showed it.
	Landed       *Interval `json:"landed,omitempty"`
	LandingProof string    `json:"landing_proof,omitempty"`
	// Reverted is nil if the spec was cut off before. The fault was undone all the same.
	Reverted *Interval `json:"reverted,omitempty"`
	// Released is when all was as before the fault, and ReleaseProof says in words what showed it.
	Released     *Interval `json:"released,omitempty"`
	ReleaseProof string    `json:"release_proof,omitempty"`
}

// IsProved reports whether the fault provably took effect and was taken back.
func (l Lasting) IsProved() bool {
	return l.Landed != nil && l.LandingProof != "" && l.Reverted != nil && l.Released != nil && l.ReleaseProof != ""
}

// IsInOrder reports whether a fault that is proved was injected, took effect, was reverted and let go, one after the other.
func (l Lasting) IsInOrder() bool {
	for _, point := range []Interval{l.Injected, *l.Landed, *l.Reverted, *l.Released} {
		if point.Lo <= 0 || point.Lo > point.Hi {
			return false
		}
	}
	return l.Landed.Lo >= l.Injected.Lo && l.Reverted.Lo > max(l.Landed.Hi, l.Injected.Hi) && l.Released.Lo >= l.Reverted.Hi
}

// Ended returns the last point that is known of it.
func (l Lasting) Ended() int64 {
	last := l.Injected.Hi
	for _, point := range []*Interval{l.Landed, l.Reverted, l.Released} {
		if point != nil {
			last = max(last, point.Hi)
		}
	}
	return last
}

// Held returns for how long it certainly was in effect; false if it did not land or was not reverted.
func (l Lasting) Held() (time.Duration, bool) {
	if l.Landed == nil || l.Reverted == nil {
		return 0, false
	}
	shortest, _ := l.Reverted.Since(*l.Landed)
	return shortest, true
}
