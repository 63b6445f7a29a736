package image

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

const (
	// pageCount is the number of times that a path is asked for, before and after the services were restarted.
	pageCount = 20
	// lookInterval is the time between two looks at the command lines of all processes.
	lookInterval = 150 * time.Millisecond
	// giveUpLimit bounds the wait until the services that fail are given up. Nothing is judged by it.
	giveUpLimit = 8 * time.Second
	// failDelay, failInterval and failTimeout are the numbers of the services that fail.
	failDelay    = 53 * time.Millisecond
	failInterval = 410 * time.Millisecond
	failTimeout  = 310 * time.Millisecond
)

// used holds what was seen in a sandbox whose services were ended, failed and were given up.
type used struct {
	sandbox       *session.Sandbox
	canaries      session.Canaries // in every form
	arguments     []string         // the command lines that held one
	before, after map[string][]spec.Page
	reached       bool   // whether the paths answered before
	down          string // a service that did not serve again, empty if all do
}

// use registers the experiment that ends services and lets others fail, and returns it.
func use(chaos *session.Session) *spec.Shared[*used] {
	return &spec.Shared[*used]{Run: func(ctx context.Context) (*used, error) { return runUse(ctx, chaos) }}
}

// smokeSpecs registers the specs about the paths of the smoke test that need a container in which nobody else ends a service.
func smokeSpecs(chaos *session.Session, experiment *spec.Shared[*used]) {
	for _, path := range chaos.Target.Smoke {
		for _, asked := range []struct {
			text, promise, headline string
			find                    func(seen *used) []string
		}{
			{
				"each time", promise.SmokeRepeated, fmt.Sprintf("%s did not answer %d each time", path.Path, path.Status),
				func(seen *used) []string { return spec.FindWrongStatus(seen.before[path.Path], path.Status) },
			},
			{
				"with a whole body", promise.SmokeWholeBody, "the body of " + path.Path + " was not whole each time",
				func(seen *used) []string {
					return spec.FindCutBodies(slices.Concat(seen.before[path.Path], seen.after[path.Path]))
				},
			},
			{
				"after its services were restarted", promise.SmokeAfterRestart,
				fmt.Sprintf("%s did not answer %d any more after the services behind the port were killed and served again", path.Path, path.Status),
				func(seen *used) []string { return spec.FindWrongStatus(seen.after[path.Path], path.Status) },
			},
		} {
			It(path.Path+" answers "+asked.text, spec.About(asked.promise), spec.On(spec.PathLabel(path.Path)), func(ctx SpecContext) {
				seen := experiment.Get(ctx)
				if !seen.reached {
					spec.Inconclusive(fmt.Sprintf("%s did not answer at all: %s is about that", path.Path, promise.SmokePaths))
				}
				if asked.promise == promise.SmokeAfterRestart && seen.down != "" {
					spec.Inconclusive("not every service served again after it was killed: " + seen.down)
				}
				if found := asked.find(seen); len(found) > 0 {
					spec.FailWith(chaos, asked.headline, append([]spec.Line{spec.Note("asked", "%d times", pageCount)}, spec.List("found", found)...)...)
				}
			}, NodeTimeout(useTimeout(chaos)))
		}
	}
}

// useTimeout bounds the experiment that has gone wrong; nothing is judged by it.
func useTimeout(chaos *session.Session) time.Duration {
	return chaos.Target.Budgets.Boot.Duration() + chaos.Target.Budgets.Smoke.Duration() + 3*time.Minute
}

// runUse asks for the paths, kills every service but the one behind the published port, lets services of ours fail, and asks for the paths
// again.
func runUse(ctx context.Context, chaos *session.Session) (*used, error) {
	sandbox, err := chaos.Background(ctx, session.CanarySandbox)
	if err != nil {
		return nil, err
	}
	seen := &used{sandbox: sandbox, before: map[string][]spec.Page{}, after: map[string][]spec.Page{}}
	canaries, err := sandbox.Canaries(ctx)
	if err != nil {
		return nil, err
	}
	seen.canaries = canaries.WithForms()
	seen.askAll(ctx, chaos, seen.before)
	services, names := []session.Service{}, []string{}
	for _, shipped := range chaos.Target.Restartable() {
		if shipped.Port == 0 || shipped.Port != chaos.Target.Container.Port {
			services, names = append(services, chaos.Shipped(shipped)), append(names, shipped.Name)
		}
	}
	By("wait for the leases of " + spec.Count(len(names), "service"))
	release, err := spec.HoldAll(ctx, sandbox, names)
	defer func() { _ = release(context.WithoutCancel(ctx)) }()
	if err != nil {
		return nil, err
	}
	looking, stop := context.WithCancel(ctx)
	looked := make(chan []string, 1)
	go func() { looked <- seen.watchArguments(looking) }()
	seen.letFail(ctx)
	seen.down = seen.killAll(ctx, chaos, services)
	stop()
	seen.arguments = <-looked
	seen.askAll(ctx, chaos, seen.after)
	return seen, ctx.Err()
}

