package registration

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// walkLimit bounds a walk over an image's files.
const walkLimit = 30 * time.Second

// reloadWords returns the words by which service.reload is called: the method's name, and the command's.
func reloadWords() []string { return []string{"service.reload", "service_reload", "zinit reload"} }

// itWritesNoTOML registers the spec of the TOML files that services were written in before:
// suites/contract/hero_zero.md#supervision. A file without the table [service] is not zinit's.
func itWritesNoTOML(chaos *session.Session) {
	itHolds(promise.RegistrationNoTOML, "writes no service into a TOML file", "", func(ctx SpecContext) {
		a := openMain(ctx, chaos)
		By("search the TOML files of the image")
		walked, err := a.Agent().Walk(ctx, protocol.WalkParams{
			Roots: []string{"/"}, Skip: []string{session.VictimHome}, Names: []string{"*.toml"}, Words: []string{"[service]"}, Limit: walkLimit,
		})
		spec.Conclude(err)
		if len(walked.Found) > 0 {
			spec.FailWith(chaos, "services are written down in TOML files", listMatches(walked.Found)...)
		}
		if !walked.Complete {
			spec.Inconclusive(fmt.Sprintf("the image has more files than can be searched in %s", walkLimit))
		}
	})
}

// itCallsNoReload registers the spec that reads what the image executes: the registered commands, the files of these and of
// the running processes, and what lies beside them. A text that holds the call makes it. A program that
// holds it may make it, which does not show from its outside. zinit's own programs are left out: they answer the call.
func itCallsNoReload(chaos *session.Session) {
	itHolds(promise.RegistrationNoReload, "does not call service.reload", "", func(ctx SpecContext) {
		a := openMain(ctx, chaos)
		roots := map[string]bool{}
		for _, name := range a.listShipped(ctx) {
			actions, err := a.Supervisor.Actions(ctx, name)
			spec.Conclude(err)
			for _, action := range actions {
				for _, word := range reloadWords() {
					if strings.Contains(action.Exec, word) {
						spec.FailWith(chaos, fmt.Sprintf("action %s of %s calls %s", action.Name, name, word), spec.Note("exec", "%s", action.Exec))
					}
				}
				addPaths(roots, strings.FieldsFunc(action.Exec, isSeparator))
			}
		}
		texts, programs, walked := a.findCalls(ctx, roots)
		switch {
		case len(texts) > 0:
			spec.FailWith(chaos, "the image calls service.reload", listMatches(texts)...)
		case len(programs) > 0:
			spec.Inconclusive(fmt.Sprintf("%s holds the name service.reload: whether it is ever called cannot be told from the program", programs[0].Path))
		case !walked.Complete:
			spec.Inconclusive(fmt.Sprintf("the image has more programs than can be searched in %s", walkLimit))
		case walked.Files == 0:
			spec.Inconclusive("none of the image's programs was found, so nothing is known of what they call")
		}
	})
}

// findCalls returns the texts and the programs that hold a call of service.reload. It searches some files, those of the
// running processes, and the scripts at the root.
func (a access) findCalls(ctx context.Context, roots map[string]bool) (texts, programs []protocol.Match, walked protocol.WalkResult) {
	GinkgoHelper()
	table, err := a.Agent().Processes(ctx)
	spec.Conclude(err)
	for _, process := range table {
		addPaths(roots, process.Argv)
	}
	scripts, err := a.Agent().Glob(ctx, "/*.sh")
	spec.Conclude(err)
	for _, script := range scripts {
		roots[script] = true
	}
	By("search the programs of the image")
	walked, err = a.Agent().Walk(ctx, protocol.WalkParams{
		Roots: slices.Sorted(maps.Keys(roots)), Skip: []string{session.VictimHome}, Words: reloadWords(), Limit: walkLimit,
	})
	spec.Conclude(err)
	for _, match := range walked.Found {
		switch {
		case strings.HasPrefix(path.Base(match.Path), "zinit"):
		case match.Text:
			texts = append(texts, match)
		default:
			programs = append(programs, match)
		}
	}
	return texts, programs, walked
}

// addPaths adds the absolute paths among words, and the folders that they lie in, except for the system's own folders.
func addPaths(roots map[string]bool, words []string) {
	for _, word := range words {
		if !path.IsAbs(word) || strings.HasPrefix(word, "/dev/") {
			continue
		}
		roots[word] = true
		switch directory := path.Dir(word); directory {
		case "/", "/bin", "/sbin", "/usr/bin", "/usr/sbin", "/lib", "/usr/lib", "/tmp", "/run", "/etc":
		default:
			roots[directory] = true
		}
	}
}

// isSeparator reports whether a character ends a path in a command line.
func isSeparator(r rune) bool { return strings.ContainsRune(" \t\n'\"`;|&()<>=", r) }

// listMatches makes lines of the files that were found.
func listMatches(matches []protocol.Match) []spec.Line {
	var found []string
	for _, match := range matches {
		found = append(found, match.Path+": "+match.Line)
	}
	return spec.List("file", found)
}

// itHasExpectedPolicies registers the spec of the shipped numbers. Most of them show only after minutes, some after an hour.
func itHasExpectedPolicies(chaos *session.Session) {
	itHolds(promise.RegistrationShippedPolicy, "is registered with the policies that are expected", "", func(ctx SpecContext) {
		a := openMain(ctx, chaos)
		a.requireActions("actions with a policy")
		if chaos.Target.Policy == (zinit.RetryPolicy{}) || len(chaos.Target.Restartable()) == 0 {
			spec.Inconclusive("the target file expects no policy, or no service")
		}
		var found []string
		for _, shipped := range chaos.Target.Restartable() {
			found = append(found, a.findUnexpected(ctx, chaos.Shipped(shipped))...)
		}
		if len(found) > 0 {
			spec.FailWith(chaos, fmt.Sprintf("%d policies of the image are not those that are expected", len(found)), spec.List("found", found)...)
		}
	})
}

// findUnexpected returns a line for each action of a service that is not as in the target file. Another promise judges a
// service that is missing, or has no action of a kind.
func (a access) findUnexpected(ctx context.Context, service session.Service) []string {
	GinkgoHelper()
	By("read the policies of " + service.Name)
	actions, err := a.Supervisor.Actions(ctx, service.Name)
	if isRefused(err) {
		return nil
	}
	spec.Conclude(err)
	health := a.chaos.Target.Health
	var found []string
	for _, action := range actions {
		switch {
		case action.EffectiveKind() == zinit.KindRun && !action.Oneshot && (action.Retry == nil || *action.Retry != service.Policy):
			found = append(found, fmt.Sprintf("%s has the retry policy %s, and %s is expected", action.Name, describePolicy(action.Retry), describePolicy(&service.Policy)))
		case action.Kind != zinit.KindHealth || health.Interval == 0:
		case action.Schedule == nil || action.Schedule.Interval != health.Interval:
			found = append(found, fmt.Sprintf("%s does not run every %s", action.Name, health.Interval))
		case action.Timeout != health.Timeout:
			found = append(found, fmt.Sprintf("%s has the timeout %s, and %s is expected", action.Name, action.Timeout, health.Timeout))
		}
	}
	return found
}

func describePolicy(policy *zinit.RetryPolicy) string {
	if policy == nil {
		return "none"
	}
	return fmt.Sprintf("%d attempts, %s %s up to %s, stable after %s",
		policy.MaxAttempts, policy.Delay, policy.Backoff, policy.MaxDelay, policy.StabilityPeriod)
}
