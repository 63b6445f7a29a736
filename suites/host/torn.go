package host

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

const (
	// pieceSize is the size of one value of an environment in bytes, about half of what the kernel takes.
	pieceSize = 60 << 10
	// fewPieces are the values of a large definition before the fault, manyPieces those while it is held: the state has to grow.
	fewPieces, manyPieces = 6, 10
	// mostChanges bounds the changes: together they are larger than what SQLite writes before it begins its log again.
	mostChanges = 12
	// pieceName begins the names of the values.
	pieceName = "HERO_CHAOS_PIECE_"
)

// torn is a change of a large definition that the kernel lets the supervisor write only in part.
type torn struct {
	spec.Shared[tornResult]
	chaos     *session.Session
	residents *residents
	lasting   record.Lasting
}

// tornResult holds what became of the changes.
type tornResult struct {
	service string
	proof   string
	acked   int    // the last change that was acknowledged
	refused int    // the change that was refused, 0 for none
	answer  error  // by which it was refused
	open    int    // the change to which no answer came, 0 for none
	here    pieces // what is registered after the revert
	kept    pieces // what the next supervisor knows
	changed map[string]string
}

// pieces describes the large definition that is registered.
type pieces struct {
	change int // the change that it is of
	count  int
	mixed  bool // it has values of more than one change
	known  bool // it was read
}

// newTorn returns the experiment.
func newTorn(chaos *session.Session, residents *residents) *torn {
	e := &torn{chaos: chaos, residents: residents}
	e.Run = e.run
	return e
}

// run changes a large definition until the kernel writes a change only in part, and reads what is registered, also by the next supervisor.
func (e *torn) run(ctx context.Context) (seen tornResult, err error) {
	sandbox, _, err := e.residents.open(ctx, e.chaos)
	if err != nil {
		return seen, err
	}
	if sandbox.Supervisor.Dialect() == zinit.Dialect03 {
		return seen, recovery.NotProved("this supervisor cannot change a definition in place")
	}
	plan := planVictim("host-torn")
	seen.service = plan.Name
	defer func() { _ = sandbox.Discard(context.WithoutCancel(ctx), plan.Name) }()
	By("register " + plan.Name)
	if _, err := sandbox.Register(ctx, plan); err != nil {
		return seen, err
	}
	By("change its definition to a large one")
	seen.acked = 1
	_, err = sandbox.Supervisor.Register(ctx, enlarge(plan, seen.acked, fewPieces))
	if err == nil {
		seen.here, err = readPieces(ctx, sandbox, plan.Name)
	}
	if err != nil || seen.here.fault(seen.acked, fewPieces) != "" {
		return seen, recovery.NotProved(fmt.Sprintf("a definition of %d kB is not taken even without a fault: %v", fewPieces*pieceSize>>10, err))
	}
	before, err := spec.ReadDefinitions(ctx, sandbox.Supervisor)
	if err != nil {
		return seen, err
	}
	supervisor := sandbox.SupervisorPID()
	By("begin " + fault.FilesCut.Name)
	held, err := sandbox.Begin(ctx, fault.FilesCut, e.chaos.Target.Container.Data)
	if err != nil {
		return seen, err
	}
	defer func() { e.lasting, err = held.Seen(), errors.Join(err, held.Release(ctx)) }()
	seen.proof = held.Begun.Landing.Proof
	tear(ctx, sandbox, plan, &seen)
	By("end " + fault.FilesCut.Name)
	if _, err := held.End(ctx); err != nil {
		return seen, err
	}
	By("find the supervisor again")
	if err := sandbox.FindSupervisor(ctx); err != nil {
		return seen, recovery.NotProved("the supervisor ended by the signal of a file that is too large, and the image does not start it again")
	}
	if sandbox.SupervisorPID() == supervisor {
		By("read the definition after the fault")
		if seen.here, err = readPieces(ctx, sandbox, plan.Name); err != nil {
			return seen, err
		}
		if err := replaceSupervisor(ctx, e.chaos, sandbox, promise.HostWriteTorn, untouched(e.chaos, sandbox, e.residents)); err != nil {
			return seen, err
		}
	}
	By("read the definition of the next supervisor")
	if seen.kept, err = readPieces(ctx, sandbox, plan.Name); err != nil {
		return seen, err
	}
	after, err := spec.ReadDefinitions(ctx, sandbox.Supervisor)
	seen.changed = spec.CompareDefinitions(before, after)
	delete(seen.changed, plan.Name)
	return seen, err
}

