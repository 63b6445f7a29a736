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
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

const (
	// crowdSandbox is for crowds of services, which disturb no other spec there.
	crowdSandbox = "crowd"
	// registerLimit, runLimit and deleteLimit are how long a crowd may take to be registered, to run once it can, and to be
	// deleted. What is left goes with its container.
	registerLimit = 60 * time.Second
	runLimit      = 45 * time.Second
	deleteLimit   = 40 * time.Second
	// crowdTimeout bounds a crowd's whole life.
	crowdTimeout = 3 * time.Minute
)

// crowd is many services that need each other. All others need the first, which is registered last.
type crowd struct {
	name              string
	runs, keepsAnswer string // promises
	services          []zinit.Definition
}

// newCrowd makes a crowd of services as cheap as a process can be. Each requires those before it that needs selects.
func newCrowd(name, runs, keepsAnswer string, count int, needs func(other int) bool) *crowd {
	c := &crowd{name: name, runs: runs, keepsAnswer: keepsAnswer}
	policy := spec.ScalePolicy(delay, stabilityPeriod)
	for i := range count {
		definition := zinit.Define(c.service(i), zinit.RunAction(c.service(i), "sleep 3617", policy))
		for j := range i {
			if needs(j) {
				definition.Service.Dependencies.Requires = append(definition.Service.Dependencies.Requires, c.service(j))
			}
		}
		c.services = append(c.services, definition)
	}
	return c
}

func (c *crowd) service(i int) string { return session.VictimName(fmt.Sprintf("%s-%03d", c.name, i)) }

// String describes a crowd: "300 services in a fan graph".
func (c *crowd) String() string {
	return fmt.Sprintf("%d services in a %s graph", len(c.services), c.name)
}

// crowdResult holds what was seen of a crowd while it was registered, ran and was deleted.
type crowdResult struct {
	wrong   []spec.Line
	answers spec.Answers
}

// crowds registers the specs of many services at once. One crowd is looked at for two promises.
func crowds(chaos *session.Session) {
	for _, c := range []*crowd{
		newCrowd("fan", promise.DependencyFan, promise.DependencyFanAnswers, 300, func(other int) bool { return other == 0 }),
		newCrowd("dense", promise.DependencyDense, promise.DependencyDenseAnswers, 28, func(int) bool { return true }),
	} {
		Describe("a crowd: "+c.name, spec.In(crowdSandbox), spec.Takes(40*time.Second), Ordered, ContinueOnFailure, func() {
			experiment := spec.Shared[crowdResult]{Run: func(ctx context.Context) (crowdResult, error) { return c.run(ctx, chaos) }}
			subject := session.VictimName(c.name)
			It(fmt.Sprintf("of %d runs: %s", len(c.services), c.name), spec.About(c.runs), spec.On(subject), func(ctx SpecContext) {
				if seen := experiment.Get(ctx); len(seen.wrong) > 0 {
					spec.FailWith(chaos, fmt.Sprintf("%s did not all run, or could not be deleted", c), seen.wrong...)
				}
			}, NodeTimeout(crowdTimeout))
			It("is no reason to keep others waiting: "+c.name, spec.About(c.keepsAnswer), spec.On(subject), func(ctx SpecContext) {
				answers := experiment.Get(ctx).answers
				worst := answers.Worst
				late, doubtful := answers.Judge(spec.AnswerLimit + spec.Tolerance(chaos))
				switch {
				case answers.Asked == 0:
					spec.Inconclusive("the supervisor was asked nothing meanwhile")
				case doubtful:
					spec.InconclusiveBecause(record.HostStalled("the supervisor's answers cannot be judged"))
				case late:
					spec.FailWith(chaos, fmt.Sprintf("the supervisor took %s to answer %s beside %s", worst.Took.Round(time.Millisecond), worst.Method, c),
						spec.Note("during", "%s", worst.During), spec.Note("allowed", "%s", spec.AnswerLimit),
						spec.Note("control", "the agent in the same container, asked at the same time, took %s", worst.AgentDelay.Round(time.Millisecond)))
				}
			}, NodeTimeout(crowdTimeout))
		})
	}
}

