package fault

// BacklogFull stops the supervisor, and connects clients to its socket until the kernel has no room for another. All leave before the
// supervisor goes on, or at once if Docker has stopped it.
var BacklogFull = Lasting{
	Name: "backlog-full", Scope: OnSupervisor, Way: ByAgent, Undo: EndsByJournal,
	Amount: 8192, Unit: "clients at most", Least: 1, Most: 16384,
	Landing: "state T in every task of the supervisor, and a connect fails with EAGAIN", Needs: "a supervisor that listens on a unix socket",
}
