package spec

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
)

// firstStartLimit is the time for which FirstStart waits: a service may be seen to run before its process has written a line.
const firstStartLimit = 5 * time.Second

// Journal holds the events of a victim's processes by their own account, oldest first, on the agent's clock.
type Journal []victim.Event

// ReadJournal reads a victim's journal. The journal is empty if no process of the victim has begun.
func ReadJournal(ctx context.Context, sandbox *session.Sandbox, plan session.VictimPlan) (Journal, error) {
	agent, path := sandbox.Agent(), plan.Options.Journal
	text, err := agent.ReadFile(ctx, path, 0)
	if err != nil {
		if found, globErr := agent.Glob(ctx, path); globErr == nil && len(found) == 0 {
			return nil, nil
		}
		text, err = agent.ReadFile(ctx, path, 0) // it may have been written since
	}
	return parseJournal(text), err
}

// parseJournal skips what is no event: the last line may be half written.
func parseJournal(text []byte) Journal {
	var journal Journal
	for line := range bytes.Lines(text) {
		var event victim.Event
		if json.Unmarshal(line, &event) == nil {
			journal = append(journal, event)
		}
	}
	return journal
}

// Of returns the events of one kind, such as victim.EventStarted.
func (j Journal) Of(kind string) Journal {
	return j.filter(func(event victim.Event) bool { return event.Event == kind })
}

// By returns the events of one process.
func (j Journal) By(pid int) Journal {
	return j.filter(func(event victim.Event) bool { return event.PID == pid })
}

// Since returns the events from a point of the agent's clock on.
func (j Journal) Since(point int64) Journal {
	return j.filter(func(event victim.Event) bool { return event.MonoNS >= point })
}

func (j Journal) filter(keep func(victim.Event) bool) Journal {
	return slices.DeleteFunc(slices.Clone(j), func(event victim.Event) bool { return !keep(event) })
}

// Time returns when the first event happened, or 0 if there is none.
func (j Journal) Time() int64 {
	if len(j) == 0 {
		return 0
	}
	return j[0].MonoNS
}

// FirstStart returns when a victim's first process began. It waits for the journal to say so, and ends the spec as INCONCLUSIVE if it never does.
func FirstStart(ctx context.Context, sandbox *session.Sandbox, plan session.VictimPlan) (began int64) {
	GinkgoHelper()
	if !Until(ctx, firstStartLimit, func(ctx context.Context) bool {
		journal, err := ReadJournal(ctx, sandbox, plan)
		Conclude(err)
		began = journal.Of(victim.EventStarted).Time()
		return began != 0
	}) {
		Inconclusive("the journal of " + plan.Name + " does not say when its process began")
	}
	return began
}
