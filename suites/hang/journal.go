package hang

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// journalOf reads what a victim wrote down of itself.
func journalOf(ctx context.Context, sandbox *session.Sandbox, plan session.VictimPlan) ([]victim.Event, error) {
	text, err := sandbox.Agent().ReadFile(ctx, plan.Options.Journal, 0)
	var events []victim.Event
	for line := range strings.Lines(string(text)) {
		var event victim.Event
		if json.Unmarshal([]byte(line), &event) == nil {
			events = append(events, event)
		}
	}
	return events, err
}

// firstStart is when a victim's first process began, on the agent's clock.
func firstStart(ctx context.Context, sandbox *session.Sandbox, plan session.VictimPlan) int64 {
	GinkgoHelper()
	events, err := journalOf(ctx, sandbox, plan)
	spec.Conclude(err)
	for _, event := range events {
		if event.Event == victim.EventStarted {
			return event.MonoNS
		}
	}
	spec.Inconclusive("the journal of " + plan.Name + " does not say when it started")
	return 0
}

// successionOf is when a victim was first told to end, and when the process began that followed, both after a point of its
// clock; 0 for not yet. Who is killed at once is not told.
func successionOf(ctx context.Context, sandbox *session.Sandbox, plan session.VictimPlan, since int64) (told, again int64) {
	events, err := journalOf(ctx, sandbox, plan)
	if err != nil {
		return 0, 0
	}
	for _, event := range events {
		switch {
		case event.MonoNS < since:
		case told == 0 && event.Event == victim.EventTerminating:
			told = event.MonoNS
		case again == 0 && event.Event == victim.EventStarted:
			again = event.MonoNS
		}
	}
	return told, again
}

// silence is how long a question waits that should get no reply: far above the time that a victim takes to answer.
const silence = time.Second

// answers asks once and waits for the reply for a moment.
func answers(ctx context.Context, sandbox *session.Sandbox, endpoint protocol.Endpoint) error {
	ctx, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	conn, err := sandbox.Dial(ctx, endpoint)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	return endpoint.Question().Ask(ctx, conn)
}

// startsIn counts the processes that a journal tells of.
func startsIn(events []victim.Event) int {
	return len(slices.DeleteFunc(slices.Clone(events), func(e victim.Event) bool { return e.Event != victim.EventStarted }))
}
