package owner

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"

	agent "forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
)

// permit returns an error if a client's call of the agent may leave damage behind in a container that somebody else started.
func (o *Owner) permit(p protocol.AgentParams) error {
	switch p.Method {
	case agent.MethodInject:
		var params agent.InjectParams
		if err := json.Unmarshal(p.Params, &params); err != nil {
			return fmt.Errorf("read the parameters of %s: %w", p.Method, err)
		}
		held, _ := o.leases.subjectOf(params.Lease)
		return protocol.Permit(o.configuration, held.service, params.Fault)
	case agent.MethodBeginLasting:
		return errors.New("a lasting fault is begun through the session, which knows who may")
	case agent.MethodWriteFile:
		var params agent.WriteParams
		if err := json.Unmarshal(p.Params, &params); err != nil {
			return fmt.Errorf("read the parameters of %s: %w", p.Method, err)
		}
		if o.configuration.Container != "" && !o.configuration.AllowDestructive && !strings.HasPrefix(path.Clean(params.Path), protocol.VictimHome+"/") {
			return recovery.NotProved(fmt.Sprintf("write %s: somebody else started %s, and it must stay as it was found: set ALLOW_DESTRUCTIVE=1 to do it all the same",
				params.Path, o.configuration.Container))
		}
	}
	return nil
}
