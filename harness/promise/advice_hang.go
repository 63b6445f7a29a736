package promise

// unfoundAdvice returns the advice for a hang that is not found.
func unfoundAdvice(why string) Advice {
	return Advice{
		Why: why,
		Cause: "The health check passes a service that does not answer, never runs, or has no timeout; or zinit does not restart after a failed check, " +
			"or ends the process by its stop signal alone, which a stopped process never handles.",
		Change: "Ask first whether health.no-hasty-pass and health.truth-stopped hold: if not, mend the exec of {health-action}. " +
			"Then check its schedule and timeout_ms. If both are right, mend or replace zinit: a failed check has to be followed by SIGTERM, SIGKILL and a restart.",
	}
}

// leftAloneAdvice returns the advice for a service that is replaced though its health check passes.
func leftAloneAdvice(why string) Advice {
	return Advice{
		Why:    why,
		Cause:  "Something else than the health check replaces services: zinit looks at process states, or another watcher runs beside zinit.",
		Change: "Look in zinit's log for what ended the process. Leave only the health check to decide: mend zinit, or remove the watcher from the entry point.",
	}
}

var hangAdvice = map[string]Advice{
	HangStopSignal: {
		Why:    "A service that is killed without its own signal, or before its time, loses the work that it would have finished.",
		Cause:  "Zinit kills a service that fails its health check at once, or sends SIGTERM whatever stop_signal says.",
		Change: "Mend or replace zinit: a restart for a failed health check uses stop_signal and stop_timeout_ms of {run-action} as a stop does.",
	},
	HangDetected:      unfoundAdvice("A service that hangs looks as if it ran, and serves nobody until a person notices."),
	HangGroup:         unfoundAdvice("If everything of a service hangs, only its health check can tell."),
	HangWrapped:       unfoundAdvice("A wrapper that lives on must not hide that its service hangs."),
	HangInStartPeriod: unfoundAdvice("A service that hangs while it starts has to be replaced as well, once its start period is over."),
	HangTwoAtOnce:     unfoundAdvice("What makes one service hang often makes several hang."),
	HangStopIgnored: {
		Why:    "A service that hangs cannot obey its stop signal: only SIGKILL ends it.",
		Cause:  "Zinit sends the stop signal and waits for good, or ignores stop_timeout_ms.",
		Change: "Set stop_timeout_ms in the definition of {run-action}; the policy allows {stop-timeout}. If it is set, mend or replace zinit: SIGKILL has to follow.",
	},
	HangShipped: {
		Why:    "{service} would hang for good: its own health check is what has to find that.",
		Cause:  "The shipped health check of {service} passes without a reply, asks the wrong place, or its schedule is too slow; or zinit does not act on it.",
		Change: "Mend the exec of {health-action}: it has to ask {endpoint} and read the reply (health.truth-stopped shows the line). Its schedule now: interval {interval}, timeout {timeout}, start period {start-period}, retries {retries}.",
	},
	HangControl: leftAloneAdvice("If a hang without a health check is repaired too, the other results do not show that the check works."),
	HangWrapper: leftAloneAdvice("A service that still serves must not be restarted."),
	HangUnsoundProbe: {
		Why:    "It shows that the probe of the issue cannot find a hang, so that it must not be shipped.",
		Cause:  "Something else than the probe replaced the service: zinit, or a watcher beside it; or socat of this image waits for the reply.",
		Change: "Look in zinit's log for what ended the process. Do not ship the probe of the issue in any case: register one that reads the reply.",
	},
	HangOneWorker: leftAloneAdvice("A service that still answers must not be restarted by a guess."),
	HangDeadlock:  leftAloneAdvice("A health check can only tell what it asks; this shows where its sight ends."),
}
