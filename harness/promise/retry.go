package promise

// The promises of the theme retry.
const (
	RetryNone            = "retry.none"
	RetryLinear          = "retry.linear"
	RetryExponential     = "retry.exponential"
	RetryMaxDelay        = "retry.max-delay"
	RetryZero            = "retry.zero"
	RetryShipped         = "retry.shipped"
	RetryCrashLoop       = "retry.crash-loop"
	RetryStabilityBefore = "retry.stability-before"
	RetryStabilityAfter  = "retry.stability-after"
	RetryStableBudget    = "retry.stable-budget"
	RetryGivesUp         = "retry.gives-up"
	RetryMaxAttempts     = "retry.max-attempts"
	RetryFailedStatus    = "retry.failed-status"
	RetryFreshStart      = "retry.fresh-start"
	RetryWaitingStatus   = "retry.waiting-status"
	RetryJobAttempt      = "retry.job-attempt"
)

// sourceShippedPolicy is where the image's retry policy is stated: attempts, delay, backoff, maximum, stability.
const sourceShippedPolicy = "hero_zero, Supervision"

func retry() []Promise {
	return append(delays(), attempts()...)
}

// delays are promises about when the next attempt is made.
func delays() []Promise {
	formula := []string{"delay-formula", "retry-numbering"}
	return []Promise{
		{
			ID: RetryNone, Sentence: "Without backoff every retry waits for the same delay, no longer and no shorter.",
			Source: sourceSemantics + "2", Severity: Blocking, Assumptions: []string{"delay-formula"},
		},
		{
			ID: RetryLinear, Sentence: "With linear backoff retry n waits for n times the delay.",
			Source: sourceSemantics + "2", Severity: Blocking, Assumptions: formula,
		},
		{
			ID: RetryExponential, Sentence: "With exponential backoff each retry waits for twice as long as the one before, and for the maximum delay when that is reached.",
			Source: sourceSemantics + "2", Severity: Blocking, Assumptions: formula,
		},
		{
			ID: RetryMaxDelay, Sentence: "No retry waits for longer than the maximum delay, and none for less than the delay.",
			Source: sourceShippedPolicy, Severity: Blocking,
		},
		{
			ID: RetryZero, Sentence: "With 0 for each there is no limit of attempts, no maximum delay, and no run is ever stable.",
			Source: sourceSemantics + "3", Severity: Advisory, Assumptions: append([]string{"zero-is-no-limit"}, formula...),
		},
		{
			ID: RetryShipped, Sentence: "The shipped policy is kept over three retries in a row.",
			Source: sourceShippedPolicy, Severity: Blocking, Assumptions: formula,
		},
		{
			ID: RetryCrashLoop, Sentence: "A service that ends as soon as it has started, whatever its exit code, is retried by the same delays.",
			Source: sourceSemantics + "2", Severity: Blocking, Assumptions: formula,
		},
		{
			ID: RetryStabilityBefore, Sentence: "A run that ends just before its stability period is followed by the next longer delay.",
			Source: sourceSemantics + "2", Severity: Blocking, Assumptions: formula,
		},
		{
			ID: RetryStabilityAfter, Sentence: "A run that ends just after its stability period is followed by the first delay again.",
			Source: sourceSemantics + "2", Severity: Blocking, Assumptions: []string{"retry-numbering"},
		},
	}
}

// attempts are promises about how often an attempt is made, and what is said of it.
func attempts() []Promise {
	return []Promise{
		{
			ID: RetryStableBudget, Sentence: "A stable run gives a service all of its attempts back.",
			Source: sourceSemantics + "3", Severity: Blocking, Assumptions: []string{"cap-counts-runs"},
		},
		{
			ID: RetryGivesUp, Sentence: "A service that keeps ending early is given up when its attempts are used up, not before and not never.",
			Source: sourceShippedPolicy, Severity: Blocking,
		},
		{
			ID: RetryMaxAttempts, Sentence: "A service that keeps ending early is run exactly max_attempts times, whatever its exit code.",
			Source: sourceSemantics + "3", Severity: Blocking, Assumptions: []string{"cap-counts-runs"},
		},
		{
			ID: RetryFailedStatus, Sentence: "A service that was given up is `failed` by its status, with no process, and stays so.",
			Source: sourceSemantics + "4", Severity: Blocking, Assumptions: []string{"cap-counts-runs", "failed-means-given-up"},
		},
		{
			ID: RetryFreshStart, Sentence: "A service that was given up and is started by hand has all its attempts and its first delay again.",
			Source: sourceSemantics + "3", Severity: Blocking,
			Assumptions: []string{"cap-counts-runs", "failed-until-started", "delay-formula", "retry-numbering"},
		},
		{
			ID: RetryWaitingStatus, Sentence: "While a retry is pending the status says so: starting or exited, no process, and how the last run ended.",
			Source: sourceSemantics + "4", Severity: Advisory, Assumptions: []string{"status-while-waiting"},
		},
		{
			ID: RetryJobAttempt, Sentence: "The record of each run says which attempt it was.",
			Source: sourceSemantics + "3", Severity: Advisory, Assumptions: []string{"job-shape", "job-attempt", "cap-counts-runs"},
		},
	}
}
