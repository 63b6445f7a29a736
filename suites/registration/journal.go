package registration

import (
	"bytes"
	"context"
	"encoding/json"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	journal "forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// firstStart is when a victim's first process began, by its own journal, on the agent's clock.
func (g ground) firstStart(ctx context.Context, plan session.VictimPlan) int64 {
	GinkgoHelper()
	text, err := g.Agent().ReadFile(ctx, plan.Options.Journal, 0)
	spec.Conclude(err)
	for line := range bytes.SplitSeq(text, []byte("\n")) {
		var event journal.Event
		if json.Unmarshal(line, &event) == nil && event.Event == journal.EventStarted {
			return event.MonoNS
		}
	}
	spec.Inconclusive("the journal of " + plan.Name + " does not say when it started")
	return 0
}

func endpointOf(socket string) protocol.IdentifyParams {
	return protocol.IdentifyParams{Endpoint: protocol.Endpoint{Socket: socket}}
}