// tear changes the definition until a change is not acknowledged.
func tear(ctx context.Context, sandbox *session.Sandbox, plan session.VictimPlan, seen *tornResult) {
	for seen.refused == 0 && seen.open == 0 && seen.acked < mostChanges {
		change := seen.acked + 1
		By(fmt.Sprintf("change the definition, change %d", change))
		asking, cancel := context.WithTimeout(ctx, laterTimeout)
		warnings, err := sandbox.Supervisor.Register(asking, enlarge(plan, change, manyPieces))
		cancel()
		var refusal *zinit.Error
		switch {
		case err == nil, len(warnings) > 0: // the action was taken, and only the service that lists it was not
			seen.acked = change
		case errors.As(err, &refusal):
			seen.refused, seen.answer = change, err
		default:
			seen.open = change
		}
	}
}

// judge registers the spec that judges the experiment.
func (e *torn) judge() {
	It("takes a large definition whole or not at all during "+fault.FilesCut.Name, spec.About(promise.HostWriteTorn), spec.On(fault.FilesCut.Name), spec.Injecting(fault.SIGKILL), func(ctx SpecContext) {
		defer func() { spec.RestOn(e.lasting) }()
		seen := e.Get(ctx)
		evidence := []spec.Line{spec.Note("landed", "%s", seen.proof)}
		if seen.answer != nil {
			evidence = append(evidence, spec.Note("answer", "%v", seen.answer))
		}
		for _, read := range []struct {
			when  string
			found pieces
		}{{"after " + fault.FilesCut.Name, seen.here}, {"with the next supervisor", seen.kept}} {
			if wrong := seen.findFault(read.found); wrong != "" {
				spec.FailWith(e.chaos, fmt.Sprintf("%s: the definition of %s %s", read.when, seen.service, wrong), evidence...)
			}
		}
		if len(seen.changed) > 0 {
			spec.FailWith(e.chaos, fmt.Sprintf("%s were not registered as before after %s", spec.Count(len(seen.changed), "service"), fault.FilesCut.Name),
				append(evidence, spec.ListServices(seen.changed)...)...)
		}
		if seen.refused == 0 && seen.open == 0 {
			spec.Inconclusive(fmt.Sprintf("%d changes of %d kB found room: nothing shows that one was written in part", seen.acked-1, manyPieces*pieceSize>>10))
		}
	}, NodeTimeout(specTimeout))
}

// findFault returns in words what is wrong with the definition that was read. It may be that of the last change that was acknowledged, or of
// the one to which no answer came.
func (r tornResult) findFault(found pieces) string {
	if !found.known || r.open != 0 && found.fault(r.open, manyPieces) == "" {
		return ""
	}
	count := manyPieces
	if r.acked == 1 {
		count = fewPieces
	}
	wrong := found.fault(r.acked, count)
	if wrong != "" && r.refused != 0 && found.fault(r.refused, manyPieces) == "" {
		return "is that of a change that was refused"
	}
	return wrong
}

// fault returns in words how a definition differs from a change of so many values, empty if it does not.
func (p pieces) fault(change, count int) string {
	switch {
	case p.count == 0:
		return "is gone"
	case p.mixed:
		return "has values of more than one change"
	case p.change != change:
		return fmt.Sprintf("is that of change %d, and change %d was acknowledged", p.change, change)
	case p.count != count:
		return fmt.Sprintf("has %d of %d values", p.count, count)
	}
	return ""
}

// enlarge returns the definition of a victim with large values in its environment, each of which names the change.
func enlarge(plan session.VictimPlan, change, count int) zinit.Definition {
	definition := plan.Definition()
	run := &definition.Actions[0]
	run.Env = map[string]string{}
	for i := range count {
		run.Env[pieceName+strconv.Itoa(i)] = fmt.Sprintf("%d:%s", change, strings.Repeat(string(rune('a'+i)), pieceSize))
	}
	return definition
}

// readPieces reads the large definition of a service. A supervisor that does not know the service has none.
func readPieces(ctx context.Context, sandbox *session.Sandbox, service string) (pieces, error) {
	actions, err := sandbox.Supervisor.Actions(ctx, service)
	var refusal *zinit.Error
	if errors.As(err, &refusal) {
		return pieces{known: true}, nil
	}
	found := pieces{known: err == nil}
	for _, action := range actions {
		for name, value := range action.Env {
			number, text, _ := strings.Cut(value, ":")
			change, wrong := strconv.Atoi(number)
			if !strings.HasPrefix(name, pieceName) {
				continue
			}
			found.mixed = found.mixed || wrong != nil || len(text) != pieceSize || found.count > 0 && change != found.change
			found.change = change
			found.count++
		}
	}
	return found, err
}
