package dryrun

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/plain"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
)

// Text returns the plan of a run as lines for people: a line for each step, and what would not be done.
func Text(in Input) string {
	steps := Steps(in)
	text := new(strings.Builder)
	_, _ = fmt.Fprintf(text, "target %s, %s\n\n", in.Target.Name, in.describeContainers())
	table := tabwriter.NewWriter(text, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "PROMISE\tFAULT\tSCOPE\tBY\tUNDONE BY\tON\tSANDBOX\tALLOWED")
	refused := 0
	for _, step := range steps {
		allowed := "yes"
		if step.Refusal != "" {
			allowed = "no: " + step.Refusal
			refused++
		}
		_, _ = fmt.Fprintln(table, strings.Join([]string{
			step.Promise, step.Fault, step.Scope, step.Way, step.Undo, in.describeServices(step), step.Sandbox, allowed,
		}, "\t"))
	}
	_ = table.Flush()
	verb := "are"
	if refused == 1 {
		verb = "is"
	}
	_, _ = fmt.Fprintf(text, "\n%s of %s in the %s profile, %s, of which %d %s not allowed here\n",
		plain.Count(len(in.Specs), "spec"), plain.Count(countPromises(steps), "promise"), in.Config.Profile, plain.Count(len(steps), "step"), refused, verb)
	if unasked := Unasked(in); in.Config.Focus == "" && in.Config.Service == "" && len(unasked) > 0 {
		_, _ = fmt.Fprintf(text, "not asked of this target in this profile: %s\n", strings.Join(unasked, ", "))
	}
	return text.String()
}

// describeContainers says on what the steps would be taken.
func (in Input) describeContainers() string {
	if in.Config.Container != "" {
		leave := "with ALLOW_DESTRUCTIVE=1"
		if !in.Config.AllowDestructive {
			leave = "which is left as it is found"
		}
		return fmt.Sprintf("attached to the container %s, %s", in.Config.Container, leave)
	}
	return fmt.Sprintf("containers of its own: %s, and one for each other sandbox", protocol.MainSandbox)
}

func countPromises(steps []Step) int {
	seen := map[string]bool{}
	for _, step := range steps {
		seen[step.Promise] = true
	}
	return len(seen)
}
