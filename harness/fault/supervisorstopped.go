package fault

// SupervisorStopped stops the supervisor by SIGSTOP. Process 1 ignores that signal from inside its container: see ThroughDocker.
var SupervisorStopped = Lasting{
	Name: "supervisor-stopped", Scope: OnSupervisor, Way: ByAgent, Undo: EndsByJournal,
	Landing: "state T in every task of the supervisor", Needs: "nothing",
}

// ThroughDocker returns SupervisorStopped as Docker carries it out: from outside the container, process 1 is stopped as well.
func ThroughDocker() Lasting {
	f := SupervisorStopped
	f.Way, f.Undo = ByDocker, EndsWithContainer
	f.Amount, f.Unit, f.Least, f.Most = 1, "process", 1, 1
	return f
}
