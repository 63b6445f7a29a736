package promise

// The promises of the theme hang.
const (
	HangDetected      = "hang.detected"
	HangControl       = "hang.control"
	HangUnsoundProbe  = "hang.unsound-probe"
	HangGroup         = "hang.group"
	HangWrapped       = "hang.wrapped"
	HangWrapper       = "hang.wrapper"
	HangInStartPeriod = "hang.in-start-period"
	HangTwoAtOnce     = "hang.two-at-once"
	HangStopIgnored   = "hang.stop-ignored"
	HangOneWorker     = "hang.one-worker"
	HangDeadlock      = "hang.deadlock"
	HangShipped       = "hang.shipped"
)

func hang() []Promise {
	return append(found(), limits()...)
}

// found are the hangs that a health check finds.
func found() []Promise {
	found := func(id, sentence, source string) Promise {
		return Promise{ID: id, Sentence: sentence, Source: source, Severity: Blocking}
	}
	return []Promise{
		found(HangDetected, "A service that hangs fails its health check, and is replaced by one that serves.", sourceChecklist+"4"),
		found(HangControl, "A service that hangs and has no health check stays as it is: what recovers the others is the check.", sourceCausalEvidence),
		found(HangGroup, "A service is replaced whose whole process group hangs.", sourceChecklist+"4"),
		found(HangWrapped, "A service that hangs behind a wrapper is replaced together with it.", sourceSemantics+"6"),
		found(HangWrapper, "A service whose wrapper hangs serves on and is left alone.", "our own: what is judged is the service"),
		found(HangInStartPeriod, "A service that hangs in its start period is replaced once that is over, not before.", sourceSemantics+"5"),
		found(HangTwoAtOnce, "Two services that hang at once are both replaced in time.", sourceChecklist+"4"),
		found(HangStopIgnored, "A service that hangs and ignores its stop signal is killed when the stop timeout is over, and replaced.", sourceSemantics+"5"),
		found(HangShipped, "Every shipped service that hangs is found by its own health check and replaced, also where all hang at once.", sourceChecklist+"4"),
	}
}

// limits are the hangs that no such health check can find: what a green light does not say.
func limits() []Promise {
	limit := func(id, sentence, source string) Promise {
		return Promise{ID: id, Sentence: sentence, Source: source, Severity: Advisory}
	}
	return []Promise{
		limit(HangUnsoundProbe, "The probe as the issue writes it misses a service that hangs: it ends with 0.", sourceUnsoundProbe),
		limit(HangOneWorker, "A service of which one worker in four hangs answers on and is left alone: its health check cannot tell.", "our own: a limit of server.health"),
		limit(HangDeadlock, "A service that deadlocks behind a health thread that answers is left alone: its health check cannot tell.", "our own: a limit of server.health"),
	}
}
