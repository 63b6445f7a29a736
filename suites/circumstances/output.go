package circumstances

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

const (
	// logLines is the number of lines of a log that are read: more than the talker writes in a run, and less than in all.
	logLines = 100
	// logLimit bounds the wait for a line that was written.
	logLimit = 3 * time.Second
	// talks counts the runs of the talker whose words are looked for.
	talks = 3
)

// planTalker plans a victim that writes to its output as it starts and right before it ends.
func planTalker(name string) session.VictimPlan {
	plan := session.NewVictim(name, spec.ScalePolicy(delay, stabilityPeriod)).WithStopTimeout(stopTimeout)
	plan.Policy.Backoff = zinit.BackoffNone
	plan.Options.Talks = true
	return plan
}

// itIsLogged registers the spec that ends a service several times and looks for its words in the log of its action, and in no other.
func itIsLogged(chaos *session.Session, plan session.VictimPlan) {
	plan.Policy = spec.LimitPolicy(chaos.Target, plan.Policy)
	It("has its output logged: "+plan.Name, spec.About(promise.CircumstancesOutput), spec.On(plan.Name), func(ctx SpecContext) {
		sandbox := spec.MainOrOwn(ctx, chaos)
		service := spec.Victim(ctx, sandbox, plan)
		spec.Hold(ctx, sandbox, plan.Name)
		other := plan.Sample(2) // with a name that begins alike
		spec.Victim(ctx, sandbox, other)
		before := spec.Identify(ctx, sandbox, service)
		var first []string // words of the runs, in their order
		for n := 1; n <= talks; n++ {
			first = append(first, victim.FirstWords(before.PID))
			expectWords(ctx, chaos, sandbox, plan, n, first[n-1])
			if n == talks {
				break
			}
			By(fmt.Sprintf("end run %d of %s", n, plan.Name))
			spec.Conclude(spec.Command(ctx, sandbox, plan).Exit(ctx, 1))
			expectWords(ctx, chaos, sandbox, plan, n, victim.LastWords(before.PID))
			after, ok := spec.AwaitSuccessor(ctx, sandbox, service, before, runLimit)
			if !ok {
				spec.Inconclusive("the service did not run, so there was nothing to compare")
			}
			expectOwnLog(ctx, chaos, sandbox, plan, other, before.PID)
			before = after
		}
		expectOrder(ctx, chaos, sandbox, plan, first)
	}, NodeTimeout(specTimeout))
}

// expectOwnLog fails the spec if what a process of a victim wrote is in the log of another.
func expectOwnLog(ctx context.Context, chaos *session.Session, sandbox *session.Sandbox, plan, other session.VictimPlan, pid int) {
	GinkgoHelper()
	lines, err := readLog(ctx, sandbox, other.Name)
	spec.Conclude(err)
	text := strings.Join(lines, "\n")
	for _, words := range []string{victim.FirstWords(pid), victim.LastWords(pid)} {
		if strings.Contains(text, words) {
			spec.FailWith(chaos, fmt.Sprintf("%s wrote %q, and it is in the log of %s", plan.Name, words, other.Name))
		}
	}
}

// expectOrder fails the spec if words do not stand in the log in the order in which they were written.
func expectOrder(ctx context.Context, chaos *session.Session, sandbox *session.Sandbox, plan session.VictimPlan, words []string) {
	GinkgoHelper()
	lines, err := readLog(ctx, sandbox, plan.Name)
	spec.Conclude(err)
	last := -1
	for n, text := range words {
		at := slices.IndexFunc(lines, func(line string) bool { return strings.Contains(line, text) })
		if at >= 0 && at < last {
			spec.FailWith(chaos, fmt.Sprintf("the log of %s has what run %d wrote before what an earlier run wrote", plan.Name, n+1), spec.List("log", lines)...)
		}
		last = max(last, at)
	}
}

// expectWords fails the spec if what run n wrote does not come into the log.
func expectWords(ctx context.Context, chaos *session.Session, sandbox *session.Sandbox, plan session.VictimPlan, n int, words string) {
	GinkgoHelper()
	var last []string
	if spec.Watch(ctx, logLimit, fmt.Sprintf("look for %q in the log of %s", words, plan.Name), func(ctx context.Context) bool {
		lines, err := readLog(ctx, sandbox, plan.Name)
		spec.Conclude(err)
		last = lines
		return strings.Contains(strings.Join(lines, "\n"), words)
	}) {
		return
	}
	spec.FailWith(chaos, fmt.Sprintf("run %d of %s wrote %q, and it is not in the log", n, plan.Name, words),
		spec.List("log", last[max(0, len(last)-5):])...)
}

// readLog reads the log of the run action, or of the service if actions have none.
func readLog(ctx context.Context, sandbox *session.Sandbox, service string) ([]string, error) {
	lines, err := sandbox.Supervisor.Logs(ctx, zinit.RunActionName(service), logLines)
	if err != nil {
		lines, err = sandbox.Supervisor.Logs(ctx, service, logLines)
	}
	return lines, err
}
