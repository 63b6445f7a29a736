package restart

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// pause is the time between two looks at who runs: two at once may be gone soon, and spec.Until looks too seldom for that.
func pause(ctx SpecContext) {
	const look = 30 * time.Millisecond
	select {
	case <-time.After(look):
	case <-ctx.Done():
	}
}

// await waits for something without which nothing can be judged.
func await(ctx SpecContext, otherwise string, there func() bool) {
	GinkgoHelper()
	if !spec.Until(ctx, appears, func(context.Context) bool { return there() }) {
		spec.Inconclusive(otherwise)
	}
}

// events are a victim's by its journal, of one kind, oldest first.
func events(ctx SpecContext, sandbox *session.Sandbox, plan session.VictimPlan, kind string) []victim.Event {
	GinkgoHelper()
	text, err := sandbox.Agent().ReadFile(ctx, plan.Options.Journal, 0)
	spec.Conclude(err)
	var found []victim.Event
	for line := range strings.Lines(string(text)) {
		var event victim.Event
		if json.Unmarshal([]byte(line), &event) == nil && event.Event == kind {
			found = append(found, event)
		}
	}
	return found
}

func happened(ctx SpecContext, sandbox *session.Sandbox, plan session.VictimPlan, pid int, kind string) bool {
	GinkgoHelper()
	return slices.ContainsFunc(events(ctx, sandbox, plan, kind), func(event victim.Event) bool { return event.PID == pid })
}

// instances are the processes that a victim has: those that were told its socket, and not the shell around them.
func instances(ctx SpecContext, sandbox *session.Sandbox, plan session.VictimPlan) []int {
	GinkgoHelper()
	table, err := sandbox.Agent().Processes(ctx)
	spec.Conclude(err)
	var pids []int
	for _, process := range table {
		if process.State != "Z" && slices.Contains(process.Argv, "--socket="+plan.Options.Socket) {
			pids = append(pids, process.PID)
		}
	}
	return pids
}

// signal sends a signal to a process by the image's own shell: what the agent sends, it watches until the end.
func signal(ctx SpecContext, sandbox *session.Sandbox, name string, pid int) {
	GinkgoHelper()
	ran, err := sandbox.Agent().Run(ctx, appears, "/bin/sh", "-c", fmt.Sprintf("kill -%s %d", name, pid))
	spec.Conclude(err)
	if ran.ExitCode != 0 {
		spec.Inconclusive(fmt.Sprintf("SIG%s could not be sent: %s", name, strings.TrimSpace(ran.Output)))
	}
}
