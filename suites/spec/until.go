package spec

import (
	"context"
	"time"
)

const (
	// firstPause is the pause after the first look: what is about to happen is seen soon.
	firstPause = 20 * time.Millisecond
	// longestPause is the pause once something takes its time. What is timed is timed by the agent and the victims, not by
	// a look, and each look costs the link, the daemon and the agent a handover: at 30 ms they were a fifth of a session's cost.
	longestPause = 100 * time.Millisecond
)

// Until looks until something is so, and tells whether that was within the limit; the last look is when it is over. A look
// that takes long is waited for; it has to end with the spec's own context.
func Until(ctx context.Context, limit time.Duration, so func(context.Context) bool) bool {
	began := time.Now()
	for !so(ctx) {
		passed := time.Since(began)
		if passed >= limit {
			return false
		}
		select {
		case <-time.After(min(pauseAfter(passed), limit-passed)):
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// pauseAfter is the pause between two looks at what has been looked at for so long already: an eighth of that.
func pauseAfter(passed time.Duration) time.Duration {
	return min(max(passed/8, firstPause), longestPause)
}
