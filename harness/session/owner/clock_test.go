package owner

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	agent "forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

// TestTheClockIsTheAnswerThatWaitedLeast checks that the agents' clock lies between the two ends of the shortest round trip, however
// long the others were kept waiting, and on which way.
func TestTheClockIsTheAnswerThatWaitedLeast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const ahead = 3 * time.Hour
		zero, asked := time.Now(), 0
		clock, err := measureClock(t.Context(), func(context.Context) (agent.Hello, error) {
			there, back := 400*time.Millisecond, 100*time.Millisecond
			if asked == clockSamples/2 {
				there, back = time.Millisecond, 2*time.Millisecond
			}
			asked++
			time.Sleep(there)
			mono := int64(time.Since(zero) + ahead)
			time.Sleep(back)
			return agent.Hello{MonotonicNs: mono}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		now := int64(time.Since(zero) + ahead)
		if lag, lead := time.Duration(now-clock.earliest()), time.Duration(clock.latest()-now); lag != 2*time.Millisecond || lead != time.Millisecond {
			t.Errorf("the clock is between %s behind and %s ahead of the agents', not 2ms and 1ms", lag, lead)
		}
	})
}
