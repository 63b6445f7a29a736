package promise

import "forge.ourworld.tf/lhumina_code/hero_chaos/suites/contract"

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
	HangStopSignal    = "hang.stop-signal"
	HangStopIgnored   = "hang.stop-ignored"
	HangOneWorker     = "hang.one-worker"
	HangDeadlock      = "hang.deadlock"
	HangShipped       = "hang.shipped"
)

var hang = []Promise{
	// Hangs that a health check finds.
	blocking(HangDetected, "A service that hangs fails its health check and is replaced by one that serves.", from(contract.Checklist4)),
	blocking(HangControl, "A service that hangs without a health check stays as it is: the check is what recovers the others.", from(contract.Hang)),
	blocking(HangGroup, "A service whose whole process group hangs is replaced.", from(contract.Checklist4)),
	blocking(HangWrapped, "A service that hangs behind a wrapper is replaced together with its wrapper.", from(contract.ProcessTree)),
	blocking(HangWrapper, "A service whose wrapper hangs still serves and is left alone.", from(contract.Ours)),
	blocking(HangInStartPeriod, "A service that hangs in its start period is replaced after that period, not before.", from(contract.Health)),
	blocking(HangTwoAtOnce, "Two services that hang at once are both replaced in time.", from(contract.Checklist4)),
	blocking(HangStopIgnored, "A service that hangs and ignores its stop signal is killed after the stop timeout and replaced.", from(contract.Health)),
	blocking(HangStopSignal, "A service that fails its health check is told by its own stop signal, and has its stop timeout to end.", from(contract.RegisteredIsUsed)),
	blocking(HangShipped, "Every shipped service that hangs is found by its own health check and replaced, even if all hang at once.", from(contract.Checklist4)),
	// Hangs that no such health check can find: its reply does not show them.
	advisory(HangUnsoundProbe, "The probe as the issue writes it misses a service that hangs: it exits with 0.", from(contract.IssueProbe)),
	advisory(HangOneWorker, "A service with one of four workers hanging still answers and is left alone: its health check cannot tell.", from(contract.Ours)),
	advisory(HangDeadlock, "A service that deadlocks behind a health thread that answers is left alone: its health check cannot tell.", from(contract.Ours)),
}
