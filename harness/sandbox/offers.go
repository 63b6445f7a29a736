package sandbox

import "fmt"

// Offers describes what the daemon and its kernel can do to a container.
type Offers struct {
	Docker, Kernel, Cgroup string // versions
	// Quota says that a container can get a quota of processor time.
	Quota bool
	// Processes says that the processes of a container can be limited.
	Processes bool
	// MemoryLimit says that the memory of a container can be limited.
	MemoryLimit bool
	// Memory says that volumes can be file systems in memory, which Linux alone has.
	Memory bool
}

// Offers returns what the daemon can do to a container, as it says itself.
func (d *Daemon) Offers() Offers {
	return Offers{
		Docker: d.info.ServerVersion, Kernel: d.info.KernelVersion, Cgroup: d.info.CgroupVersion,
		Quota: d.info.CPUCfsQuota && d.info.CPUCfsPeriod, Processes: d.info.PidsLimit, MemoryLimit: d.info.MemoryLimit,
		Memory: d.info.OSType == "linux",
	}
}

// String names the versions.
func (o Offers) String() string {
	cgroup := o.Cgroup
	if cgroup == "" {
		cgroup = "of an unknown version"
	}
	return fmt.Sprintf("Docker %s on Linux %s, cgroup %s", o.Docker, o.Kernel, cgroup)
}
