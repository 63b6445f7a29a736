package protocol

import (
	"fmt"

	agent "forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
)

// HostSandbox is the sandbox of the faults of the host. Its data folder is a small file system in memory, which may be filled.
const HostSandbox = "host"

// The limits of the file system that holds the data of HostSandbox. What the image keeps there has to fit in beside the faults.
const (
	HostDataBytes  = 128 << 20
	HostDataInodes = 16 << 10
)

// The methods about faults that last.
const (
	MethodBeginLasting = "lasting.begin"
	MethodEndLasting   = "lasting.end"
)

// LastingParams is a lasting fault on a sandbox of which the client holds a lease.
type LastingParams struct {
	Sandbox string        `json:"sandbox"`
	Lease   string        `json:"lease"`
	Fault   fault.Lasting `json:"fault"`
	// Path names what the fault is about: a file, a folder, or the control socket of a service of ours.
	Path string `json:"path,omitempty"`
}

// LastingBegun says when a lasting fault was injected and whether it landed.
type LastingBegun struct {
	Injected record.Interval `json:"injected"`
	agent.Landed
}

// PermitLasting returns a *recovery.Inconclusive if a lasting fault may not be injected into a container that somebody else started.
func PermitLasting(c config.Config, f fault.Lasting) error {
	switch {
	case c.Container == "":
		return nil
	case f.Way == fault.ByDocker:
		return recovery.NotProved(fmt.Sprintf("%s is done to the container as a whole, and somebody else started %s", f, c.Container))
	case !c.AllowDestructive:
		return recovery.NotProved(fmt.Sprintf("%s may leave damage behind in %s, which somebody else started: set ALLOW_DESTRUCTIVE=1 to do it all the same", f, c.Container))
	}
	return nil
}
