package promise

import "forge.ourworld.tf/lhumina_code/hero_chaos/suites/contract"

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
	HealthChatty         = "health.chatty"
	HealthTimeoutTree    = "health.timeout-tree"
	HealthBackground     = "health.background"
	HealthStopped        = "health.stopped"
	HealthAlone          = "health.alone"
	HealthAnyExitCode    = "health.any-exit-code"
	HealthLateCheck      = "health.late-check"
	HealthOwnFailures    = "health.own-failures"
	HealthSignalled      = "health.signalled"
	HealthSocketProbed   = "health.socket-probed"
	HealthPortProbed     = "health.port-probed"
	HealthEverybody      = "health.everybody-probed"
	HealthShippedCadence = "health.shipped-cadence"
)

// The truth table: what a registered probe has to say about each behaviour of a service.
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

var health = []Promise{
	// The supervisor, and what is registered.
	blocking(HealthCadence, "A health check runs every interval, as seen by the service that it asks, over at least three intervals.", from(contract.Checklist3)),
	blocking(HealthRecorded, "Zinit records every run of a health check, at the times at which the service was asked.", from(contract.Checklist3), "job-shape"),
	blocking(HealthLogged, "Every run of a health check leaves a line in its log.", from(contract.Checklist3)),
	advisory(HealthFixedRate, "Health checks follow each other from start to start, even if a reply takes long.", from(contract.Health), "health-tick-overlap"),
	blocking(HealthStartPeriod, "The first health check comes after the start period, not before.", from(contract.Supervision, contract.Health)),
	blocking(HealthGraceAgain, "The start period is granted again to a replacement process, also to one that was ordered, and then its checks come as often as before.", from(contract.Supervision, contract.Health)),
	blocking(HealthTimeout, "A health check that outlasts its timeout is killed and counts as failed, also as one of several in a row.", from(contract.Health)),
	blocking(HealthConsecutive, "Only failures in a row count: a service with three retries is replaced after three failures in a row, not before.", from(contract.Health)),
	blocking(HealthFailing, "A service that runs but answers badly fails its health check and is replaced.", from(contract.Checklist4)),
	blocking(HealthSlow, "A service that is slow but healthy, by a second or by 0.8 of the timeout, is left alone.", from(contract.Ours)),
	blocking(HealthChatty, "A health check that writes a megabyte passes, and is not held up by it.", from(contract.Ends)),
	blocking(HealthTimeoutTree, "A health check that outlasts its timeout leaves no process behind, not even one that left its session or ignores SIGTERM.", from(contract.Ends)),
	blocking(HealthBackground, "A health check that leaves a child behind has ended when its own process has, and the checks go on.", from(contract.Ends, contract.Restart)),
	blocking(HealthStopped, "A service that was stopped is neither checked nor revived, and is checked again once it is started.", from(contract.Ends)),
	blocking(HealthAlone, "No run of a health check begins while another one of the same service goes on.", from(contract.Health)),
	blocking(HealthSignalled, "A health check that ends by a signal has failed, and its service is replaced.", from(contract.Ends)),
	blocking(HealthAnyExitCode, "A health check that ends with any exit code but 0 has failed.", from(contract.Ends)),
	blocking(HealthLateCheck, "A health check that outlives the process that it was begun for replaces no other.", from(contract.Health)),
	blocking(HealthOwnFailures, "Each process that follows another is replaced after as many failed checks of its own, neither earlier nor never.", from(contract.Health)),
	blocking(HealthSocketProbed, "Every `_server` has a registered health check that asks its socket.", from(contract.Supervision)),
	blocking(HealthPortProbed, "Every service with a port has a registered health check that asks it over HTTP.", from(contract.Supervision)),
	blocking(HealthEverybody, "Every service that is kept running has a health check.", from(contract.Bugs)),
	blocking(HealthShippedCadence, "The health checks of all shipped services begin after the start period and run every interval, over three intervals.", from(contract.Checklist3), "job-shape"),
	// The registered probes. One that misses a service that hangs or refuses holds an image back. One that believes a
	// doubtful reply is only reported.
	blocking(HealthTruthGood, "Every registered probe passes a service that answers as the real one did.", from(contract.IssueProbe)),
	blocking(HealthTruthSlow, "Every registered probe passes a service that gives the good reply after a second.", from(contract.IssueProbe)),
	blocking(HealthTruthStopped, "Every registered probe fails against a service that is stopped.", from(contract.IssueProbe)),
	blocking(HealthTruthMute, "Every registered probe fails against a service that reads and never answers.", from(contract.IssueProbe)),
	blocking(HealthTruthAcceptClose, "Every registered probe fails against a service that accepts connections and closes them.", from(contract.IssueProbe)),
	blocking(HealthTruthRPCError, "Every registered probe of a socket fails against a JSON-RPC error.", from(contract.IssueProbe)),
	blocking(HealthTruthHTTPError, "Every registered probe of a port fails against an HTTP 500.", from(contract.IssueProbe)),
	blocking(HealthTruthStale, "Every registered probe of a socket fails if no process listens on it.", from(contract.IssueProbe)),
	blocking(HealthTruthMissing, "Every registered probe fails if its socket is missing, or if no process listens on its port.", from(contract.IssueProbe)),
	blocking(HealthTruthBacklog, "Every registered probe fails against a service whose backlog is full.", from(contract.IssueProbe)),
	advisory(HealthTruthWrongID, "Every registered probe of a socket fails against the reply to another request.", from(contract.IssueProbe)),
	advisory(HealthTruthHalf, "Every registered probe fails against half a reply.", from(contract.IssueProbe)),
	advisory(HealthTruthDrip, "Every registered probe fails against a reply that drips and is not complete within the timeout.", from(contract.IssueProbe)),
	advisory(HealthTruthUnhealthy, "Every registered probe fails against a service that reports that it is unhealthy.", from(contract.IssueProbe), "health-reply-ok"),
	blocking(HealthNoHastyPass, "Within seconds no registered probe passes a service that is stopped, is mute, or accepts no more connections.", from(contract.IssueProbe)),
	advisory(HealthNoHastyAdvice, "Within seconds no registered probe passes half a reply, or one that drips.", from(contract.IssueProbe)),
}
