package budget_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/budget"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

const jitter = 250 * time.Millisecond

// shipped is the retry policy of suites/contract/hero_zero.md#supervision.
func shipped() zinit.RetryPolicy {
	return zinit.RetryPolicy{
		MaxAttempts: 20, Delay: zinit.Milliseconds(5 * time.Second), Backoff: zinit.BackoffExponential,
		MaxDelay: zinit.Milliseconds(300 * time.Second), StabilityPeriod: zinit.Milliseconds(60 * time.Second),
	}
}

func TestAfterExit(t *testing.T) {
	linear := shipped()
	linear.Backoff = zinit.BackoffLinear
	none := shipped()
	none.Backoff = zinit.BackoffNone
	for _, tc := range []struct {
		name   string
		policy zinit.RetryPolicy
		retry  int
		delay  time.Duration
		why    string
	}{
		{"shipped, first", shipped(), 1, 5 * time.Second, "retry 1 was due 5.00 s after the exit"},
		{"shipped, second", shipped(), 2, 10 * time.Second, "retry 2 was due 10.00 s after the exit"},
		{"shipped, third", shipped(), 3, 20 * time.Second, "retry 3 was due 20.00 s after the exit"},
		{"shipped, at the cap", shipped(), 7, 300 * time.Second, "retry 7 was due 300.00 s after the exit"},
		{"linear, third", linear, 3, 15 * time.Second, "retry 3 was due 15.00 s after the exit"},
		{"none, third", none, 3, 5 * time.Second, "retry 3 was due 5.00 s after the exit"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := budget.AfterExit(tc.policy, tc.retry, 2*time.Second, jitter)
			if got.Respawn.Earliest != tc.delay || got.Respawn.Latest != tc.delay+jitter {
				t.Errorf("respawn is due within %v to %v", got.Respawn.Earliest, got.Respawn.Latest)
			}
			if got.Serving.Earliest != tc.delay || got.Serving.Latest != tc.delay+2*time.Second+jitter {
				t.Errorf("serving is due within %v to %v", got.Serving.Earliest, got.Serving.Latest)
			}
			if why := got.Respawn.Explain(); why != tc.why {
				t.Errorf("explained as %q", why)
			}
			if why := got.Serving.Explain(); why != tc.why+", and serving 2.00 s later" {
				t.Errorf("explained as %q", why)
			}
		})
	}
}

func TestDetection(t *testing.T) {
	const s = time.Second
	shippedCheck := budget.Check{Interval: 60 * s, Timeout: 90 * s, StartPeriod: 30 * s, Retries: 1}
	thrice := budget.Check{Interval: 60 * s, Timeout: 90 * s, StartPeriod: 30 * s, Retries: 3}
	quick := budget.Check{Interval: 60 * s, Timeout: 10 * s, StartPeriod: 30 * s, Retries: 3, ReplyLimit: s}
	for _, tc := range []struct {
		name             string
		check            budget.Check
		age              time.Duration
		cadences         []budget.Cadence
		earliest, latest time.Duration
	}{
		{"shipped", shippedCheck, 100 * s, nil, 90 * s, 150 * s},
		{"shipped, 10 s old", shippedCheck, 10 * s, nil, 110 * s, 170 * s},
		{"shipped, at the end of the start period", shippedCheck, 30 * s, nil, 90 * s, 150 * s},
		{"retries 0 is 1", budget.Check{Interval: 60 * s, Timeout: 90 * s}, 0, nil, 90 * s, 150 * s},
		{"R·I+T", quick, 100 * s, []budget.Cadence{budget.FixedRate}, 129 * s, 190 * s},
		{"R·(I+T)", quick, 100 * s, []budget.Cadence{budget.FixedDelay}, 149 * s, 210 * s},
		{"skipped ticks, none falls into a run", quick, 100 * s, []budget.Cadence{budget.SkippedTicks}, 129 * s, 190 * s},
		{"I+(R-1)·I·⌈T/I⌉+T", thrice, 100 * s, []budget.Cadence{budget.SkippedTicks}, 330 * s, 390 * s},
		{"run at its end", thrice, 100 * s, []budget.Cadence{budget.FixedRate}, 270 * s, 330 * s},
		{"the widest of all", thrice, 100 * s, nil, 270 * s, 450 * s},
		{"no run had begun within the start period", quick, 29 * s, []budget.Cadence{budget.FixedRate}, 131 * s, 191 * s},
		{"nonsense", budget.Check{}, 0, nil, 0, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := tc.check.Detection(tc.age, tc.cadences...)
			if got.Earliest != tc.earliest || got.Latest != tc.latest {
				t.Errorf("detected within %v to %v, want %v to %v", got.Earliest, got.Latest, tc.earliest, tc.latest)
			}
		})
	}
}

