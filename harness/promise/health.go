package promise

// The promises of the theme health.
const (
	HealthCadence        = "health.cadence"
	HealthRecorded       = "health.recorded"
	HealthLogged         = "health.logged"
	HealthFixedRate      = "health.fixed-rate"
	HealthStartPeriod    = "health.start-period"
	HealthGraceAgain     = "health.start-period-again"
	HealthTimeout        = "health.timeout"
	HealthConsecutive    = "health.consecutive"
	HealthFailing        = "health.failing-replaced"
	HealthSlow           = "health.slow-is-well"
	HealthSocketProbed   = "health.socket-probed"
	HealthPortProbed     = "health.port-probed"
	HealthEverybody      = "health.everybody-probed"
	HealthShippedCadence = "health.shipped-cadence"
)

// The truth table: what a registered probe has to say of whoever is in its service's place.
const (
	HealthTruthGood        = "health.truth-good"
	HealthTruthSlow        = "health.truth-slow"
	HealthTruthStopped     = "health.truth-stopped"
	HealthTruthMute        = "health.truth-mute"
	HealthTruthAcceptClose = "health.truth-accept-close"
	HealthTruthRPCError    = "health.truth-rpc-error"
	HealthTruthHTTPError   = "health.truth-http-5xx"
	HealthTruthStale       = "health.truth-stale-socket"
	HealthTruthMissing     = "health.truth-missing-socket"
	HealthTruthBacklog     = "health.truth-full-backlog"
	HealthTruthWrongID     = "health.truth-wrong-id"
	HealthTruthHalf        = "health.truth-half"
	HealthTruthDrip        = "health.truth-drip"
	HealthTruthUnhealthy   = "health.truth-unhealthy"
	HealthNoHastyPass      = "health.no-hasty-pass"
	HealthNoHastyAdvice    = "health.no-hasty-half"
)

func health() []Promise {
	return append(checks(), truths()...)
}

// checks are about the supervisor, and about what is registered.
func checks() []Promise {
	semantics := sourceSemantics + "5"
	return []Promise{
		{
			ID: HealthCadence, Sentence: "A health check is run every interval, as the one who is asked sees it, over three intervals and more.",
			Source: sourceChecklist + "3", Severity: Blocking,
		},
		{
			ID: HealthRecorded, Sentence: "Zinit keeps a record of every run of a health check, and its times are those at which the service was asked.",
			Source: sourceChecklist + "3", Severity: Blocking, Assumptions: []string{"job-shape"},
		},
		{
			ID: HealthLogged, Sentence: "Every run of a health check leaves a line in its log.",
			Source: sourceChecklist + "3", Severity: Blocking,
		},
		{
			ID: HealthFixedRate, Sentence: "Health checks follow each other from start to start, also where a reply takes its time.",
			Source: semantics, Severity: Advisory, Assumptions: []string{"health-tick-overlap"},
		},
		{
			ID: HealthStartPeriod, Sentence: "The first health check comes when the start period is over, not before.",
			Source: "hero_zero, Supervision: grace after start", Severity: Blocking,
		},
		{
			ID: HealthGraceAgain, Sentence: "The start period is granted again to the process that replaces another.",
			Source: "hero_zero, Supervision: grace after start", Severity: Blocking,
		},
		{
			ID: HealthTimeout, Sentence: "A health check that outlasts its timeout is killed, and counts as failed.",
			Source: semantics, Severity: Blocking,
		},
		{
			ID: HealthConsecutive, Sentence: "Only failures in a row count: with three retries two failures, a success and two failures restart nothing, and three in a row do.",
			Source: semantics, Severity: Blocking,
		},
		{
			ID: HealthFailing, Sentence: "A service that is there and answers badly fails its health check and is replaced.",
			Source: sourceChecklist + "4", Severity: Blocking,
		},
		{
			ID: HealthSlow, Sentence: "A service that is slow and well, by a second or by 0.8 of the timeout, is left alone.",
			Source: "our own: a false alarm of the health check is an outage", Severity: Blocking,
		},
		{
			ID: HealthSocketProbed, Sentence: "Every `_server` has a registered health check that asks its socket.",
			Source: "hero_zero, Supervision: health check of a `_server`", Severity: Blocking,
		},
		{
			ID: HealthPortProbed, Sentence: "Every service with a port has a registered health check that asks it by HTTP.",
			Source: "hero_zero, Supervision: health check of a service with a port", Severity: Blocking,
		},
		{
			ID: HealthEverybody, Sentence: "No service that is kept running goes without a health check.",
			Source: "hero_zero, bugs found on the way: a service without a port is probed too", Severity: Blocking,
		},
		{
			ID: HealthShippedCadence, Sentence: "The shipped health checks begin when the start period is over and run every interval, over three intervals, of all services at once.",
			Source: sourceChecklist + "3", Severity: Blocking, Assumptions: []string{"job-shape"},
		},
	}
}

// truths are about the registered probes. Those that fail to tell a service that hangs or refuses hold an image
// back; those that believe a doubtful reply are reported.
func truths() []Promise {
	truth := func(id, sentence string, severity Severity, assumptions ...string) Promise {
		return Promise{ID: id, Sentence: sentence, Source: sourceUnsoundProbe, Severity: severity, Assumptions: assumptions}
	}
	return []Promise{
		truth(HealthTruthGood, "Every registered probe passes a service that answers as the real one did.", Blocking),
		truth(HealthTruthSlow, "Every registered probe passes a service that gives the good reply after a second.", Blocking),
		truth(HealthTruthStopped, "Every registered probe fails against a service that is stopped.", Blocking),
		truth(HealthTruthMute, "Every registered probe fails against a service that reads and never answers.", Blocking),
		truth(HealthTruthAcceptClose, "Every registered probe fails against a service that accepts connections and closes them.", Blocking),
		truth(HealthTruthRPCError, "Every registered probe of a socket fails against a JSON-RPC error.", Blocking),
		truth(HealthTruthHTTPError, "Every registered probe of a port fails against an HTTP 500.", Blocking),
		truth(HealthTruthStale, "Every registered probe of a socket fails where nobody listens on it.", Blocking),
		truth(HealthTruthMissing, "Every registered probe fails where its socket is missing, or nobody listens on its port.", Blocking),
		truth(HealthTruthBacklog, "Every registered probe fails against a service whose backlog is full.", Blocking),
		truth(HealthTruthWrongID, "Every registered probe of a socket fails against the reply to another request.", Advisory),
		truth(HealthTruthHalf, "Every registered probe fails against half a reply.", Advisory),
		truth(HealthTruthDrip, "Every registered probe fails against a reply that drips, and is not complete within the timeout.", Advisory),
		truth(HealthTruthUnhealthy, "Every registered probe fails against a service that says that it is unhealthy.", Advisory, "health-reply-ok"),
		truth(HealthNoHastyPass, "No registered probe passes, within seconds, a service that is stopped, mute, or takes no more connections.", Blocking),
		truth(HealthNoHastyAdvice, "No registered probe passes, within seconds, half a reply or one that drips.", Advisory),
	}
}
