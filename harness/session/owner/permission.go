package owner

import (
	"encoding/json"
	"fmt"
	"path"
	"strings"

	agent "forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
)

// permit is the same of what a client asks the agent for: nobody gets past it.
func (o *Owner) permit(p protocol.AgentParams) error {
	switch p.Method {
	case agent.MethodInject:
		var asked agent.InjectParams
		if err := json.Unmarshal(p.Params, &asked); err != nil {
			return fmt.Errorf("read a fault: %w", err)
		}
		held, _ := o.leases.of(asked.Lease)
		return protocol.Permit(o.configuration, held.service, asked.Fault)
	case agent.MethodWriteFile:
		var asked agent.WriteParams
		if err := json.Unmarshal(p.Params, &asked); err != nil {
			return fmt.Errorf("read what is to be written: %w", err)
		}
		if o.configuration.Container != "" && !o.configuration.AllowDestructive && !strings.HasPrefix(path.Clean(asked.Path), protocol.VictimHome+"/") {
			return fmt.Errorf("write %s: %s is not ours, and would not be left as it was found; ALLOW_DESTRUCTIVE=1 does it all the same",
				asked.Path, o.configuration.Container)
		}
	}
	return nil
}
