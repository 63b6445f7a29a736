package promise

// The promises of the theme processtree.
const (
	TreeSingle         = "processtree.single"
	TreeRestartGroup   = "processtree.restart-group"
	TreeRestartSession = "processtree.restart-session"
	TreeStopGroup      = "processtree.stop-group"
	TreeStopSession    = "processtree.stop-session"
	TreeZombies        = "processtree.zombies"
	TreeProcesses      = "processtree.processes"
	TreeDescriptors    = "processtree.descriptors"
	TreeMemory         = "processtree.memory"
)

// sourceGrowth is where the promises come from that a supervisor does not wear out.
const sourceGrowth = "our own: what a restart leaves behind ends a supervisor that lives for months"

func processtree() []Promise {
	return append(descendants(), growth()...)
}

// descendants are promises about the processes of a service.
func descendants() []Promise {
	return []Promise{
		{
			ID: TreeSingle, Sentence: "While a service is restarted, stopped or started there is never more than one process of it.",
			Source: sourceSemantics + "6", Severity: Blocking,
		},
		{
			ID: TreeRestartGroup, Sentence: "A restart replaces the descendants of a service that stayed in its process group.",
			Source: sourceSemantics + "6", Severity: Blocking,
		},
		{
			ID: TreeRestartSession, Sentence: "A restart replaces the descendants of a service that left its process group and session.",
			Source: sourceSemantics + "6", Severity: Blocking, Assumptions: []string{"descendants-replaced"},
		},
		{
			ID: TreeStopGroup, Sentence: "A stop ends the descendants of a service that stayed in its process group.",
			Source: sourceSemantics + "6", Severity: Blocking,
		},
		{
			ID: TreeStopSession, Sentence: "A stop ends the descendants of a service that left its process group and session.",
			Source: sourceSemantics + "6", Severity: Blocking, Assumptions: []string{"descendants-replaced"},
		},
	}
}

// growth are promises about what is left after many restarts.
func growth() []Promise {
	return []Promise{
		{
			ID: TreeZombies, Sentence: "After 50 restarts no zombie is left.",
			Source: sourceSemantics + "6", Severity: Blocking, Assumptions: []string{"no-zombie"},
		},
		{
			ID: TreeProcesses, Sentence: "After 50 restarts there are no more processes, and no more threads of the supervisor, than before.",
			Source: sourceGrowth, Severity: Blocking, Assumptions: []string{"descendants-replaced"},
		},
		{
			ID: TreeDescriptors, Sentence: "After 50 restarts the supervisor has no more files open than before.",
			Source: sourceGrowth, Severity: Blocking,
		},
		{
			ID: TreeMemory, Sentence: "The supervisor does not grow by 50 restarts.",
			Source: sourceGrowth, Severity: Advisory,
		},
	}
}
