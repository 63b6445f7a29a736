package promise

import "fmt"

// comesBackAdvice returns the advice for a service that does not come back after an ending.
func comesBackAdvice(ending string) Advice {
	return Advice{
		Why: fmt.Sprintf("A service that ends by %s and is not back in time is an outage until a person notices.", ending),
		Cause: fmt.Sprintf("Either {run-action} has no retry policy or one with a longer delay, or zinit takes the ending by %s for a wanted stop, "+
			"or it begins the delay late.", ending),
		Change: "Read `zinit status {service}` after the fault. If no retry is pending, set retry in the definition of {run-action} (registered now: {policy}). " +
			"If the policy is right, mend or replace zinit: it has to restart after every ending that nobody ordered.",
	}
}

var restartAdvice = map[string]Advice{
	RestartStopSignal: {
		Why:    "A service that is killed without its own signal, or before its time, loses the work that it would have finished.",
		Cause:  "Zinit sends SIGTERM whatever stop_signal says, or kills before stop_timeout_ms is over.",
		Change: "Mend or replace zinit: service.stop and service.restart use stop_signal and stop_timeout_ms of {run-action}.",
	},
	RestartKillSignal: {
		Why:    "People send signals to have a log reopened or a configuration read, and the service ends instead.",
		Cause:  "Zinit ignores the signal of service.kill and sends SIGTERM, or SIGKILL after it.",
		Change: "Mend or replace zinit. Until then send the signal to the pid that `zinit status {service}` shows.",
	},
	RestartOneshotLimit: {
		Why:    "A oneshot that hangs holds up everything that requires it, for ever.",
		Cause:  "Zinit ignores timeout_ms of a oneshot, or counts it from another moment than the start of the run.",
		Change: "Mend or replace zinit: end a oneshot when timeout_ms is over. Until then let the oneshot's own command end in time.",
	},
	RestartHeldOutput: {
		Why:    "A service that leaves a child behind must not stay down because the child lives.",
		Cause:  "Zinit waits for the end of the output instead of the end of its own child.",
		Change: "Mend or replace zinit: a run has ended when its process was reaped, whoever still holds the pipe.",
	},
	RestartSIGTERM: comesBackAdvice("SIGTERM"),
	RestartSIGKILL: comesBackAdvice("SIGKILL"),
	RestartExit0:   comesBackAdvice("an exit with 0"),
	RestartExit1:   comesBackAdvice("an exit with 1"),
	RestartExit127: comesBackAdvice("an exit with 127"),
	RestartSIGSEGV: comesBackAdvice("SIGSEGV"),
	RestartSIGINT:  comesBackAdvice("SIGINT"),
	RestartSIGHUP:  comesBackAdvice("SIGHUP"),
	RestartGraceful: {
		Why:    "Services that finish their work on SIGTERM must not be started twice, or too early.",
		Cause:  "Zinit counts the retry delay from the signal or from the start of the run, and not from the exit.",
		Change: "Mend or replace zinit: the delay of {run-action} begins when the process was reaped. Nothing in a definition changes that.",
	},
	RestartTermIgnored: {
		Why:    "A service that ignores SIGTERM has to be replaced after SIGKILL, or it can never be restarted.",
		Cause:  "Zinit kills a service that was only signalled, or does not restart after SIGKILL.",
		Change: "Look at zinit's log around the signal. Restart has to follow the exit alone; check that retry is set in the definition of {run-action} (registered now: {policy}).",
	},
	RestartWhileStarting: {
		Why:    "A crash during the start is the most usual crash of all, for example with a bad configuration.",
		Cause:  "Zinit does not notice a run that ends within its first moments, or gives up after one retry.",
		Change: "Mend or replace zinit: it has to reap runs that end at once. Check max_attempts in the definition of {run-action} (registered now: {policy}).",
	},
	RestartTwice: {
		Why:    "A service that crashes twice is as important as one that crashes once.",
		Cause:  "Zinit restarts a service once and then counts it as given up, or misses a run that ends soon after its start.",
		Change: "Set max_attempts in the definition of {run-action} above 1 (registered now: {policy}). If it is, mend or replace zinit: it loses the second ending.",
	},
	RestartZinitKill: {
		Why:    "`zinit kill NAME SIGTERM` is how people restart a service by hand; the checklist asks for it.",
		Cause:  "Zinit takes service.kill for an order to stop, so that the service stays down; or {run-action} has no retry policy.",
		Change: "Mend or replace zinit: only service.stop is a wish to stay down. Check retry in the definition of {run-action} (registered now: {policy}).",
	},
	RestartMissingBinary: {
		Why:    "During an update a program is missing for a moment; the service must not be lost by that.",
		Cause:  "Zinit gives a service up at the first error of a start, instead of retrying it by its policy.",
		Change: "Mend or replace zinit: an error at the start is an ending like any other. Check max_attempts in the definition of {run-action} (registered now: {policy}).",
	},
	RestartStopPending: {
		Why:    "Whoever stops a service that crashes wants it to stay stopped.",
		Cause:  "Zinit keeps the timer of the pending restart when service.stop comes.",
		Change: "Mend or replace zinit: a stop has to cancel the pending retry. Until then stop the service again after its delay ({delay}).",
	},
	RestartStopTimeout: {
		Why:    "A service that ignores its stop signal blocks every update until it is killed.",
		Cause:  "Zinit does not send SIGKILL after stop_timeout_ms of the run action, or waits for a time of its own.",
		Change: "Set stop_timeout_ms in the definition of {run-action}; the policy allows {stop-timeout}. If it is set, mend or replace zinit, which ignores it.",
	},
	RestartSuccession: {
		Why:    "A stop and a start in quick succession is a restart by hand: it must not leave the service down or twice.",
		Cause:  "Zinit forgets a start that comes while the service is still stopping.",
		Change: "Mend or replace zinit: it has to keep the last wish and carry it out after the stop. Until then wait for `zinit status {service}` before the start.",
	},
	RestartUnblocked: {
		Why:    "One service that stops slowly must not keep all others down.",
		Cause:  "Zinit waits for the stop of one service before it does anything else.",
		Change: "Mend or replace zinit: stops have to wait beside its main loop. A shorter stop_timeout_ms in the run action of the slow service hides it.",
	},
	RestartRecorded: {
		Why:    "Without the exit code or signal nobody can tell a crash from a wanted end afterwards.",
		Cause:  "Zinit writes job records without the signal, or calls a failed run succeeded.",
		Change: "Mend or replace zinit: job.list has to give state, exit_code and signal of each run. No definition changes that.",
	},
	RestartUndisturbed: {
		Why:    "A restart of one service must not be an outage of another.",
		Cause:  "Zinit restarts dependents as well, signals a pid that was given to another process, or something in the image restarts services by a clock.",
		Change: "Look in zinit's log for what ended the other service at that moment. Mend zinit if it was its signal; else remove the loop of the entry point or of hero_services that did it.",
	},
}
