package spec

import (
	"testing"
	"testing/synctest"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

const second = int64(time.Second)

// pressedHost returns a host in which processes waited for so much of each second.
func pressedHost(pressure ...time.Duration) *Host {
	host := &Host{}
	var before time.Duration
	for i, pressure := range pressure {
		host.add(protocol.Calibration{From: int64(i) * second, To: int64(i+1) * second, Pressure: pressure, PriorPressurePeriod: before}, 0)
		before += pressure
	}
	return host
}

// TestTheHostExplainsWhatItMadeLate asks about what was due at second 1, with a tolerance of 300 ms.
func TestTheHostExplainsWhatItMadeLate(t *testing.T) {
	const tolerance = 300 * time.Millisecond
	for name, c := range map[string]struct {
		host *Host
		came int64 // after it was due
		want bool
	}{
		"early":                                     {pressedHost(0, 0, 0), -1, false},
		"a calm host":                               {pressedHost(0, 0, 0), second / 2, false},
		"pressed for as long as it is late":         {pressedHost(0, 200*time.Millisecond, 0), second / 2, true},
		"pressed for too short":                     {pressedHost(0, 199*time.Millisecond, 0), second / 2, false},
		"pressed before it was due":                 {pressedHost(time.Second, 0, 0), second / 2, false},
		"pressed after it came":                     {pressedHost(0, 0, time.Second), second / 2, false},
		"pressed all the time, and later than that": {pressedHost(time.Second, 400*time.Millisecond, 0), second, false},
		"in two intervals":                          {pressedHost(0, 800*time.Millisecond, 400*time.Millisecond), 3 * second / 2, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.host.Explains(t.Context(), second, second+c.came, tolerance); got != c.want {
				t.Errorf("explained: %v, not %v", got, c.want)
			}
		})
	}
}

// TestWhatTheHostCouldDelay asks about delays at a time that is not known, with a tolerance of 250 ms.
func TestWhatTheHostCouldDelay(t *testing.T) {
	const tolerance = 250 * time.Millisecond
	for name, c := range map[string]struct {
		host  *Host
		delay time.Duration
		want  bool
	}{
		"a calm host":                {pressedHost(0, 0, 0), 300 * time.Millisecond, false},
		"pressed for a moment":       {pressedHost(0, 60*time.Millisecond, 0), 300 * time.Millisecond, true},
		"pressed for too short":      {pressedHost(0, 40*time.Millisecond, 0), 300 * time.Millisecond, false},
		"far longer than the host":   {pressedHost(time.Second, time.Second, time.Second), 15 * time.Second, false},
		"pressed now and then":       {pressedHost(400*time.Millisecond, 0, 400*time.Millisecond), time.Second, false},
		"pressed for two in a row":   {pressedHost(0, 900*time.Millisecond, 900*time.Millisecond), 2 * time.Second, true},
		"a host that nobody watched": {&Host{}, 300 * time.Millisecond, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.host.CouldDelay(c.delay, tolerance); got != c.want {
				t.Errorf("%v, not %v", got, c.want)
			}
		})
	}
}

// TestWhatIsBetweenTwoIntervalsCounts has the reply of the first be on its way for a second in which the host was busy.
func TestWhatIsBetweenTwoIntervalsCounts(t *testing.T) {
	host := &Host{}
	host.add(protocol.Calibration{From: 0, To: second}, 0)
	host.add(protocol.Calibration{From: 2 * second, To: 3 * second, PriorPressurePeriod: time.Second}, 0)
	if !host.Explains(t.Context(), second, 2*second, 0) {
		t.Error("a second of pressure between two intervals explains nothing")
	}
	if host.Explains(t.Context(), 2*second, 3*second, 0) {
		t.Error("it explains what was late in the interval after it")
	}
}

// TestTheSupervisorsOwnWaitingExplainsALateAnswer has the agent be on its way for a second in which the host was busy, and for one in
// which it watched a calm host.
func TestTheSupervisorsOwnWaitingExplainsALateAnswer(t *testing.T) {
	for name, c := range map[string]struct{ pressure, runDelay, want time.Duration }{
		"it waited as long":                {time.Second, time.Second, time.Second},
		"it waited for a part":             {time.Second, time.Second / 4, time.Second / 4},
		"its threads waited more together": {time.Second / 2, 5 * time.Second, time.Second / 2},
		"others waited":                    {time.Second, 0, 0},
	} {
		host := &Host{}
		host.add(protocol.Calibration{From: 0, To: second, PriorRunDelay: time.Minute}, 0)
		host.add(protocol.Calibration{From: 2 * second, To: 3 * second, PriorPressurePeriod: c.pressure, PriorRunDelay: time.Minute + c.runDelay}, 0)
		if got := host.waitSupervisorDelay(t.Context(), second, 2*second); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	watched := pressedHost(0, time.Second)
	if got := watched.waitSupervisorDelay(t.Context(), second, 2*second); got != time.Second {
		t.Errorf("while the agent watched: %s, want 1s", got)
	}
}

func TestTheLastIntervalIsAwaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := pressedHost(0)
		go func() {
			time.Sleep(hostInterval)
			host.add(protocol.Calibration{From: second, To: 2 * second, Pressure: time.Second}, 0)
		}()
		if !host.Explains(t.Context(), second, 2*second, 0) {
			t.Error("the interval in which it came was not awaited")
		}
	})
}

// TestALimitIsOverOnceItsTimeWithoutTheHostHasPassed has a host that was busy for one of three seconds.
func TestALimitIsOverOnceItsTimeWithoutTheHostHasPassed(t *testing.T) {
	host := pressedHost(0, time.Second, 0)
	if host.IsOver(2*time.Second, 0, 3*second) {
		t.Error("the host's second counts")
	}
	if !host.IsOver(2*time.Second-1, 0, 3*second) {
		t.Error("the image's two seconds do not count")
	}
	busy := make([]time.Duration, 20)
	for i := range busy {
		busy[i] = time.Second
	}
	if !pressedHost(busy...).IsOver(2*time.Second, 0, 20*second) {
		t.Error("on a host that is always busy it is never over")
	}
}
