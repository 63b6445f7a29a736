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

const (
	// searching bounds a walk over an image's files.
	searching = 30 * time.Second
	// listed is how many files a failure names.
	listed = 5
)

// reloading are the words by which service.reload is called: the method's name, and the command's.
func reloading() []string { return []string{"service.reload", "service_reload", "zinit reload"} }

// usesTheRPCOnly are the specs of what the image does beside the RPC.
func usesTheRPCOnly(chaos *session.Session) {
	about(promise.RegistrationNoTOML, "writes no service into a TOML file", "", func(ctx SpecContext) {
		hasNoTOML(ctx, shared(ctx, chaos))
	})
	about(promise.RegistrationNoReload, "does not call service.reload", "", func(ctx SpecContext) {
		doesNotReload(ctx, shared(ctx, chaos))
	})
}

// hasNoTOML looks at every TOML file of the container for the table that a service was written in before
// (contract hero_zero: `[service] name/exec/oneshot`). Others are not zinit's.
func hasNoTOML(ctx context.Context, g ground) {
	walked, err := g.Agent().Walk(ctx, protocol.WalkParams{
		Roots: []string{"/"}, Skip: []string{home()}, Names: []string{"*.toml"}, Words: []string{"[service]"}, Limit: searching,
	})
	spec.Conclude(err)
	if len(walked.Found) > 0 {
		g.broken(promise.RegistrationNoTOML, "", "services are written down in TOML files", found(walked.Found)...)
	}
	if !walked.Complete {
		spec.Inconclusive(fmt.Sprintf("the image has more files than can be looked at in %s", searching))
	}
}

// doesNotReload reads what the image executes: the registered commands, and the files that they and the running
// processes are started from, with what lies beside them. A text that holds the call is a caller. A program that holds
// it may be one, which cannot be told from its outside. zinit's own programs are left out, because they are what is
// called.
func doesNotReload(ctx context.Context, g ground) {
	shipped := g.shippedNames(ctx)
	roots := map[string]bool{}
	for _, name := range shipped {
		actions, err := g.Supervisor.Actions(ctx, name)
		spec.Conclude(err)
		for _, action := range actions {
			if word, calls := holds(action.Exec); calls {
				g.broken(promise.RegistrationNoReload, name, fmt.Sprintf("action %s calls %s", action.Name, word), [2]string{"exec", action.Exec})
			}
			files(strings.FieldsFunc(action.Exec, separates), roots)
		}
	}
	table, err := g.Agent().Processes(ctx)
	spec.Conclude(err)
	for _, process := range table {
		files(process.Argv, roots)
	}
	scripts, err := g.Agent().Glob(ctx, "/*.sh")
	spec.Conclude(err)
	for _, script := range scripts {
		roots[script] = true
	}
	walked, err := g.Agent().Walk(ctx, protocol.WalkParams{
		Roots: slices.Sorted(maps.Keys(roots)), Skip: []string{home()}, Words: reloading(), Limit: searching,
	})
	spec.Conclude(err)
	g.judgeCallers(walked)
}

// judgeCallers fails for a text, and concludes nothing from a program.
func (g ground) judgeCallers(walked protocol.Walked) {
	GinkgoHelper()
	var texts, programs []protocol.Match
	for _, match := range walked.Found {
		switch {
		case strings.HasPrefix(path.Base(match.Path), "zinit"):
		case match.Text:
			texts = append(texts, match)
		default:
			programs = append(programs, match)
		}
	}
	switch {
	case len(texts) > 0:
		g.broken(promise.RegistrationNoReload, "", "the image calls service.reload", found(texts)...)
	case len(programs) > 0:
		spec.Inconclusive(fmt.Sprintf("%s holds the name service.reload: whether it is ever called cannot be told from the program", programs[0].Path))
	case !walked.Complete:
		spec.Inconclusive(fmt.Sprintf("the image has more programs than can be looked at in %s", searching))
	case walked.Files == 0:
		spec.Inconclusive("none of the image's programs was found, so nothing is known of what they call")
	}
}

// files adds the absolute paths among words and, for those outside of the system's own folders, the folders that they
// lie in.
func files(words []string, roots map[string]bool) {
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

func holds(text string) (string, bool) {
	for _, word := range reloading() {
		if strings.Contains(text, word) {
			return word, true
		}
	}
	return "", false
}

// separates tells what cannot be within a path of a command line, as such lines are written.
func separates(r rune) bool { return strings.ContainsRune(" \t\n'\"`;|&()<>=", r) }

func found(matches []protocol.Match) [][2]string {
	var lines [][2]string
	for i, match := range matches {
		if i == listed {
			return append(lines, [2]string{"more", fmt.Sprintf("%d files", len(matches)-i)})
		}
		lines = append(lines, [2]string{"file", fmt.Sprintf("%s: %s", match.Path, match.Line)})
	}
	return lines
}

// home is the folder of our own victims.
func home() string { return path.Dir(session.NewVictim("home", zinit.RetryPolicy{}).Options.Socket) }
