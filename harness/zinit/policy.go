package zinit

import (
	"encoding/json"
	"fmt"
	"time"
)

// Milliseconds is a duration. zinit's RPC writes it as a whole number of milliseconds, a target file as Go does: "1m30s".
type Milliseconds time.Duration

// Duration returns d as a time.Duration.
func (d Milliseconds) Duration() time.Duration { return time.Duration(d) }

// String writes d as Go writes durations.
func (d Milliseconds) String() string { return time.Duration(d).String() }

// MarshalJSON writes d in whole milliseconds.
func (d Milliseconds) MarshalJSON() ([]byte, error) {
	return json.Marshal(time.Duration(d).Milliseconds())
}

// UnmarshalJSON reads a whole number of milliseconds.
func (d *Milliseconds) UnmarshalJSON(data []byte) error {
	var milliseconds int64
	if err := json.Unmarshal(data, &milliseconds); err != nil {
		return fmt.Errorf("read a duration in milliseconds: %w", err)
	}
	*d = Milliseconds(time.Duration(milliseconds) * time.Millisecond)
	return nil
}

// MarshalYAML writes d as Go writes durations.
func (d Milliseconds) MarshalYAML() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalYAML reads a duration as Go writes it.
func (d *Milliseconds) UnmarshalYAML(unmarshal func(any) error) error {
	var text string
	if err := unmarshal(&text); err != nil {
		return err
	}
	duration, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("%q is not a duration: write it like 5s, 250ms or 1m30s", text)
	}
	*d = Milliseconds(duration)
	return nil
}

// Backoff is the growth of the delay between attempts (suites/contract/zinit-0.4.md#delay).
type Backoff string

// The three kinds of backoff.
const (
	BackoffNone        Backoff = "none"
	BackoffLinear      Backoff = "linear"
	BackoffExponential Backoff = "exponential"
)

// RetryPolicy is the rule by which an action runs again after its end (suites/contract/zinit-0.4.md#stability). A zero MaxAttempts
// is no limit, a zero MaxDelay no cap, a zero StabilityPeriod never stable.
type RetryPolicy struct {
	MaxAttempts     int          `json:"max_attempts"        yaml:"max_attempts"`
	Delay           Milliseconds `json:"delay_ms"            yaml:"delay"`
	Backoff         Backoff      `json:"backoff,omitempty"   yaml:"backoff"`
	MaxDelay        Milliseconds `json:"max_delay_ms"        yaml:"max_delay"`
	StabilityPeriod Milliseconds `json:"stability_period_ms" yaml:"stability_period"`
}

// DelayOfRetry returns the delay from the exit to retry n, where the first retry is n = 1 (suites/contract/zinit-0.4.md#delay).
func (p RetryPolicy) DelayOfRetry(n int) time.Duration {
	delay := p.Delay.Duration()
	limit := p.MaxDelay.Duration()
	switch p.Backoff {
	case BackoffLinear:
		delay *= time.Duration(n)
	case BackoffExponential:
		for range n - 1 {
			if delay > time.Hour*24*365 || (limit > 0 && delay >= limit) {
				break
			}
			delay *= 2
		}
	case BackoffNone:
	}
	if limit > 0 && delay > limit {
		return limit
	}
	return delay
}

// Schedule is the timing of a health action (suites/contract/zinit-0.4.md#health).
type Schedule struct {
	Interval    Milliseconds `json:"interval_ms"       yaml:"interval"`
	StartPeriod Milliseconds `json:"start_period_ms"   yaml:"start_period"`
	Retries     int          `json:"retries,omitempty" yaml:"retries"`
}
