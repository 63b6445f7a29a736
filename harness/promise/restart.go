package promise

// The promises of the theme restart.
const (
	RestartSIGTERM     = "restart.sigterm"
	RestartSIGKILL     = "restart.sigkill"
	RestartExit0       = "restart.exit0"
	RestartUndisturbed = "restart.undisturbed"
)

func restart() []Promise {
	return []Promise{
		{
			ID: RestartSIGTERM, Sentence: "A service that ends by SIGTERM is restarted, and serves again in time.",
			Source: sourceChecklist + "2", Severity: Blocking,
		},
		{
			ID: RestartSIGKILL, Sentence: "A service that ends by SIGKILL is restarted, and serves again in time.",
			Source: sourceSemantics + "1", Severity: Blocking,
		},
		{
			ID: RestartExit0, Sentence: "A service that answers SIGTERM by exiting with 0 is restarted all the same.",
			Source: sourceSemantics + "1", Severity: Blocking,
		},
		{
			ID: RestartUndisturbed, Sentence: "While one service is restarted no other changes, not even one that depends on it.",
			Source: sourceLifeOfAFault, Severity: Blocking, Assumptions: []string{"dependents-stay"},
		},
	}
}
