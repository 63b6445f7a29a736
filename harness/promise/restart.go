package promise

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
	RestartSuccession    = "restart.quick-succession"
	RestartUnblocked     = "restart.unblocked"
	RestartRecorded      = "restart.recorded"
	RestartUndisturbed   = "restart.undisturbed"
)

func restart() []Promise {
	return append(endings(), orders()...)
}

// endings are the ways in which a process ends without having been asked to: each is answered alike.
func endings() []Promise {
	ending := func(id, sentence string) Promise {
		return Promise{ID: id, Sentence: sentence, Source: sourceSemantics + "1", Severity: Blocking}
	}
	return []Promise{
		{
			ID: RestartSIGTERM, Sentence: "A service that ends by SIGTERM is restarted, and serves again in time.",
			Source: sourceChecklist + "2", Severity: Blocking,
		},
		ending(RestartSIGKILL, "A service that ends by SIGKILL is restarted, and serves again in time."),
		ending(RestartExit0, "A service that answers SIGTERM by exiting with 0 is restarted all the same."),
		ending(RestartExit1, "A service that exits with 1 is restarted, and serves again in time."),
		ending(RestartExit127, "A service that exits with 127 is restarted: that code is no word that its program is missing."),
		ending(RestartSIGSEGV, "A service that ends by SIGSEGV is restarted, and serves again in time."),
		ending(RestartSIGINT, "A service that ends by SIGINT is restarted, and serves again in time."),
		ending(RestartSIGHUP, "A service that ends by SIGHUP is restarted, and serves again in time."),
		ending(RestartGraceful, "A service that takes its time to end by SIGTERM is restarted, and its delay begins when it has ended."),
		ending(RestartTermIgnored, "A service that ignores SIGTERM is left alone, and restarted when SIGKILL has ended it."),
		ending(RestartWhileStarting, "A service whose process dies before it serves is started again, until one serves."),
		ending(RestartTwice, "A service that is killed again as soon as it serves is restarted again."),
		ending(RestartMissingBinary, "A service whose program is missing at a restart is started again once the program is back."),
	}
}

// orders are promises about what people ask of the supervisor, and about what it says.
func orders() []Promise {
	return []Promise{
		{
			ID: RestartZinitKill, Sentence: "A service that `zinit kill NAME SIGTERM` ends is restarted, and serves again in time.",
			Source: sourceChecklist + "2", Severity: Blocking,
		},
		{
			ID: RestartStopPending, Sentence: "A service that is stopped while its restart is pending stays stopped.",
			Source: sourceSemantics + "1", Severity: Blocking,
		},
		{
			ID: RestartStopTimeout, Sentence: "A service that ignores its stop signal is killed when its stop timeout is over, and stays stopped.",
			Source: sourceSemantics + "5", Severity: Blocking,
		},
		{
			ID: RestartSuccession, Sentence: "A service that is stopped and started in quick succession ends up running, once.",
			Source: sourceSemantics + "6", Severity: Blocking,
		},
		{
			ID: RestartUnblocked, Sentence: "A service is restarted in time also while another takes its time to stop.",
			Source: sourceSemantics + "1", Severity: Blocking,
		},
		{
			ID: RestartRecorded, Sentence: "The record of a run says whether it succeeded or failed, and by which exit code or signal.",
			Source: "zinit-0.4, Job end", Severity: Advisory, Assumptions: []string{"job-shape", "job-end-states"},
		},
		{
			ID: RestartUndisturbed, Sentence: "While one service is restarted no other changes, not even one that depends on it.",
			Source: sourceLifeOfAFault, Severity: Blocking, Assumptions: []string{"dependents-stay"},
		},
	}
}
