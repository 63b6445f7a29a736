// Package orders holds the promises about every order in every state of a service (suites/contract/zinit-0.4.md#orders). One experiment
// gives them all, each to a service of its own, in a container of its own.
package orders

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
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim/elf"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

const (
	sandboxName     = "orders"
	delay           = 530 * time.Millisecond
	stopTimeout     = 670 * time.Millisecond
	stabilityPeriod = 47 * time.Second // longer than any run of a spec
	// stateLimit bounds the wait until a service is in the state in which its order is given.
	stateLimit = 10 * time.Second
	// effectLimit bounds the wait for the effect of an order: a stop, a delay and a start, on a busy host.
	effectLimit = 8 * time.Second
	// quietPeriod is for how long a service has to stay as its order says, beyond the delay of a retry.
	quietPeriod = time.Second
	// together is the number of states that are tried at once: the more, the more looks a second.
	together = 3
	// specTimeout bounds the experiment.
	specTimeout = 3 * time.Minute
)

// Specs registers the specs of the theme.
func Specs(chaos *session.Session) {
	Describe("every order in every state", Ordered, ContinueOnFailure, spec.InBackground(sandboxName), spec.Takes(40*time.Second), func() {
		e := &experiment{chaos: chaos}
		e.Run = e.run
		e.it("is answered in time", promise.OrdersAnswered, func(s *subject) string { return s.late })
		e.it("decides", promise.OrdersDecide, func(s *subject) string { return s.wrong })
		e.it("leaves one process or none", promise.OrdersSingle, func(s *subject) string { return s.doubled })
		e.itHarmsNobody()
	})
	itUsesNoAttempts(chaos)
	itObeysEachTime(chaos)
}

// experiment gives every order in every state.
type experiment struct {
	spec.Shared[result]
	chaos *session.Session
}

// result holds the outcomes of the orders.
type result struct {
	subjects []*subject
	// unreached are the cells whose state was not reached, with why.
	unreached []string
	harmed    []string
	// doubtful are the orders that were answered late, where the host may have made it late. stalled says that it kept much waiting.
	doubtful []string
	stalled  bool
}

// subject is the witness to which one order is given in one state, and what came of it.
type subject struct {
	*spec.Witness
	state      state
	order      order
	cell       cell
	sandbox    *session.Sandbox
	supervisor zinit.Supervisor
	stopped    bool // it was told to stop
	refused    error
	host       *spec.Host
	late       string
	doubtful   string
	wrong      string
	doubled    string
}

// describe names the cell.
func (s *subject) describe() string { return s.order.name + " while " + s.state.name }

func (s *subject) install(ctx context.Context, program elf.Kind) error {
	return s.sandbox.Agent().InstallProgram(ctx, s.Program, program)
}

// requirement returns the witness that a blocked subject waits for.
func (s *subject) requirement() *spec.Witness {
	name := strings.TrimPrefix(s.Name, session.VictimName("")) + "-required"
	return spec.NewWitness(s.sandbox, name, scaled())
}

// stopInBackground asks for a stop whose answer may come after its effect.
func (s *subject) stopInBackground(ctx context.Context) error {
	s.stopped = true
	go func() { _ = s.supervisor.Stop(ctx, s.Name) }()
	return nil
}

// run carries the experiment out: all subjects of a state at once, state by state.
func (e *experiment) run(ctx context.Context) (seen result, err error) {
	By("open the sandbox " + sandboxName)
	sandbox, err := e.chaos.Background(ctx, sandboxName)
	if err != nil {
		return seen, err
	}
	if sandbox.Supervisor.Dialect() == zinit.Dialect03 {
		return seen, recovery.NotProved("zinit 0.3 answers nobody while it deletes a service that ends slowly [Z]")
	}
	neighbours, err := registerNeighbours(ctx, sandbox)
	if err != nil {
		return seen, err
	}
	host := spec.WatchHost(ctx, sandbox)
	for group := range slices.Chunk(states, together) {
		e.try(ctx, sandbox, host, group, &seen)
	}
	seen.stalled = host.Stall() > spec.Tolerance(e.chaos)
	seen.harmed = neighbours.findHarmed(ctx)
	if len(seen.subjects) == 0 {
		return seen, recovery.NotProved("no service came into any of the states")
	}
	return seen, ctx.Err()
}

