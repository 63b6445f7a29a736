package verdict

import "time"

// Policy is the part of a verdict that people decide (ci/policy.yaml). The zero value accepts no record: each is too old.
type Policy struct {
	// Severities replace those of promises.
	Severities []Severity
	// Waivers excuse failures until a day.
	Waivers []Waiver
	// MinimumSamples is the number of results of a promise that must have held or failed, by its id.
	MinimumSamples map[string]int
	// AgeLimit is how long after its end a run counts.
	AgeLimit time.Duration
	// AllowedSlowdown is the share by which a phase may take longer than in the baseline: 0.1 is a tenth.
	AllowedSlowdown float64
	// Limits are the most that a record may grant.
	Limits Limits
	// SHA256 is the hash of the file at Path, in hexadecimal.
	SHA256, Path string
}

// Limits are the most that a record may grant to the image that it is of.
type Limits struct {
	// ToleranceLimit bounds by how much a phase may take longer than it was due.
	ToleranceLimit time.Duration
	// RestartLimit and ServingLimit are counted from an exit, StopTimeout from a stop signal.
	RestartLimit, ServingLimit, StopTimeout time.Duration
	// HealthLimit bounds each time of a health check: its interval, its timeout and its start period.
	HealthLimit time.Duration
}

// The severities that a policy can give to a promise.
const (
	Blocking = "blocking"
	Advising = "advisory"
)

// Severity replaces the severity of a promise.
type Severity struct {
	Promise  string `yaml:"promise"`
	Severity string `yaml:"severity"` // Blocking or Advising
	Reason   string `yaml:"reason"`
}

// Waiver excuses the failures of a promise until a day. Its owner answers for that.
type Waiver struct {
	Promise string `yaml:"promise"`
	Service string `yaml:"service"` // empty stands for every service
	Owner   string `yaml:"owner"`
	Reason  string `yaml:"reason"`
	Expires string `yaml:"expires"` // its last day, in UTC: 2026-12-31
}

// IsExpired reports whether the waiver's last day is over. A waiver without a valid day is expired.
func (w Waiver) IsExpired(now time.Time) bool {
	day, err := time.Parse(time.DateOnly, w.Expires)
	return err != nil || !now.Before(day.AddDate(0, 0, 1))
}
