package spec

import (
	"context"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
)

// Told says how a victim was told to end, by its own journal.
type Told struct {
	// Asked says that its stop signal came, Mistaken that SIGTERM came, which is not its stop signal.
	Asked, Mistaken bool
	// Finished says that it came to its own end, after the time that it takes.
	Finished bool
}

// FindTold returns how a process of a victim was told to end.
func (j Journal) FindTold(pid int) Told {
	events := j.By(pid)
	return Told{
		Asked:    len(events.Of(victim.EventTerminating)) > 0,
		Mistaken: len(events.Of(victim.EventMistaken)) > 0,
		Finished: len(events.Of(victim.EventEnded)) > 0,
	}
}

// InShell says why a service cannot show how it is told to end.
const InShell = "a shell stays around the program, and ends at its stop signal before the program does"

// RunsInShell reports whether a shell stays around the programs of a sandbox's victims: not every shell is replaced by the last command that it runs.
func RunsInShell(ctx context.Context, sandbox *session.Sandbox) bool {
	GinkgoHelper()
	bystanders := sandbox.Bystanders()
	return len(bystanders) > 0 && identify(ctx, sandbox, bystanders[0]).InShell()
}

// endPeriod lies between the stop signal and the end of a victim that is planned by PlanToTell: well within its stop timeout.
const endPeriod = 610 * time.Millisecond

// PlanToTell returns a plan with a stop signal of its own, which takes its time to end, and has more.
func PlanToTell(plan session.VictimPlan) session.VictimPlan {
	plan = plan.StoppedBy("SIGUSR1").WithStopTimeout(endPeriod + 2*time.Second)
	plan.Options.TermDelay = endPeriod
	return plan
}

// VictimToTell registers a victim with a stop signal of its own, and returns its process.
func VictimToTell(ctx context.Context, sandbox *session.Sandbox, plan session.VictimPlan) record.Incarnation {
	GinkgoHelper()
	plan.InPlace = RunsInShell(ctx, sandbox)
	service := Victim(ctx, sandbox, plan)
	if identify(ctx, sandbox, service).InShell() {
		Inconclusive(InShell)
	}
	Hold(ctx, sandbox, plan.Name)
	return Identify(ctx, sandbox, service)
}

// ExpectTold fails the spec if a process of a victim was not ended by its stop signal, with the time that it takes to end. The plan has a
// stop signal and a longer stop timeout.
func ExpectTold(ctx context.Context, chaos *session.Session, sandbox *session.Sandbox, plan session.VictimPlan, pid int, what string) {
	GinkgoHelper()
	journal, err := ReadJournal(ctx, sandbox, plan)
	Conclude(err)
	if problem := journal.FindTold(pid).Describe(plan); problem != "" {
		FailWith(chaos, fmt.Sprintf("%s %s at %s", plan.Name, problem, what), Note("before", "pid %d", pid),
			Note("policy", "stop signal %s, stop timeout %s; it takes %s to end", plan.StopSignal, span.Text(plan.StopTimeout.Duration()), span.Text(plan.Options.TermDelay)))
	}
}

// Describe says what was wrong with how a victim was told, empty if nothing was.
func (t Told) Describe(plan session.VictimPlan) string {
	switch {
	case !t.Asked && t.Mistaken:
		return "was sent SIGTERM, and not its stop signal " + plan.StopSignal + ","
	case !t.Asked:
		return "was not told by its stop signal " + plan.StopSignal
	case !t.Finished:
		return "was told by its stop signal, and killed before the " + span.Text(plan.Options.TermDelay) + " that it takes to end"
	}
	return ""
}