// askAll asks for every path of the smoke test.
func (u *used) askAll(ctx context.Context, chaos *session.Session, pages map[string][]spec.Page) {
	published, err := u.sandbox.Published(ctx, chaos.Target.Container.Port)
	if err != nil {
		return
	}
	for _, path := range chaos.Target.Smoke {
		By("ask for " + path.Path)
		if len(u.before[path.Path]) == 0 {
			u.reached = spec.Until(ctx, chaos.Target.Budgets.Smoke.Duration(), func(ctx context.Context) bool {
				return len(spec.FindWrongStatus(spec.AskPages(ctx, u.sandbox, published, path.Path, 1), path.Status)) == 0
			})
		}
		pages[path.Path] = spec.AskPages(ctx, u.sandbox, published, path.Path, pageCount)
	}
}

// killAll kills services at once and waits until all serve again. It returns what is wrong with one that does not.
func (u *used) killAll(ctx context.Context, chaos *session.Session, services []session.Service) (down string) {
	By("kill " + spec.Count(len(services), "service") + " and wait until all serve again")
	before := map[string]int{}
	for _, service := range services {
		if process, err := spec.FindProcess(ctx, u.sandbox, service.Endpoint); err == nil {
			before[service.Name] = process.PID
			_ = u.sandbox.Supervisor.Kill(ctx, service.Name, "SIGKILL") // a supervisor that cannot has restarted nobody
		}
	}
	u.askWhileDown(ctx, chaos)
	spec.Until(ctx, 2*chaos.Target.Budgets.Serving.Duration(), func(ctx context.Context) bool {
		down = ""
		for _, service := range services {
			process, err := spec.FindProcess(ctx, u.sandbox, service.Endpoint)
			switch {
			case err != nil:
				down = service.Name + " has no process"
			case process.PID == before[service.Name]:
				down = service.Name + " was not replaced"
			case recovery.CheckSteady(ctx, u.sandbox, service.Endpoint) != nil:
				down = service.Name + " does not answer"
			default:
				continue
			}
			return false
		}
		return true
	})
	return down
}

// askWhileDown asks for every path once while the services behind it are down: a proxy must not remember that.
func (u *used) askWhileDown(ctx context.Context, chaos *session.Session) {
	published, err := u.sandbox.Published(ctx, chaos.Target.Container.Port)
	if err != nil {
		return
	}
	for _, path := range chaos.Target.Smoke {
		spec.AskPages(ctx, u.sandbox, published, path.Path, 1)
	}
}

// letFail registers services that fail, each in its way, and waits until the supervisor has given them up. They stay: their logs and their
// status are what is looked at.
func (u *used) letFail(ctx context.Context) {
	By("register services that fail, and wait until they are given up")
	policy := zinit.RetryPolicy{
		MaxAttempts: 2, Delay: zinit.Milliseconds(failDelay), Backoff: zinit.BackoffNone,
		MaxDelay: zinit.Milliseconds(failDelay), StabilityPeriod: zinit.Milliseconds(time.Hour),
	}
	exits, missing, sick := session.NewVictim("fails", policy), session.NewVictim("lacks-program", policy), session.NewVictim("is-sick", policy)
	exits.Options.Socket, exits.Options.Control = "", ""
	exits.Options.ExitDelay, exits.Options.ExitCode = failDelay, 3
	none := path.Join(session.VictimHome, "none")
	missing.Binary, sick.Probe = none, none
	sick = sick.WithHealth(zinit.Schedule{Interval: zinit.Milliseconds(failInterval), StartPeriod: zinit.Milliseconds(failInterval), Retries: 1}, failTimeout)
	killed := session.NewVictim("is-killed", policy).Definition()
	killed.Actions[0].Exec = "kill -KILL $$" // the shell's own end, by a signal
	waiting := map[string]bool{}
	for _, definition := range []zinit.Definition{exits.Definition(), missing.Definition(), sick.Definition(), killed} {
		if _, err := u.sandbox.Supervisor.Register(ctx, definition); err == nil { // else that way to fail is not seen
			waiting[definition.Service.Name] = true
		}
	}
	spec.Until(ctx, giveUpLimit, func(ctx context.Context) bool {
		for name := range waiting {
			if status, err := u.sandbox.Supervisor.Status(ctx, name); errors.Is(err, zinit.ErrNotExpressible) || err == nil && status.State == zinit.StateFailed {
				delete(waiting, name)
			}
		}
		return len(waiting) == 0
	})
}

// watchArguments looks at the command lines of all processes until ctx ends, and returns a line for each that held a canary.
func (u *used) watchArguments(ctx context.Context) (found []string) {
	for ctx.Err() == nil {
		table, err := u.sandbox.Agent().Processes(ctx)
		if err != nil {
			continue
		}
		for _, process := range table {
			if len(process.Argv) == 0 {
				continue
			}
			for _, line := range findIn(u.canaries, strings.Join(process.Argv[1:], "\n"), "the arguments of a process of "+process.Argv[0]) {
				if !slices.Contains(found, line) {
					found = append(found, line)
				}
			}
		}
		spec.Pause(ctx, lookInterval)
	}
	return found
}