// try gives every order in some states at once.
func (e *experiment) try(ctx context.Context, sandbox *session.Sandbox, host *spec.Host, group []state, seen *result) {
	var giving sync.WaitGroup
	var mu sync.Mutex
	for _, state := range group {
		By("give every order to a service that is " + state.name)
		for _, order := range allOrders {
			s := newSubject(sandbox, state, order)
			s.host = host
			giving.Go(func() {
				err := s.experience(ctx)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					seen.unreached = append(seen.unreached, fmt.Sprintf("%s: %v", s.describe(), err))
					return
				}
				seen.subjects = append(seen.subjects, s)
				if s.doubtful != "" {
					seen.doubtful = append(seen.doubtful, s.doubtful)
				}
			})
		}
	}
	giving.Wait()
}

// newSubject plans the subject of a cell. Its name is short and the beginning of no other's.
func newSubject(sandbox *session.Sandbox, state state, order order) *subject {
	name := strings.ReplaceAll("order-"+state.name+"-"+order.name, " ", "-")
	s := &subject{
		Witness: spec.NewWitness(sandbox, name, scaled()),
		state:   state, order: order, cell: outcomes[state.name][order.name], sandbox: sandbox, supervisor: sandbox.Supervisor,
	}
	s.Run.StopTimeout = zinit.Milliseconds(stopTimeout)
	return s
}

// answerLimit bounds the answer to the subject's order. To set a service takes a call for each of its actions and one for itself.
func (s *subject) answerLimit() time.Duration {
	if s.order.name == "set" {
		return time.Duration(len(s.Definition().Actions)+1) * spec.AnswerLimit
	}
	return spec.AnswerLimit
}

