package promise

import "forge.ourworld.tf/lhumina_code/hero_chaos/suites/contract"

// The promises of the theme restart.
const (
	RestartSIGTERM       = "restart.sigterm"
	RestartSIGKILL       = "restart.sigkill"
	RestartExit0         = "restart.exit0"
	RestartExit1         = "restart.exit1"
	RestartExit127       = "restart.exit127"
	RestartSIGSEGV       = "restart.sigsegv"
	RestartSIGINT        = "restart.sigint"
	RestartSIGHUP        = "restart.sighup"
	RestartGraceful      = "restart.graceful"
	RestartTermIgnored   = "restart.term-ignored"
	RestartWhileStarting = "restart.while-starting"
	RestartTwice         = "restart.twice"
	RestartZinitKill     = "restart.zinit-kill"
	RestartMissingBinary = "restart.missing-binary"
	RestartStopPending   = "restart.stop-pending"
	RestartStopTimeout   = "restart.stop-timeout"
	RestartStopSignal    = "restart.stop-signal"
	RestartKillSignal    = "restart.kill-signal"
	RestartOneshotLimit  = "restart.oneshot-timeout"
	RestartHeldOutput    = "restart.held-output"
	RestartSuccession    = "restart.quick-succession"
	RestartUnblocked     = "restart.unblocked"
	RestartRecorded      = "restart.recorded"
	RestartUndisturbed   = "restart.undisturbed"
)

var restart = []Promise{
	// Ends that nobody asked for.
	blocking(RestartSIGTERM, "A service that ends by SIGTERM is restarted, and serves again in time.", from(contract.Checklist2)),
	blocking(RestartSIGKILL, "A service that ends by SIGKILL is restarted, and serves again in time.", from(contract.Restart)),
	blocking(RestartExit0, "A service that exits with 0 on SIGTERM is restarted as well.", from(contract.Restart)),
	blocking(RestartExit1, "A service that exits with 1 is restarted, and serves again in time.", from(contract.Restart)),
	blocking(RestartExit127, "A service that exits with 127 is restarted: that code does not mean that its program is missing.", from(contract.Restart)),
	blocking(RestartSIGSEGV, "A service that ends by SIGSEGV is restarted, and serves again in time.", from(contract.Restart)),
	blocking(RestartSIGINT, "A service that ends by SIGINT is restarted, and serves again in time.", from(contract.Restart)),
	blocking(RestartSIGHUP, "A service that ends by SIGHUP is restarted, and serves again in time.", from(contract.Restart)),
	blocking(RestartGraceful, "A service that takes long to end on SIGTERM is restarted, and its delay counts from the exit.", from(contract.Restart)),
	blocking(RestartTermIgnored, "A service that ignores SIGTERM is left alone, and is restarted after SIGKILL.", from(contract.Restart)),
	blocking(RestartWhileStarting, "A service whose process dies before it serves is started again until one serves.", from(contract.Restart)),
	blocking(RestartTwice, "A service that is killed again as soon as it serves is restarted again.", from(contract.Restart)),
	blocking(RestartMissingBinary, "A service whose program is missing at a restart is started again once the program is back.", from(contract.Restart)),
	// Orders of people, and what the supervisor records.
	blocking(RestartZinitKill, "A service that `zinit kill NAME SIGTERM` ends is restarted, and serves again in time.", from(contract.Checklist2)),
	blocking(RestartStopPending, "A service that is stopped while its restart is pending stays stopped.", from(contract.Restart)),
	blocking(RestartStopTimeout, "A service that ignores its stop signal is killed after its stop timeout and stays stopped.", from(contract.RegisteredIsUsed)),
	blocking(RestartStopSignal, "A service that is stopped or restarted by order is told by its own stop signal, and its stop timeout bounds its own end, and nothing else.", from(contract.RegisteredIsUsed)),
	blocking(RestartKillSignal, "An order to send a signal to a service sends that signal, and no other.", from(contract.Orders)),
	blocking(RestartOneshotLimit, "A oneshot that outlasts its timeout is ended then, and not before.", from(contract.RegisteredIsUsed)),
	blocking(RestartHeldOutput, "A service is restarted in time even if a child that it left behind still holds its output.", from(contract.Restart)),
	blocking(RestartSuccession, "A service that is stopped and started in quick succession ends up running exactly once.", from(contract.ProcessTree)),
	blocking(RestartUnblocked, "A service is restarted in time even while another takes long to stop.", from(contract.Restart)),
	advisory(RestartRecorded, "The record of a run says whether it succeeded or failed, and with which exit code or signal; the status has the pid of the run that follows.", from(contract.JobEnd), "job-shape", "job-end-states"),
	blocking(RestartUndisturbed, "While one service is restarted no other changes, not even a dependent.", from(contract.Settle), "dependents-stay"),
}
