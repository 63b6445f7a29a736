package image

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

const (
	// searchLimit is how much of the new files is read, in bytes: far more than an image writes while it starts.
	searchLimit = 512 << 20
	// logLines is how many lines of each of zinit's logs are read.
	logLines = 1000
)

// secrets registers the specs that look for canaries. Canaries stand in for the secrets in a sandbox of its own, so that no
// real value is searched for, and no failure repeats one.
func secrets(chaos *session.Session, experiment *spec.Shared[*used]) {
	for _, place := range []struct {
		promise, sentence, headline string
		find                        func(context.Context, *used) []string
	}{
		{promise.ImageSecretLogs, "are in no log", "a log holds the value of a secret", findInLogs},
		{promise.ImageSecretArguments, "are in no command line", "a command line holds the value of a secret", findInCommands},
		{promise.ImageSecretStatus, "are in no status", "zinit's status holds the value of a secret", findInStatus},
		{promise.ImageSecretFiles, "are in no file", "a file holds the value of a secret", findInFiles},
	} {
		It(place.sentence, spec.About(place.promise), spec.On(whole), func(ctx SpecContext) {
			seen := experiment.Get(ctx)
			requireCanaries(ctx, seen)
			By("look whether the canaries " + place.sentence)
			if found := place.find(ctx, seen); len(found) > 0 {
				spec.Finding{Headline: place.headline, Cases: found}.Judge(chaos)
			}
		}, NodeTimeout(useTimeout(chaos)))
	}
}

// requireCanaries ends the spec as INCONCLUSIVE if the canaries are not in the environment of process 1.
func requireCanaries(ctx context.Context, seen *used) {
	GinkgoHelper()
	sandbox := seen.sandbox
	canaries, err := sandbox.Canaries(ctx)
	spec.Conclude(err)
	first, err := sandbox.Agent().Environment(ctx, protocol.EnvironmentParams{PID: 1})
	spec.Conclude(err)
	for name := range canaries {
		if !slices.Contains(first.Names, name) {
			spec.Inconclusive(fmt.Sprintf("the made-up %s did not arrive in the environment of process 1", name))
		}
	}
}

// findIn returns a line for each canary that a text holds.
func findIn(canaries session.Canaries, text, where string) []string {
	var found []string
	for name, value := range canaries {
		if strings.Contains(text, value) {
			found = append(found, fmt.Sprintf("%s: %s", name, where))
		}
	}
	slices.Sort(found)
	return found
}

func findInLogs(ctx context.Context, seen *used) []string {
	GinkgoHelper()
	sandbox, canaries := seen.sandbox, seen.canaries
	names, err := sandbox.LoggedCanaries(ctx)
	spec.Conclude(err)
	var found []string
	for _, name := range names {
		found = append(found, name+": the log of the container")
	}
	for _, source := range listLogs(ctx, sandbox) {
		lines, err := sandbox.Supervisor.Logs(ctx, source, logLines)
		if errors.Is(err, zinit.ErrNotFound) { // the action was never run
			continue
		}
		spec.Conclude(err)
		found = append(found, findIn(canaries, strings.Join(lines, "\n"), "zinit's log of "+source)...)
	}
	return found
}

// listLogs returns the names that zinit keeps a log of: the services, and in zinit 0.4 the actions.
func listLogs(ctx context.Context, sandbox *session.Sandbox) []string {
	GinkgoHelper()
	statuses, err := sandbox.Supervisor.List(ctx)
	spec.Conclude(err)
	var names []string
	for _, status := range statuses {
		names = append(names, status.Name)
	}
	if sandbox.Supervisor.Dialect() != zinit.Dialect04 {
		return names
	}
	actions, err := sandbox.Supervisor.Actions(ctx, "")
	spec.Conclude(err)
	for _, action := range actions {
		names = append(names, action.Name)
	}
	return names
}

func findInCommands(ctx context.Context, seen *used) []string {
	GinkgoHelper()
	sandbox, canaries := seen.sandbox, seen.canaries
	table, err := sandbox.Agent().Processes(ctx)
	spec.Conclude(err)
	found := slices.Clone(seen.arguments)
	for _, process := range table {
		if len(process.Argv) > 0 && len(seen.arguments) == 0 {
			where := fmt.Sprintf("the arguments of pid %d, %s", process.PID, process.Argv[0])
			found = append(found, findIn(canaries, strings.Join(process.Argv[1:], "\n"), where)...)
		}
	}
	actions, err := sandbox.Supervisor.Actions(ctx, "")
	spec.Conclude(err)
	for _, action := range actions {
		found = append(found, findIn(canaries, action.Exec, "the command of action "+action.Name)...)
	}
	return found
}

func findInStatus(ctx context.Context, seen *used) []string {
	GinkgoHelper()
	sandbox, canaries := seen.sandbox, seen.canaries
	statuses, err := sandbox.Supervisor.List(ctx)
	spec.Conclude(err)
	if len(statuses) == 0 {
		spec.Inconclusive("zinit lists no service: there is no status to read")
	}
	var found []string
	for _, status := range statuses {
		text := strings.Join([]string{status.Name, string(status.State), string(status.Health), status.Error}, "\n")
		found = append(found, findIn(canaries, text, "the status of "+status.Name)...)
	}
	return found
}

func findInFiles(ctx context.Context, seen *used) []string {
	GinkgoHelper()
	leaks, err := seen.sandbox.Agent().Leaks(ctx, protocol.LeaksParams{Needles: seen.canaries, Limit: searchLimit})
	spec.Conclude(err)
	var found []string
	for _, leak := range leaks.Found {
		found = append(found, fmt.Sprintf("%s: %s", leak.Needle, leak.Path))
	}
	if len(found) == 0 && leaks.Truncated {
		spec.Inconclusive(fmt.Sprintf("the image has written more than %d MB since its start: not every file was read", searchLimit>>20))
	}
	if leaks.Files == 0 {
		spec.Inconclusive("no file has changed since the start: nothing was read")
	}
	slices.Sort(found)
	return found
}
