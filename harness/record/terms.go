package record

// Terms are the numbers by which the phases of a recovery were due. harness/budget computes the windows from them, so that whoever judges
// a record need not trust a window that it holds. All times are in nanoseconds.
type Terms struct {
	Policy RetryPolicy `json:"policy"`
	// Retry is the number of the retry that was due first. LastRetry is the last one that may have been due, if that was not sure.
	Retry     int `json:"retry"`
	LastRetry int `json:"last_retry,omitempty"`
	// Check is the health check that finds a hang; nil if the fault ends the process itself.
	Check *Check `json:"check,omitempty"`
	// TermDelay is the time that the process takes to end by the fault, and StopTimeout the longest that it may take.
	TermDelay   int64 `json:"term_delay_ns,omitempty"`
	StopTimeout int64 `json:"stop_timeout_ns"`
	// Startup is the longest time until a new process serves. Wait is added to it where the process waits for another service or a
	// second attempt.
	Startup int64 `json:"startup_ns"`
	Wait    int64 `json:"wait_ns,omitempty"`
	// Limits are the outer limits of a service of the target's own, which its policy may fall short of.
	Limits *Limits `json:"limits,omitempty"`
	// Stay is the time in which nothing may change: the process may not be replaced and, unless the fault ended it, may not end.
	Stay int64 `json:"stay_ns,omitempty"`
}

// RetryPolicy is the retry policy of a service, in the members of zinit's. A 0 is no limit.
type RetryPolicy struct {
	MaxAttempts     int    `json:"max_attempts"`
	Delay           int64  `json:"delay_ns"`
	Backoff         string `json:"backoff,omitempty"`
	MaxDelay        int64  `json:"max_delay_ns"`
	StabilityPeriod int64  `json:"stability_period_ns"`
}

// Check is the health check of a service.
type Check struct {
	Interval    int64 `json:"interval_ns"`
	Timeout     int64 `json:"timeout_ns"`
	StartPeriod int64 `json:"start_period_ns,omitempty"`
	Retries     int   `json:"retries,omitempty"`
}

// Limits are the outer limits of a target, counted from the exit (Restart, Serving) or the stop signal.
type Limits struct {
	Restart     int64 `json:"restart_ns"`
	Serving     int64 `json:"serving_ns"`
	StopTimeout int64 `json:"stop_timeout_ns"`
}

// Proof says what evidence each held result of a promise must have (harness/promise). A promise without one is judged by what a spec
// saw otherwise, and only its outcome is in the record.
type Proof struct {
	// Services asks for a result of every service of the target.
	Services bool `json:"services,omitempty"`
	// Recoveries is the number of faults that a result stands on: of its own recoveries and of those that it was held to besides.
	Recoveries int `json:"recoveries,omitempty"`
	// Faults are those of the recoveries. A result of one of the Behaviours, which take the place of a fault, stands on no recovery.
	Faults     []string `json:"faults,omitempty"`
	Behaviours []string `json:"behaviours,omitempty"`
	// Phases are those that each recovery reached in time, and was held to.
	Phases []string `json:"phases,omitempty"`
	// Stays names the state that must have lasted instead, for a result's own service.
	Stays Stay `json:"stays,omitempty"`
	// Beside says that some of the recoveries are of other services than the result's.
	Beside bool `json:"beside,omitempty"`
	// Lasting says that a result rests on the fault of the host that it names, which landed, was reverted and let go.
	Lasting bool `json:"lasting,omitempty"`
}

// Stay is a state that must last.
type Stay string

// The states that may have to last.
const (
	StaysUp   Stay = "up"   // the process itself
	StaysDown Stay = "down" // that there is none, after the fault ended it
)

// Totals count what a record holds, so that nothing can be missing unseen.
type Totals struct {
	Results    int `json:"results"`
	Recoveries int `json:"recoveries"`
	Evidence   int `json:"evidence"`
	Containers int `json:"containers,omitempty"`
}

// Count returns the totals of what the record holds now.
func (r *Record) Count() Totals {
	return Totals{Results: len(r.Results), Recoveries: len(r.Recoveries), Evidence: len(r.Evidence), Containers: len(r.Containers)}
}