// experience brings the subject into its state, gives the order and looks what follows. It is an error if the state is not reached.
func (s *subject) experience(ctx context.Context) error {
	defer s.leave(context.WithoutCancel(ctx))
	if err := s.enter(ctx); err != nil {
		return err
	}
	hello, err := s.sandbox.Agent().Hello(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	limit := s.answerLimit()
	answering, cancel := context.WithTimeout(ctx, 2*limit)
	s.refused = s.order.give(answering, s)
	cancel()
	took := time.Since(began)
	isAnswered := s.refused == nil || zinit.IsRefusal(s.refused)
	switch {
	case errors.Is(s.refused, zinit.ErrNotExpressible):
		return s.refused
	case took > limit && s.host.Explains(ctx, hello.MonotonicNs, hello.MonotonicNs+int64(took), limit):
		s.doubtful = fmt.Sprintf("%s: was answered after %s", s.describe(), span.Text(took))
	case !isAnswered:
		s.late = fmt.Sprintf("was not answered within %s: %v", span.Text(took), s.refused)
	case took > limit:
		s.late = "was answered after " + span.Text(took)
	}
	if !isAnswered { // nobody knows whether it was received, so nothing has to follow from it
		return ctx.Err()
	}
	if s.state.name == "blocked" && s.order.name != "delete" {
		if _, err := s.supervisor.Register(ctx, s.requirement().Definition()); err != nil {
			return err
		}
	}
	s.judge(ctx)
	return ctx.Err()
}

// enter brings the subject into its state.
func (s *subject) enter(ctx context.Context) error {
	program := s.state.plan(s)
	if err := s.install(ctx, program); err != nil {
		return err
	}
	if s.state.name == unknown {
		return nil
	}
	if s.state.name == "blocked" {
		if err := s.sandbox.Agent().InstallProgram(ctx, s.requirement().Program, elf.Idle); err != nil {
			return err
		}
	}
	if _, err := s.supervisor.Register(ctx, s.Definition()); err != nil {
		return err
	}
	if err := s.await(ctx); err != nil {
		return err
	}
	if s.state.reach != nil {
		if err := s.state.reach(ctx, s); err != nil {
			return err
		}
		if err := s.await(ctx); err != nil {
			return err
		}
	}
	if s.state.prepare != nil {
		return s.state.prepare(ctx, s)
	}
	return nil
}

// await waits until the subject is in its state.
func (s *subject) await(ctx context.Context) error {
	var status zinit.Status
	if !spec.Until(ctx, stateLimit, func(ctx context.Context) bool {
		var err error
		if status, err = s.supervisor.Status(ctx, s.Name); err != nil {
			return false
		}
		living, err := s.Living(ctx, s.Program)
		return err == nil && s.state.isReached(s, status, len(living))
	}) {
		return fmt.Errorf("it did not become %s: zinit says %q %s", s.state.name, status.State, status.Error)
	}
	return nil
}

// judge looks whether the subject ends up as the order says and stays so, with one process at most.
func (s *subject) judge(ctx context.Context) {
	var living []record.Incarnation
	look := func(ctx context.Context) bool {
		var err error
		if living, err = s.Living(ctx, s.Program); err == nil && len(living) > 1 && s.doubled == "" {
			s.doubled = fmt.Sprintf("pids %d and %d at once", living[0].PID, living[1].PID)
		}
		return err == nil && s.isAs(ctx, len(living))
	}
	if zinit.IsRefusal(s.refused) && s.cell.accepted {
		s.wrong = fmt.Sprintf("was refused: %v", s.refused)
		return
	}
	quiet := quietPeriod + s.Run.Retry.Delay.Duration()
	var since time.Time // when it was first seen as the order says, without a break
	reached := spec.Until(ctx, effectLimit+quiet, func(ctx context.Context) bool {
		switch {
		case !look(ctx):
			since = time.Time{}
		case since.IsZero():
			since = time.Now()
		}
		return !since.IsZero() && time.Since(since) >= quiet
	})
	excused := zinit.IsRefusal(s.refused) && s.order.name != "kill" // who was refused knows it; a kill ends no wish to run
	if !reached && ctx.Err() == nil && !excused {
		s.wrong = fmt.Sprintf("the service %s, but has %s, and zinit says %q", expected(s.cell.outcome), spec.Count(len(living), "process"), s.sandbox.StatusText(ctx, s.Name))
	}
	if s.cell.outcome == gone && len(living) > 0 && s.doubled == "" {
		s.doubled = fmt.Sprintf("pid %d lives on without a service", living[0].PID)
	}
}

// expected says what had to follow.
func expected(o outcome) string {
	return map[outcome]string{up: "has to run", down: "has to stay down", gone: "has to be gone"}[o]
}

// isAs reports whether the subject is as its order says.
func (s *subject) isAs(ctx context.Context, processes int) bool {
	switch s.cell.outcome {
	case up:
		return processes == 1
	case down:
		return processes == 0
	case gone:
		_, err := s.supervisor.Get(ctx, s.Name)
		return processes == 0 && (errors.Is(err, zinit.ErrNotFound) || errors.Is(err, zinit.ErrNotExpressible))
	}
	return processes <= 1
}

// leave deletes the subject and what it requires.
func (s *subject) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, effectLimit)
	defer cancel()
	_ = s.supervisor.Delete(ctx, s.Name)
	if s.state.name == "blocked" {
		_ = s.supervisor.Delete(ctx, s.requirement().Name)
	}
}

// it registers a spec that judges every cell by what find tells of it.
func (e *experiment) it(text, p string, find func(*subject) string) {
	It("every order in every state "+text, spec.About(p), func(ctx SpecContext) {
		seen := e.Get(ctx)
		var found []string
		for _, s := range seen.subjects {
			if wrong := find(s); wrong != "" {
				found = append(found, s.describe()+": "+wrong)
			}
		}
		slices.Sort(found)
		if len(found) > 0 {
			spec.FailWith(e.chaos, fmt.Sprintf("%d of %d orders went wrong", len(found), len(seen.subjects)), spec.List("order", found)...)
		}
		requireMost(seen)
	}, NodeTimeout(specTimeout))
}

// requireMost ends the spec as INCONCLUSIVE if an order could not be given in the state that it is about.
func requireMost(seen result) {
	GinkgoHelper()
	if len(seen.doubtful) > 0 || len(seen.unreached) > 0 && seen.stalled {
		spec.InconclusiveBecause(record.HostStalled("not every order could be given in its state, or was answered in time"))
	}
	if len(seen.unreached) > 0 {
		slices.Sort(seen.unreached)
		spec.Inconclusive(fmt.Sprintf("%s could not be given: %s", spec.Count(len(seen.unreached), "order"), seen.unreached[0]))
	}
}
