package fault

// CPUStarved leaves the whole container little processor time.
var CPUStarved = Lasting{
	Name: "cpu-starved", Scope: OnCgroup, Way: ByDocker, Undo: EndsWithContainer,
	Amount: 50, Unit: "thousandths of a processor", Least: 20, Most: 1000,
	Landing: "the quota is in force, and the kernel has throttled the container", Needs: "a cgroup with a quota of processor time",
}
