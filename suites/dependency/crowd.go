package dependency

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

const (
	// crowdSandbox is for crowds of services, which nobody else shall feel.
	crowdSandbox = "crowd"
	// settling is how long a crowd may take to run, once it can.
	settling = 45 * time.Second
	// coming and going bound how long a crowd may be registered, and be seen off: what is left goes with its container.
	coming, going = 60 * time.Second, 40 * time.Second
	// crowding bounds a crowd's whole life.
	crowding = 3 * time.Minute
)

// graph is a crowd: who needs whom. Its first service is what all others need, and is registered last.
type graph struct {
	name             string
	fulfils, answers string // promises
	services         []zinit.Definition
}

// fan is a base and so many services that require it.
func fan(count int) graph {
	g := graph{name: "fan", fulfils: promise.DependencyFan, answers: promise.DependencyFanAnswers}
	for i := range count {
		g.add(i, func(j int) bool { return j == 0 })
	}
	return g
}

// dense is so many services that each require all before them.
func dense(count int) graph {
	g := graph{name: "dense", fulfils: promise.DependencyDense, answers: promise.DependencyDenseAnswers}
	for i := range count {
		g.add(i, func(int) bool { return true })
	}
	return g
}

func (g *graph) service(i int) string { return session.VictimName(fmt.Sprintf("%s-%03d", g.name, i)) }

// add appends a service that requires those before it that are needed. It is as cheap as a process can be.
func (g *graph) add(i int, needs func(int) bool) {
	definition := zinit.Define(g.service(i), zinit.RunAction(g.service(i), "sleep 3617", policy()))
	for j := range i {
		if needs(j) {
			definition.Service.Dependencies.Requires = append(definition.Service.Dependencies.Requires, g.service(j))
		}
	}
	g.services = append(g.services, definition)
}

// crowd are the specs of many services at once. One crowd is looked at for two promises.
func crowd(chaos *session.Session) {
	for _, g := range []graph{fan(300), dense(28)} {
		Describe("a crowd: "+g.name, Ordered, ContinueOnFailure, func() {
			var once sync.Once
			var seen *stay
			come := func(ctx SpecContext) {
				once.Do(func() { seen = g.stay(ctx, spec.Sandbox(ctx, chaos, crowdSandbox)) })
				if seen == nil {
					spec.Inconclusive("the crowd could not come")
				}
				if seen.nothing != "" {
					spec.Inconclusive(seen.nothing)
				}
			}
			subject := session.VictimName(g.name)
			It(fmt.Sprintf("of %d runs: %s", len(g.services), g.name), spec.About(g.fulfils), spec.On(subject), func(ctx SpecContext) {
				come(ctx)
				if len(seen.trouble) > 0 {
					spec.FailWith(chaos, fmt.Sprintf("%d services in a %s graph did not all run and go again", len(g.services), g.name), seen.trouble...)
				}
			}, NodeTimeout(crowding))
			It("is no reason to keep others waiting: "+g.name, spec.About(g.answers), spec.On(subject), func(ctx SpecContext) {
				come(ctx)
				seen.judgeAnswers(chaos, g, subject)
			}, NodeTimeout(crowding))
		})
	}
}

// stay is what was seen of a crowd from its coming to its going.
type stay struct {
	nothing string      // why nothing can be concluded
	trouble [][2]string // what did not go as it should
	answers spec.Answers
}

// stay lets a crowd come, waits until it runs, and sees it off, while the supervisor and the agent are asked again and
// again.
func (g *graph) stay(ctx context.Context, sandbox *session.Sandbox) *stay {
	GinkgoHelper()
	seen := &stay{}
	needsRPC(sandbox)
	ran, err := sandbox.Agent().Run(ctx, spec.AnswerLimit, "/bin/sh", "-c", "command -v sleep")
	if err != nil || ran.ExitCode != 0 {
		seen.nothing = "the image has no sleep, which a crowd would run"
		return seen
	}
	questioner := spec.KeepAsking(ctx, sandbox, spec.StatusOf(sandbox, session.Base))
	defer func() { seen.answers = questioner.Stop() }()

	questioner.During("registering")
	if !g.register(ctx, sandbox, seen) {
		return seen
	}
	questioner.During("starting")
	g.awaitRunning(ctx, sandbox, seen)
	questioner.During("setting the last again")
	g.setAgain(ctx, sandbox)
	questioner.During("deleting")
	g.seeOff(ctx, sandbox, seen)
	return seen
}

