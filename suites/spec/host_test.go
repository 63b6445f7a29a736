package spec

import (
	"testing"
	"testing/synctest"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

const second = int64(time.Second)

// watched is a host of which so much of each second was pressed.
func watched(pressed ...time.Duration) *Host {
	host := &Host{}
	for i, pressure := range pressed {
		host.add(protocol.Calibration{From: int64(i) * second, To: int64(i+1) * second, Pressure: pressure}, 0)
	}
	return host
}

// TestWhatTheHostExplains: granted are 300 ms after second 1.
func TestWhatTheHostExplains(t *testing.T) {
	const granted = 300 * time.Millisecond
	for name, c := range map[string]struct {
		host *Host
		came int64 // after it was due
		want bool
	}{
		"early":                                     {watched(0, 0, 0), -1, false},
		"a calm host":                               {watched(0, 0, 0), second / 2, false},
		"pressed for as long as it is late":         {watched(0, 200*time.Millisecond, 0), second / 2, true},
		"pressed for too short":                     {watched(0, 199*time.Millisecond, 0), second / 2, false},
		"pressed before it was due":                 {watched(time.Second, 0, 0), second / 2, false},
		"pressed after it came":                     {watched(0, 0, time.Second), second / 2, false},
		"pressed all the time, and later than that": {watched(time.Second, 400*time.Millisecond, 0), second, false},
		"in two slices":                             {watched(0, 800*time.Millisecond, 400*time.Millisecond), 3 * second / 2, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.host.Explains(t.Context(), second, second+c.came, granted); got != c.want {
				t.Errorf("%v", got)
			}
		})
	}
}

// TestTheHostIsWatchedUntilThen: the slice in which something came is waited for.
func TestTheHostIsWatchedUntilThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := watched(0)
		go func() {
			time.Sleep(hostSlice)
			host.add(protocol.Calibration{From: second, To: 2 * second, Pressure: time.Second}, 0)
		}()
		if !host.Explains(t.Context(), second, 2*second, 0) {
			t.Error("what was not known yet was taken for nothing")
		}
	})
}
