// Package budget says how long each phase of a recovery may take, and how short it may be: pure
// functions of the policy that the supervisor was given.
package budget

import (
	"fmt"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// Window is when something is due: not before Earliest, not after Latest, both counted from the
// event that the function which made it names.
type Window struct {
	Earliest time.Duration
	Latest   time.Duration
	why      string
}

// Explain says in words, for the text of a failure, where the window comes from.
func (w Window) Explain() string { return w.why }

// Restart is when a process that ended is replaced, and when its replacement serves. Both windows
// are counted from the exit.
type Restart struct {
	Respawn Window
	Serving Window
}

// AfterExit returns when retry number retry (from 1) is due: a new process D after the exit at the
// earliest and ε later at the latest, which serves S after that (suites/contract/zinit-0.4.md#restart
// and 2). start is S, the time a run takes to its first correct reply; jitter is the calibrated ε.
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

// AfterHang returns when a hung process is replaced, both windows counted from the injection:
// detection, then K for a process that cannot act on its stop signal, then what follows an exit. A
// supervisor may kill at once, so the lower bounds leave K out.
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

// InFull says all of a policy in words: "20 attempts, 5000 ms exponential (at most 5m0s, stable after 1m0s)".
func InFull(policy zinit.RetryPolicy) string {
	return fmt.Sprintf("%s (at most %s, stable after %s)", Describe(policy), policy.MaxDelay, policy.StabilityPeriod)
}

// Describe says a policy in short: "20 attempts, 5000 ms exponential".
func Describe(policy zinit.RetryPolicy) string {
	attempts := fmt.Sprintf("%d attempts", policy.MaxAttempts)
	switch policy.MaxAttempts {
	case 0:
		attempts = "any number of attempts" // suites/contract/zinit-0.4.md#stability: 0 means no limit
	case 1:
		attempts = "1 attempt"
	}
	backoff := string(policy.Backoff)
	if policy.Backoff == zinit.BackoffNone || backoff == "" {
		backoff = "each time"
	}
	return fmt.Sprintf("%s, %d ms %s", attempts, policy.Delay.Duration().Milliseconds(), backoff)
}

// Policy says a policy and what follows from it, for record.Recovery's Policy: "20 attempts, 5000 ms
// exponential; retry 1 was due 5.00 s after the exit".
func Policy(policy zinit.RetryPolicy, due Window) string {
	return strings.TrimSuffix(Describe(policy)+"; "+due.Explain(), "; ")
}
