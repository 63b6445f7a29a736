package zinit

import (
	"encoding/json"
	"fmt"
	"time"
)

// Milliseconds is a duration that zinit's RPC writes as a whole number of milliseconds
// (contract zinit-0.4, "durations milliseconds") and a target file as Go writes durations, "1m30s".
type Milliseconds time.Duration

// Duration returns d as Go's own type.
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
		return fmt.Errorf("%q is no duration: write it like 5s, 250ms or 1m30s", text)
	}
	*d = Milliseconds(duration)
	return nil
}

// Backoff says how the delay between attempts grows (contract zinit-0.4, Semantics 2).
type Backoff string

// The three kinds of backoff.
const (
	BackoffNone        Backoff = "none"
	BackoffLinear      Backoff = "linear"
	BackoffExponential Backoff = "exponential"
)

// RetryPolicy says when and how often a run that ended is run again (contract zinit-0.4, Semantics 2 and 3).
// A zero MaxAttempts is no limit, a zero MaxDelay no cap, a zero StabilityPeriod never stable.
type RetryPolicy struct {
	MaxAttempts     int          `json:"max_attempts"        yaml:"max_attempts"`
	Delay           Milliseconds `json:"delay_ms"            yaml:"delay"`
	Backoff         Backoff      `json:"backoff,omitempty"   yaml:"backoff"`
	MaxDelay        Milliseconds `json:"max_delay_ms"        yaml:"max_delay"`
	StabilityPeriod Milliseconds `json:"stability_period_ms" yaml:"stability_period"`
}

// DelayOfRetry returns the delay before retry n, counted from the exit: none d, linear d·n,
// exponential d·2^(n-1), never more than MaxDelay. The first retry is n = 1.
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

// Schedule says when a health action runs (contract zinit-0.4, Semantics 5).
type Schedule struct {
	Interval    Milliseconds `json:"interval_ms"       yaml:"interval"`
	StartPeriod Milliseconds `json:"start_period_ms"   yaml:"start_period"`
	Retries     int          `json:"retries,omitempty" yaml:"retries"`
}
