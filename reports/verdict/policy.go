package verdict

import "time"

// Policy is what decides beside the records (ci/policy.yaml). The zero value takes no record: each is too old for it.
type Policy struct {
	// Severities raise or lower what a failure means.
	Severities []Severity
	// Waivers excuse failures for a time.
	Waivers []Waiver
	// MinimumSamples is how many results of a promise have to have held or failed.
	MinimumSamples map[string]int
	// MaxAge is how long after its end a run counts.
	MaxAge time.Duration
	// AllowedSlowdown is by how much a phase may take longer than for the baseline: 0.1 is a tenth.
	AllowedSlowdown float64
	// SHA256 is of the file, in hexadecimal.
	SHA256 string
}

// What a policy can make of a promise.
const (
	Blocking = "blocking"
	Advising = "advisory"
)

// Severity replaces a promise's own.
type Severity struct {
	Promise  string `yaml:"promise"`
	Severity string `yaml:"severity"` // Blocking or Advising
	Reason   string `yaml:"reason"`
}

// Waiver excuses the failures of a promise, for somebody who answers for it, until a day.
type Waiver struct {
	Promise string `yaml:"promise"`
	Service string `yaml:"service"` // empty: on every service
	Owner   string `yaml:"owner"`
	Reason  string `yaml:"reason"`
	Expires string `yaml:"expires"` // the last day on which it excuses, in UTC: 2026-12-31
}

// Expired tells whether the waiver's last day is over. One without a day that can be read is expired.
func (w Waiver) Expired(now time.Time) bool {
	day, err := time.Parse(time.DateOnly, w.Expires)
	return err != nil || !now.Before(day.AddDate(0, 0, 1))
}
