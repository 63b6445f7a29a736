package host

import (
	"testing"
	"time"
)

// TestThePendingDelayIsNeverTooShort compares it with the delays of all retries that may have begun while a fault was held.
func TestThePendingDelayIsNeverTooShort(t *testing.T) {
	for held := time.Duration(0); held < time.Minute; held += 10 * time.Millisecond {
		pending, passed := delay, delay
		for passed <= held {
			pending *= 2
			passed += pending
		}
		if limit := findPendingDelay(held); pending > limit {
			t.Fatalf("held for %s: a retry may be due only after %s, and not %s", held, pending, limit)
		}
	}
}
