package session

import (
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
)

// permits refuses, with the reason, a fault that must not be done to a service of a container that somebody else started.
// Services of ours are ours to break everywhere.
func (c Configuration) permits(service string, f fault.Fault) error {
	if c.Container == "" || c.AllowDestructive || strings.HasPrefix(service, victimPrefix) || f.Gentle() {
		return nil
	}
	return fmt.Errorf("%s may leave damage behind, and %s runs in %s, which somebody else has started: ALLOW_DESTRUCTIVE=1 does it all the same",
		f, service, c.Container)
}

// permit is the same of what a client asks the agent for: nobody gets past it.
func (o *Owner) permit(p agentParams) error {
	switch p.Method {
	case protocol.MethodInject:
		var asked protocol.InjectParams
		if err := json.Unmarshal(p.Params, &asked); err != nil {
			return fmt.Errorf("read a fault: %w", err)
		}
		held, _ := o.leases.of(asked.Lease)
		return o.configuration.permits(held.service, asked.Fault)
	case protocol.MethodWriteFile:
		var asked protocol.WriteParams
		if err := json.Unmarshal(p.Params, &asked); err != nil {
			return fmt.Errorf("read what is to be written: %w", err)
		}
		if o.configuration.Container != "" && !o.configuration.AllowDestructive && !strings.HasPrefix(path.Clean(asked.Path), victimHome+"/") {
			return fmt.Errorf("write %s: %s is not ours, and would not be left as it was found; ALLOW_DESTRUCTIVE=1 does it all the same",
				asked.Path, o.configuration.Container)
		}
	}
	return nil
}
