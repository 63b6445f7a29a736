package promise

import "forge.ourworld.tf/lhumina_code/hero_chaos/suites/contract"

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
	RetryCourse          = "retry.course"
	RetryMany            = "retry.many"
	RetryAnyEnding       = "retry.any-ending"
	RetryStoppedBetween  = "retry.stopped-between"
	RetryFailedStatus    = "retry.failed-status"
	RetryFreshStart      = "retry.fresh-start"
	RetryWaitingStatus   = "retry.waiting-status"
	RetryJobAttempt      = "retry.job-attempt"
)

// delayRules are the assumptions behind a series of delays.
var delayRules = []string{"delay-formula", "retry-numbering"}

var retry = []Promise{
	// When the next attempt is made.
	blocking(RetryNone, "Without backoff every retry waits for the same delay.", from(contract.Delay), "delay-formula"),
	blocking(RetryLinear, "With linear backoff retry n waits for n times the delay.", from(contract.Delay), delayRules...),
	blocking(RetryExponential, "With exponential backoff each retry waits twice as long as the one before, up to the maximum delay.", from(contract.Delay), delayRules...),
	blocking(RetryMaxDelay, "No retry waits longer than the maximum delay or shorter than the delay.", from(contract.Supervision)),
	advisory(RetryZero, "With 0 there is no limit of attempts, no maximum delay and no stable run.", from(contract.Stability), "zero-is-no-limit", "delay-formula", "retry-numbering"),
	blocking(RetryShipped, "The shipped policy holds over three retries in a row.", from(contract.Supervision), delayRules...),
	blocking(RetryCrashLoop, "A service that ends as soon as it has started is retried with the same delays, whatever its exit code and whether it passed health checks.", from(contract.Delay), delayRules...),
	blocking(RetryStabilityBefore, "A run that ends just before its stability period is followed by the next longer delay.", from(contract.Delay), delayRules...),
	blocking(RetryStabilityAfter, "A run that ends just after its stability period is followed by the first delay again, each time.", from(contract.Delay), "retry-numbering"),
	// How many attempts are made, and what the supervisor says of them.
	blocking(RetryStableBudget, "A stable run gives a service all its attempts back.", from(contract.Stability), "cap-counts-runs"),
	blocking(RetryGivesUp, "A service that keeps ending early is given up once its attempts are used up, and not before.", from(contract.Supervision)),
	blocking(RetryMaxAttempts, "A service that keeps ending early runs exactly max_attempts times, whatever its exit code.", from(contract.Stability), "cap-counts-runs"),
	blocking(RetryCourse, "All attempts of the shipped policy, scaled, wait as the backoff says, to the maximum delay and past it.", from(contract.Delay, contract.Supervision), delayRules...),
	blocking(RetryMany, "The delay stays at its maximum however many retries there were.", from(contract.Delay), delayRules...),
	blocking(RetryAnyEnding, "A service is run again whatever signal ends it, and whatever its exit code.", from(contract.Restart)),
	blocking(RetryStoppedBetween, "A service that is stopped and started between two retries begins at the first delay again.", from(contract.Delay, contract.Orders), delayRules...),
	blocking(RetryFailedStatus, "A service that was given up has the status `failed` and no process, and stays so.", from(contract.Status), "cap-counts-runs", "failed-means-given-up"),
	blocking(RetryFreshStart, "A service that was given up and is started by hand has all its attempts and its first delay again.", from(contract.Stability), "cap-counts-runs", "failed-until-started", "delay-formula", "retry-numbering"),
	advisory(RetryWaitingStatus, "While a retry is pending, the status shows it: starting or exited, no process, and how the last run ended.", from(contract.Status), "status-while-waiting"),
	advisory(RetryJobAttempt, "The record of each run says which attempt it was.", from(contract.Stability), "job-shape", "job-attempt", "cap-counts-runs"),
}
