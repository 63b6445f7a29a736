package host

import (
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
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

// TestChecksAfterARevertAreCounted: as many as come in time and some, and more where it is not known for sure when the fault was reverted.
func TestChecksAfterARevertAreCounted(t *testing.T) {
	e := &experiment{residents: planResidents()}
	for _, c := range []struct {
		checks   int
		reverted record.Interval
		burst    bool
	}{{7, record.Interval{}, false}, {8, record.Interval{}, true}, {8, record.Interval{Hi: int64(interval)}, false}, {9, record.Interval{Hi: int64(interval)}, true}} {
		if found := judgeLeftAlone(e, result{burst: c.checks, ended: c.reverted}); (found.headline != "") != c.burst {
			t.Errorf("%+v: %q", c, found.headline)
		}
	}
}
