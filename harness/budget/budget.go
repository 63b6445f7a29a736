// Package budget computes how long each phase of a recovery may take, and how short it may be: pure functions of the policy that the
// supervisor was given (suites/contract/experiments.md#budgets).
package budget

import (
	"fmt"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// Window is the time in which something is due: from Earliest to Latest, both counted from an event. The function that makes it
// names the event.
type Window struct {
	Earliest time.Duration
	Latest   time.Duration
	why      string
}

// Explain returns where the window comes from, for the text of a failure.
func (w Window) Explain() string { return w.why }

// Restart is the windows in which a process is replaced and its replacement serves.
type Restart struct {
	Respawn Window
	Serving Window
}

// AfterExit returns when a retry is due, counted from the exit (suites/contract/zinit-0.4.md#delay). The first retry is 1. start is the
// time from the start of a process to its first correct reply. jitter is added to every latest time.
func AfterExit(policy zinit.RetryPolicy, retry int, start, jitter time.Duration) Restart {
	delay := policy.DelayOfRetry(retry)
	due := fmt.Sprintf("retry %d was due %s after the exit", retry, span.Text(delay))
	return Restart{
		Respawn: Window{Earliest: delay, Latest: delay + jitter, why: due},
		Serving: Window{
			Earliest: delay, Latest: delay + start + jitter,
			why: due + fmt.Sprintf(", and serving %s later", span.Text(start)),
		},
	}
}

// AfterHang returns when a hung process is replaced, counted from the injection: detection, the stop timeout, then what follows an
// exit. A supervisor may kill at once, so the earliest times leave the stop timeout out.
func AfterHang(detection Window, stopTimeout time.Duration, exit Restart) Restart {
	shift := func(w Window) Window {
		return Window{
			Earliest: detection.Earliest + w.Earliest,
			Latest:   detection.Latest + stopTimeout + w.Latest,
			why:      fmt.Sprintf("%s; at most %s to stop; %s", detection.why, span.Text(stopTimeout), w.why),
		}
	}
	return Restart{Respawn: shift(exit.Respawn), Serving: shift(exit.Serving)}
}

// DescribeFully describes all of a policy: "20 attempts, 5000 ms exponential (at most 5m0s, stable after 1m0s)".
func DescribeFully(policy zinit.RetryPolicy) string {
	return fmt.Sprintf("%s (at most %s, stable after %s)", Describe(policy), policy.MaxDelay, policy.StabilityPeriod)
}

// Describe describes a policy: "20 attempts, 5000 ms exponential".
func Describe(policy zinit.RetryPolicy) string {
	attempts := fmt.Sprintf("%d attempts", policy.MaxAttempts)
	switch policy.MaxAttempts {
	case 0:
		attempts = "any number of attempts"
	case 1:
		attempts = "1 attempt"
	}
	backoff := string(policy.Backoff)
	if policy.Backoff == zinit.BackoffNone || backoff == "" {
		backoff = "each time"
	}
	return fmt.Sprintf("%s, %d ms %s", attempts, policy.Delay.Duration().Milliseconds(), backoff)
}

// DescribeDue describes a policy and what was due by it: "20 attempts, 5000 ms exponential; retry 1 was due 5.00 s after the exit".
func DescribeDue(policy zinit.RetryPolicy, due Window) string {
	return strings.TrimSuffix(Describe(policy)+"; "+due.Explain(), "; ")
}
