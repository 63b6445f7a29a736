package fault

// SupervisorStopped stops the supervisor by SIGSTOP. Process 1 ignores that signal from inside its container, so there it does not land.
var SupervisorStopped = Lasting{
	Name: "supervisor-stopped", Scope: OnSupervisor, Way: ByAgent, Undo: EndsByJournal,
	Landing: "state T in every task of the supervisor", Needs: "a supervisor that is not process 1",
}
