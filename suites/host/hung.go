package host

import (
	"context"
	"errors"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// killDelay is the time after which a service that was told to stop has been killed, and has not ended. Only then may it hold up others.
const killDelay = stopTimeout + 500*time.Millisecond

// startInterval is the pause between two orders to start a service that may not have ended yet.
const startInterval = 500 * time.Millisecond

// hung is a service that is told to stop, and that no signal ends.
type hung struct {
	spec.Shared[hungResult]
	chaos     *session.Session
	residents *residents
	lasting   record.Lasting
}

// hungResult holds what was seen of others meanwhile, and of the service afterwards.
type hungResult struct {
	proof       string
	stallPeriod time.Duration
	silent      map[string]string // services that nothing was done to
	answers     spec.Answers
	back        bool             // the one that ended runs again
	down        bool             // the one that was told to stop has no process
	refused     error            // of the order to stop that one
	limit       time.Duration    // for both
	stop        chan spec.Answer // the order to stop the hung one; an answer in the end, or the time that was waited
	again       bool             // the hung one serves again afterwards
	againLimit  time.Duration
	status      string // of the hung one at the end
}

// newHung returns the experiment.
func newHung(chaos *session.Session, residents *residents) *hung {
	e := &hung{chaos: chaos, residents: residents}
	e.Run = e.run
	return e
}

// run stops a service whose end is withheld. Meanwhile another one ends by itself, and a third one is stopped.
func (e *hung) run(ctx context.Context) (seen hungResult, err error) {
	sandbox, _, err := e.residents.open(ctx, e.chaos)
	if err != nil {
		return seen, err
	}
	stuck, ending, stopped := planVictim("host-hung"), planVictim("host-ending"), planVictim("host-stopped")
	for _, plan := range []session.VictimPlan{stuck, ending, stopped} {
		By("register " + plan.Name)
		defer func() { _ = sandbox.Discard(context.WithoutCancel(ctx), plan.Name) }()
		if _, err := sandbox.Register(ctx, plan); err != nil {
			return seen, err
		}
	}
	conn, err := sandbox.Dial(ctx, protocol.Endpoint{Socket: ending.Options.Control})
	if err != nil {
		return seen, fmt.Errorf("connect to the control socket of %s: %w", ending.Name, err)
	}
	control := victim.NewControl(conn)
	defer func() { _ = control.Close() }()
	host := spec.WatchHost(ctx, sandbox)

	By("begin " + fault.EndWithheld.Name)
	held, err := sandbox.Begin(ctx, fault.EndWithheld, stuck.Options.Control)
	if err != nil {
		return seen, err
	}
	defer func() { e.lasting, err = held.Seen(), errors.Join(err, held.Release(ctx)) }()
	seen.proof = held.Begun.Landing.Proof
	questioner := spec.KeepAsking(ctx, sandbox, spec.Ping(sandbox), spec.StatusOf(sandbox, e.residents.steady.Name))
	By("stop " + stuck.Name)
	seen.stop = askToStop(ctx, sandbox, stuck.Name)
	spec.Pause(ctx, killDelay)
	By("end " + ending.Name)
	if err := control.Exit(ctx, 1); err != nil {
		return seen, err
	}
	By("stop " + stopped.Name)
	began := time.Now()
	stopping, cancel := context.WithTimeout(ctx, laterTimeout)
	seen.refused = sandbox.Supervisor.Stop(stopping, stopped.Name)
	cancel()
	seen.limit = delay + stopTimeout + spec.StartupLimit(e.chaos) + spec.AnswerLimit + spec.Tolerance(e.chaos)
	By("wait until " + ending.Name + " runs again, and " + stopped.Name + " has stopped")
	spec.Until(ctx, seen.limit, func(ctx context.Context) bool {
		seen.back = recovery.CheckSteady(ctx, sandbox, ending.Endpoint()) == nil
		seen.down = recovery.CheckSteady(ctx, sandbox, stopped.Endpoint()) != nil
		return seen.back && seen.down
	})
	spec.Pause(ctx, holdPeriod-time.Since(began))
	seen.silent = findSilent(ctx, e.chaos, sandbox, e.residents)
	seen.answers = questioner.Stop()
	By("end " + fault.EndWithheld.Name)
	if _, err := held.End(ctx); err != nil {
		return seen, err
	}
	By("start " + stuck.Name)
	seen.againLimit = longestDelay + spec.StartupLimit(e.chaos) + spec.AnswerLimit + spec.Tolerance(e.chaos)
	var ordered time.Time
	spec.Until(ctx, seen.againLimit, func(ctx context.Context) bool {
		if time.Since(ordered) >= startInterval {
			ordered = time.Now()
			_ = sandbox.Supervisor.Start(ctx, stuck.Name) // it may be stopping still
		}
		seen.again = len(spec.FindDown(ctx, sandbox, []session.Service{stuck.Of()})) == 0
		return seen.again
	})
	seen.status, seen.stallPeriod = sandbox.StatusText(ctx, stuck.Name), host.Stall()
	return seen, nil
}

// stopLimit bounds the answer to the order to stop a service that does not end: its stop timeout, and the time for an answer.
const stopLimit = stopTimeout + spec.AnswerLimit

// askToStop orders a service to stop. The result comes with the answer, or once it is late.
func askToStop(ctx context.Context, sandbox *session.Sandbox, service string) chan spec.Answer {
	result := make(chan spec.Answer, 1)
	go func() {
		ctx, cancel := context.WithTimeout(ctx, stopLimit+spec.AnswerLimit)
		defer cancel()
		began := time.Now()
		err := sandbox.Supervisor.Stop(ctx, service)
		result <- spec.Answer{Method: "service.stop", Took: time.Since(began), Err: err}
	}()
	return result
}

// judge registers the specs that judge the experiment.
func (e *hung) judge() {
	It("goes on beside a service that does not end, during "+fault.EndWithheld.Name, spec.About(promise.HostHung), spec.On(fault.EndWithheld.Name), func(ctx SpecContext) {
		defer func() { spec.RestOn(e.lasting) }()
		seen := e.Get(ctx)
		if errors.Is(seen.refused, zinit.ErrNotExpressible) {
			spec.Conclude(seen.refused)
		}
		found := e.findFault(seen)
		switch {
		case found.headline == "":
		case seen.stallPeriod >= stallLimit:
			blameHost(fault.EndWithheld)
		default:
			spec.FailWith(e.chaos, found.headline, append([]spec.Line{spec.Note("landed", "%s", seen.proof)}, found.lines...)...)
		}
	}, NodeTimeout(specTimeout))
	It("says in time what became of its stop, during "+fault.EndWithheld.Name, spec.About(promise.HostHungStop), spec.On(fault.EndWithheld.Name), func(ctx SpecContext) {
		defer func() { spec.RestOn(e.lasting) }()
		seen := e.Get(ctx)
		answer := <-seen.stop
		seen.stop <- answer // for a repetition
		var refusal *zinit.Error
		switch {
		case errors.Is(answer.Err, zinit.ErrNotExpressible):
			spec.Conclude(answer.Err)
		case answer.Took <= stopLimit && (answer.Err == nil || errors.As(answer.Err, &refusal)):
		case seen.stallPeriod >= stallLimit:
			blameHost(fault.EndWithheld)
		default:
			spec.FailWith(e.chaos, fmt.Sprintf("the order to stop a service that does not end was not answered within %s", span.Text(stopLimit)),
				spec.Note("landed", "%s", seen.proof), spec.Note("answer", "%v after %s", answer.Err, span.Text(answer.Took)))
		}
	}, NodeTimeout(specTimeout))
}

// findFault returns what the supervisor did wrong to others, or to the service once it could end.
func (e *hung) findFault(seen hungResult) finding {
	late, doubtful := seen.answers.Judge(spec.AnswerLimit)
	during := "during " + fault.EndWithheld.Name
	switch {
	case late:
		return finding{fmt.Sprintf("the supervisor did not answer %s within %s %s", seen.answers.Worst.Method, spec.AnswerLimit, during), nil}
	case len(seen.silent) > 0:
		return finding{fmt.Sprintf("%s did not serve %s", spec.Count(len(seen.silent), "service"), during), spec.ListServices(seen.silent)}
	case !seen.back:
		return finding{fmt.Sprintf("a service that ended did not run again within %s %s", span.Text(seen.limit), during), nil}
	case !seen.down:
		return finding{
			fmt.Sprintf("a service that was told to stop was there after %s %s", span.Text(seen.limit), during),
			[]spec.Line{spec.Note("answer", "%v", seen.refused)},
		}
	case !seen.again:
		return finding{
			fmt.Sprintf("the service did not serve %s after it could end and was started", span.Text(seen.againLimit)),
			[]spec.Line{spec.Note("status", "%s", seen.status)},
		}
	case doubtful:
		spec.InconclusiveBecause(record.HostStalled("a late answer says nothing of the supervisor"))
	}
	return finding{}
}
