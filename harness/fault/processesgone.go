package fault

// ProcessesGone forbids the whole container to start a process or a thread. The limit is far below what runs, so that what ends makes no
// room.
var ProcessesGone = Lasting{
	Name: "processes-gone", Scope: OnCgroup, Way: ByDocker, Undo: EndsWithContainer,
	Amount: 1, Unit: "processes and threads", Least: 1, Most: 64,
	Landing: "the limit is in force, and the agent's own fork fails with EAGAIN", Needs: "a cgroup with a limit of processes",
}
