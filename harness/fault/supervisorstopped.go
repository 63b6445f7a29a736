package fault

// SupervisorStopped stops the supervisor by SIGSTOP. Process 1 ignores that signal from inside its container: see [Lasting.ThroughDocker].
var SupervisorStopped = Lasting{
	Name: "supervisor-stopped", Scope: OnSupervisor, Way: ByAgent, Undo: EndsByJournal,
	Landing: "state T in every task of the supervisor", Needs: "nothing",
}

// ThroughDocker returns a fault that stops the supervisor as Docker carries it out: from outside the container, process 1 is stopped as well.
func (f Lasting) ThroughDocker() Lasting {
	f.Way, f.Undo = ByDocker, EndsWithContainer
	if f.Unit == "" { // Docker undoes what has the amount 0
		f.Amount, f.Unit, f.Least, f.Most = 1, "process", 1, 1
	}
	return f
}

// StopsSupervisor reports whether a fault stops the supervisor.
func (f Lasting) StopsSupervisor() bool {
	return f.Name == SupervisorStopped.Name || f.Name == BacklogFull.Name
}