// setAgain registers the last once more, now that all are there that it requires: whoever looks for cycles has most to look
// at then. What becomes of it is another promise's.
func (g *graph) setAgain(ctx context.Context, sandbox *session.Sandbox) {
	ctx, cancel := context.WithTimeout(ctx, going)
	defer cancel()
	_, _ = sandbox.Supervisor.Register(ctx, g.services[len(g.services)-1])
}

// seeOff deletes the last first: 0.3 deletes dependents together with what they need.
func (g *graph) seeOff(ctx context.Context, sandbox *session.Sandbox, seen *stay) {
	began := time.Now()
	for i := range g.services {
		if time.Since(began) > going || ctx.Err() != nil {
			return
		}
		if err := sandbox.Supervisor.Delete(ctx, g.service(len(g.services)-1-i)); err != nil {
			seen.note("delete", err.Error())
			return
		}
	}
}

// register registers all, the base last: until then none can start, and then all can at once. Where a service is
// refused whose base is not there yet, the base comes first.
func (g *graph) register(ctx context.Context, sandbox *session.Sandbox, seen *stay) bool {
	last := len(g.services) - 1
	_, err := sandbox.Supervisor.Register(ctx, g.services[last])
	order := slices.Backward(g.services[:last])
	var answer *zinit.Error
	if errors.As(err, &answer) {
		order, err = slices.All(g.services), nil
	}
	began := time.Now()
	for i, definition := range order {
		if time.Since(began) > coming {
			seen.nothing = record.TooCoarse(fmt.Sprintf("%d of %d services were registered in %s", i, len(g.services), coming))
			return false
		}
		if err == nil {
			_, err = sandbox.Supervisor.Register(ctx, definition)
		}
		switch {
		case err == nil:
			continue
		case errors.As(err, &answer):
			seen.nothing = fmt.Sprintf("%s cannot be registered: %v", definition.Service.Name, err)
		case ctx.Err() != nil:
			seen.nothing = "the spec's time was over while the crowd was registered"
		default:
			seen.note("register", fmt.Sprintf("service %d of %d: %v", i, len(g.services), err))
		}
		return false
	}
	return true
}

func (g *graph) awaitRunning(ctx context.Context, sandbox *session.Sandbox, seen *stay) {
	running, other := 0, ""
	count := func(ctx context.Context) bool {
		list, err := sandbox.Supervisor.List(ctx)
		if err != nil {
			other = err.Error()
			return false
		}
		running = 0
		for _, status := range list {
			switch ours := strings.HasPrefix(status.Name, session.VictimName(g.name+"-")); {
			case ours && status.State == zinit.StateRunning && status.PID != 0:
				running++
			case ours:
				other = fmt.Sprintf("%s is %s %s", status.Name, status.State, status.Error)
			}
		}
		return running == len(g.services)
	}
	if !spec.Until(ctx, settling, count) {
		seen.note("running", fmt.Sprintf("%d of %d after %s; %s", running, len(g.services), settling, other))
	}
}

func (s *stay) note(key, what string) { s.trouble = append(s.trouble, [2]string{key, what}) }

func (s *stay) judgeAnswers(chaos *session.Session, g graph, subject string) {
	GinkgoHelper()
	worst := s.answers.Worst
	late, doubtful := s.answers.Late(spec.AnswerLimit + chaos.Target.Budgets.Tolerance.Duration())
	switch {
	case s.answers.Asked == 0:
		spec.Inconclusive("the supervisor was asked nothing meanwhile")
	case doubtful:
		spec.Inconclusive(record.HostStalled("the supervisor's answers cannot be judged"))
	case late:
		spec.FailWith(chaos, fmt.Sprintf("the supervisor took %s to answer %s while %d services in a %s graph were there",
			worst.Took.Round(time.Millisecond), worst.Method, len(g.services), g.name),
			[2]string{"during", worst.During}, [2]string{"allowed", spec.AnswerLimit.String()},
			[2]string{"control", fmt.Sprintf("the agent in the same container, asked at the same time, took %s", worst.Control.Round(time.Millisecond))})
	}
}
