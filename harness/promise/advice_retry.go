package promise

// backoffAdvice returns the advice for retries that come at the wrong time.
func backoffAdvice(rule string) Advice {
	return Advice{
		Why:    "Retries that come too soon burn the machine; retries that come too late are an outage.",
		Cause:  "Zinit computes the delay otherwise: " + rule + ".",
		Change: "Compare retry in the definition of {run-action} (registered now: {policy}) with the delays in the report. If the definition is right, mend or replace zinit.",
	}
}

var retryAdvice = map[string]Advice{
	RetryCourse: {
		Why:    "The late attempts are the ones that decide whether a service survives a long outage of what it needs.",
		Cause:  "Zinit's backoff is right for the first retries, and wrong where it reaches the maximum delay, or after it.",
		Change: "Mend or replace zinit: the delay doubles up to max_delay_ms and stays there until the last attempt (registered now: {policy}).",
	},
	RetryMany: {
		Why:    "A delay that overflows becomes 0, and the service is restarted in a tight loop for ever.",
		Cause:  "Zinit computes the delay as a power of two of the number of retries, which has 64 bits.",
		Change: "Mend or replace zinit: bound the exponent, or stop doubling at max_delay_ms.",
	},
	RetryAnyEnding: {
		Why:    "A program that is written in another language, or runs behind a shell, ends in other ways than the last one did.",
		Cause:  "Zinit takes some signals or exit codes for a wanted end or for one that is final, as systemd does with SIGPIPE and s6 with 125.",
		Change: "Mend or replace zinit: whoever is not stopped by order is run again (registered now: {policy}).",
	},
	RetryStoppedBetween: {
		Why:    "Whoever stops a service, mends it and starts it again expects it to be as fresh as new.",
		Cause:  "Zinit keeps the number of the next retry over a stop and a start.",
		Change: "Mend or replace zinit: a start that was asked for is attempt 1.",
	},
	RetryNone:        backoffAdvice("without backoff every retry waits for delay_ms, the first one too"),
	RetryLinear:      backoffAdvice("with linear backoff retry n waits for n times delay_ms"),
	RetryExponential: backoffAdvice("with exponential backoff each retry waits twice as long, up to max_delay_ms"),
	RetryMaxDelay:    backoffAdvice("no retry waits for longer than max_delay_ms or shorter than delay_ms"),
	RetryZero: {
		Why:    "Definitions leave values at 0 to say that there is no limit.",
		Cause:  "Zinit takes 0 for a limit of none: it gives up at once, or never waits.",
		Change: "Write the limit out in every definition, as {run-action} does (registered now: {policy}), or mend zinit.",
	},
	RetryShipped: {
		Why:    "The shipped policy decides how long an outage of {service} lasts.",
		Cause:  "Hero_services registers another policy than the contract's, or zinit cuts long delays short.",
		Change: "Register {run-action} with 20 attempts, 5000 ms delay, exponential backoff, 300000 ms maximum, 60000 ms stability (registered now: {policy}). If it says that, mend or replace zinit.",
	},
	RetryCrashLoop: {
		Why:    "A service that crashes at once must not be restarted in a tight loop.",
		Cause:  "Zinit retries some exit codes at once, or does not let the delay of the policy grow.",
		Change: "Mend or replace zinit: the delays have to be the same whatever the exit code. Check retry in the definition of {run-action} (registered now: {policy}).",
	},
	RetryStabilityBefore: {
		Why:    "A service that crashes every minute is not stable, and its delays have to grow.",
		Cause:  "Zinit calls a run stable before its stability period is over.",
		Change: "Mend or replace zinit: a run counts as stable after stability_period_ms ({stability-period} for {service}), not before.",
	},
	RetryStabilityAfter: {
		Why:    "After a good run a crash has to be repaired at once, not after the longest delay.",
		Cause:  "Zinit does not go back to the first delay after a stable run.",
		Change: "Mend or replace zinit: a run that lasted stability_period_ms ({stability-period} for {service}) begins the delays again.",
	},
	RetryStableBudget: {
		Why:    "Without this a service is given up after enough crashes in a year.",
		Cause:  "Zinit counts attempts for good and gives none back after a stable run.",
		Change: "Mend or replace zinit. Until then max_attempts 0 in the definition of {run-action} keeps it from being given up (registered now: {policy}).",
	},
	RetryGivesUp: {
		Why:    "A service that can never run has to be shown as failed, and must not burn the machine.",
		Cause:  "Zinit ignores max_attempts, or counts runs that were not in a row.",
		Change: "Check max_attempts in the definition of {run-action} (registered now: {policy}). If it is right, mend or replace zinit.",
	},
	RetryMaxAttempts: {
		Why:    "The number of attempts is what people plan with.",
		Cause:  "Zinit counts retries instead of runs, so that it makes one run too many or too few.",
		Change: "Mend or replace zinit: max_attempts counts runs that ended early, the first one included. No definition changes that.",
	},
	RetryFailedStatus: {
		Why:    "If a service that was given up looks as if it waited, nobody starts it.",
		Cause:  "Zinit leaves the status at exited after the last attempt.",
		Change: "Mend or replace zinit: after the last attempt service.status has to say failed, with pid 0.",
	},
	RetryFreshStart: {
		Why:    "A start by hand is the only way back for a service that was given up.",
		Cause:  "Zinit keeps the used-up attempts at service.start, so that it gives up again or does not start.",
		Change: "Mend or replace zinit: service.start has to begin at attempt 1. Until then delete the service and register its definition again.",
	},
	RetryWaitingStatus: {
		Why:    "Whoever looks at a service that is down has to see that, and when it comes back.",
		Cause:  "Zinit says running with the old pid until the restart.",
		Change: "Mend or replace zinit: between two runs service.status has to say starting or exited, with pid 0.",
	},
	RetryJobAttempt: {
		Why:    "The attempt in the record tells a first crash from a crash loop.",
		Cause:  "Zinit does not write the attempt, or counts from 0.",
		Change: "Mend or replace zinit: the attempt in job.list is the number of early ends in a row before the run, plus 1.",
	},
}