// run registers a crowd, waits until it runs, and deletes it, while the supervisor and the agent are asked again and again.
// An error proves nothing.
func (c *crowd) run(ctx context.Context, chaos *session.Session) (seen crowdResult, err error) {
	By("open the sandbox " + crowdSandbox)
	sandbox, err := chaos.Sandbox(ctx, crowdSandbox)
	if err == nil {
		err = requireRPC(sandbox)
	}
	if err != nil {
		return seen, err
	}
	ran, err := sandbox.Agent().Run(ctx, spec.AnswerLimit, "/bin/sh", "-c", "command -v sleep")
	if err != nil || ran.ExitCode != 0 {
		return seen, recovery.NotProved("the image has no sleep, which a crowd would run")
	}
	questioner := spec.KeepAsking(ctx, sandbox, spec.StatusOf(sandbox, session.Base))
	defer func() { seen.answers = questioner.Stop() }()
	begin := func(phase string) {
		By(fmt.Sprintf("%s: %s", c, phase))
		questioner.SetDuring(phase)
	}
	begin("registering")
	if seen.wrong, err = c.register(ctx, sandbox); err != nil || len(seen.wrong) > 0 {
		return seen, err
	}
	begin("starting")
	seen.wrong = c.awaitRunning(ctx, sandbox)
	// A supervisor that looks for cycles has most to look at now. What becomes of the definition, another promise judges.
	begin("setting the last again")
	again, cancel := context.WithTimeout(ctx, deleteLimit)
	defer cancel()
	_, _ = sandbox.Supervisor.Register(again, c.services[len(c.services)-1])

	begin("deleting") // the last first: zinit 0.3 deletes dependents together with what they need
	for i, began := len(c.services)-1, time.Now(); i >= 0 && time.Since(began) <= deleteLimit && ctx.Err() == nil; i-- {
		err := sandbox.Supervisor.Delete(ctx, c.service(i))
		if errors.Is(err, zinit.ErrNotExpressible) {
			return seen, recovery.NotExpressible(err)
		}
		if err != nil {
			seen.wrong = append(seen.wrong, spec.Note("delete", "%v", err))
			break
		}
	}
	return seen, nil
}

// slowAnswerLimit is the time from which on a registration is so slow that several are made at once, and slowWorkers how many.
const (
	slowAnswerLimit = 50 * time.Millisecond
	slowWorkers     = 8
)

// register registers all services, the first last: until then none can start, and then all can at once. If a service is
// refused before what it requires is there, the first comes first.
func (c *crowd) register(ctx context.Context, sandbox *session.Sandbox) (wrong []spec.Line, err error) {
	last, began := len(c.services)-1, time.Now()
	_, err = sandbox.Supervisor.Register(ctx, c.services[last])
	var answer *zinit.Error
	switch {
	case errors.As(err, &answer):
		return c.registerAll(ctx, sandbox, began, c.services, 1)
	case err != nil:
		return c.explainRegistration(ctx, 0, err)
	}
	workers := 1
	if time.Since(began) > slowAnswerLimit {
		workers = slowWorkers
	}
	others := slices.Clone(c.services[1:last])
	slices.Reverse(others)
	if wrong, err = c.registerAll(ctx, sandbox, began, others, workers); err != nil || len(wrong) > 0 {
		return wrong, err
	}
	return c.registerAll(ctx, sandbox, began, c.services[:1], 1)
}

// registerAll registers services in their order, so many at once.
func (c *crowd) registerAll(ctx context.Context, sandbox *session.Sandbox, began time.Time, definitions []zinit.Definition, workers int) (wrong []spec.Line, err error) {
	var all sync.WaitGroup
	var mu sync.Mutex
	next, ended := 0, false
	take := func() (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		if !ended && time.Since(began) > registerLimit {
			ended, err = true, &recovery.Inconclusive{Cause: record.TooCoarse(fmt.Sprintf("%d of %d services were registered in %s", next, len(c.services), registerLimit))}
		}
		next++
		return next - 1, !ended && next <= len(definitions)
	}
	for range workers {
		all.Go(func() {
			for i, more := take(); more; i, more = take() {
				_, failure := sandbox.Supervisor.Register(ctx, definitions[i])
				if failure == nil {
					continue
				}
				mu.Lock()
				if !ended {
					ended = true
					wrong, err = c.explainRegistration(ctx, i, failure)
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return wrong, err
}

// explainRegistration returns what a registration that failed says of the supervisor. An error proves nothing.
func (c *crowd) explainRegistration(ctx context.Context, number int, failure error) ([]spec.Line, error) {
	var answer *zinit.Error
	switch {
	case errors.As(failure, &answer):
		return nil, recovery.NotProved(fmt.Sprintf("%s cannot be registered: %v", c.service(number), failure))
	case errors.Is(failure, zinit.ErrNotExpressible):
		return nil, recovery.NotExpressible(failure)
	case ctx.Err() != nil:
		return nil, recovery.NotProved("the spec's time was over while the crowd was registered")
	}
	return []spec.Line{spec.Note("register", "service %d of %d: %v", number, len(c.services), failure)}, nil
}

// awaitRunning waits until all services run, and says what it saw last if they do not.
func (c *crowd) awaitRunning(ctx context.Context, sandbox *session.Sandbox) []spec.Line {
	running, other := 0, ""
	if spec.Until(ctx, runLimit, func(ctx context.Context) bool {
		list, err := sandbox.Supervisor.List(ctx)
		if err != nil {
			other = err.Error()
			return false
		}
		running = 0
		for _, status := range list {
			switch ours := strings.HasPrefix(status.Name, session.VictimName(c.name+"-")); {
			case ours && status.State == zinit.StateRunning && status.PID != 0:
				running++
			case ours:
				other = fmt.Sprintf("%s is %s %s", status.Name, status.State, status.Error)
			}
		}
		return running == len(c.services)
	}) {
		return nil
	}
	return []spec.Line{spec.Note("running", "%d of %d after %s; %s", running, len(c.services), runLimit, other)}
}