func TestAfterHang(t *testing.T) {
	check := budget.Check{Interval: 60 * time.Second, Timeout: 90 * time.Second, StartPeriod: 30 * time.Second, Retries: 2}
	got := budget.AfterHang(check.Detection(10*time.Second), 10*time.Second,
		budget.AfterExit(shipped(), 1, 2*time.Second, jitter))
	if want := (20 + 90 + 90 + 5) * time.Second; got.Respawn.Earliest != want || got.Serving.Earliest != want {
		t.Errorf("earliest respawn %v, serving %v; want %v", got.Respawn.Earliest, got.Serving.Earliest, want)
	}
	if want := (20+2*150+10+5)*time.Second + jitter; got.Respawn.Latest != want {
		t.Errorf("latest respawn %v, want %v", got.Respawn.Latest, want)
	}
	if want := (20+2*150+10+5+2)*time.Second + jitter; got.Serving.Latest != want {
		t.Errorf("latest serving %v, want %v", got.Serving.Latest, want)
	}
	const why = "the health check runs every 60.00 s for at most 90.00 s and has to fail 2 times in a row, " +
		"20.00 s of the start period were left; at most 10.00 s to stop; retry 1 was due 5.00 s after the exit"
	if got.Respawn.Explain() != why {
		t.Errorf("explained as %q", got.Respawn.Explain())
	}
}

func TestDetectionOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		duration := rapid.Int64Range(1, int64(time.Hour))
		check := budget.Check{
			Interval: time.Duration(duration.Draw(t, "interval")), Timeout: time.Duration(duration.Draw(t, "timeout")),
			StartPeriod: time.Duration(duration.Draw(t, "start period")), Retries: rapid.IntRange(0, 10).Draw(t, "retries"),
		}
		age := time.Duration(duration.Draw(t, "age"))
		rate, skipped, delay := check.Detection(age, budget.FixedRate), check.Detection(age, budget.SkippedTicks), check.Detection(age, budget.FixedDelay)
		if rate.Latest > skipped.Latest || skipped.Latest > delay.Latest {
			t.Fatalf("latest at a fixed rate %v, with skipped ticks %v, with a fixed delay %v", rate.Latest, skipped.Latest, delay.Latest)
		}
		all := check.Detection(age)
		if all.Earliest != rate.Earliest || all.Latest != delay.Latest {
			t.Fatalf("of all cadences %v to %v", all.Earliest, all.Latest)
		}
		if all.Earliest > all.Latest {
			t.Fatalf("earliest %v after latest %v", all.Earliest, all.Latest)
		}
		if older := check.Detection(age + time.Second); older.Latest > all.Latest {
			t.Fatalf("an older process is detected later: %v and %v", older.Latest, all.Latest)
		}
	})
}

// TestDetectionHolds simulates a health check tick by tick and checks that its detection is inside the window.
func TestDetectionHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		second := rapid.IntRange(1, 100)
		interval, timeout := second.Draw(t, "interval"), second.Draw(t, "timeout")
		startPeriod, retries := rapid.IntRange(0, 100).Draw(t, "start period"), rapid.IntRange(1, 5).Draw(t, "retries")
		hung := rapid.IntRange(0, 500).Draw(t, "hung")
		cadence := rapid.SampledFrom(budget.Cadences()).Draw(t, "cadence")
		check := budget.Check{
			Interval: time.Duration(interval) * time.Second, Timeout: time.Duration(timeout) * time.Second,
			StartPeriod: time.Duration(startPeriod) * time.Second, Retries: retries,
		}
		failures, start := 0, startPeriod
		for failures < retries {
			if start < hung { // answers at once
				start += interval
				continue
			}
			failures++
			if failures == retries {
				break
			}
			switch end := start + timeout; cadence {
			case budget.FixedRate:
				start = max(start+interval, end)
			case budget.FixedDelay:
				start = end + interval
			case budget.SkippedTicks:
				for start += interval; start < end; {
					start += interval
				}
			}
		}
		took := time.Duration(start+timeout-hung) * time.Second
		window := check.Detection(time.Duration(hung)*time.Second, cadence)
		if took < window.Earliest || took > window.Latest {
			t.Fatalf("detected after %v, the window is %v to %v", took, window.Earliest, window.Latest)
		}
	})
}

func TestDescribe(t *testing.T) {
	due := budget.AfterExit(shipped(), 1, 0, 0).Respawn
	if got, want := budget.DescribeDue(shipped(), due), "20 attempts, 5000 ms exponential; retry 1 was due 5.00 s after the exit"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for want, policy := range map[string]zinit.RetryPolicy{
		"any number of attempts, 1730 ms each time": {Delay: zinit.Milliseconds(1730 * time.Millisecond)},
		"1 attempt, 100 ms linear":                  {MaxAttempts: 1, Delay: zinit.Milliseconds(100 * time.Millisecond), Backoff: zinit.BackoffLinear},
	} {
		if got := budget.Describe(policy); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
