package fault

// OOMKill has the kernel kill one service of ours for lack of memory. The service takes memory when it is told to, until the limit of the
// container is met, and offers itself as the one to kill.
var OOMKill = Lasting{
	Name: "oom-kill", Scope: OnCgroup, Way: ByDocker, Undo: EndsWithContainer,
	Amount: 96 << 20, Unit: "bytes above what is needed", Least: 32 << 20, Most: 256 << 20,
	Landing: "the kernel has killed the service that took memory, and of others decoys alone", Needs: "a cgroup with a limit of memory",
}
