package orders

import (
	"context"
	"fmt"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim/elf"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// neighbourNames begin as subjects' names do, or as subjects' names begin.
var neighbourNames = []string{"order", "order-running", "order-running-stop2", "order-running-stop.run", "order-stopped-delete-too", "order-failed-kil"}

// neighbours are services to which no order is given, and the process that serves zinit's socket.
type neighbours struct {
	sandbox    *session.Sandbox
	witnesses  []*spec.Witness
	runs       []record.Incarnation
	supervisor record.Incarnation
}

// registerNeighbours registers the neighbours, and waits until all run.
func registerNeighbours(ctx context.Context, sandbox *session.Sandbox) (*neighbours, error) {
	By("register " + spec.Count(len(neighbourNames), "neighbour"))
	n := &neighbours{sandbox: sandbox}
	for _, name := range neighbourNames {
		w := spec.NewWitness(sandbox, name, scaled())
		if err := sandbox.Agent().InstallProgram(ctx, w.Program, elf.Idle); err != nil {
			return nil, err
		}
		if _, err := sandbox.Supervisor.Register(ctx, w.Definition()); err != nil {
			return nil, err
		}
		run, ok := w.AwaitRun(ctx, w.Program, record.Incarnation{}, stateLimit)
		if !ok {
			return nil, recovery.NotProved("a service that was registered does not run")
		}
		n.witnesses, n.runs = append(n.witnesses, w), append(n.runs, run)
	}
	n.supervisor, _ = n.findSupervisor(ctx) // bare supervisors have no socket that is known
	return n, nil
}

func (n *neighbours) findSupervisor(ctx context.Context) (record.Incarnation, bool) {
	table, err := n.sandbox.Agent().Processes(ctx)
	if err != nil {
		return record.Incarnation{}, false
	}
	for _, process := range table {
		if process.PID == n.sandbox.SupervisorPID() {
			return process.Incarnation, true
		}
	}
	return record.Incarnation{}, true
}

// findHarmed returns what became of the neighbours and the supervisor, a line for each that is not as before.
func (n *neighbours) findHarmed(ctx context.Context) (harmed []string) {
	for i, w := range n.witnesses {
		living, err := w.Living(ctx, w.Program)
		switch {
		case err != nil:
			harmed = append(harmed, fmt.Sprintf("the container: %v", err))
		case len(living) != 1 || !spec.IsSameProcess(living[0], n.runs[i]):
			harmed = append(harmed, fmt.Sprintf("%s: its process %d is not there alone any longer; zinit says %q", w.Name, n.runs[i].PID, n.sandbox.StatusText(ctx, w.Name)))
		}
		if _, err := n.sandbox.Supervisor.Get(ctx, w.Name); err != nil {
			harmed = append(harmed, fmt.Sprintf("%s: it is no longer registered: %v", w.Name, err))
		}
	}
	if now, read := n.findSupervisor(ctx); read && !spec.IsSameProcess(now, n.supervisor) {
		harmed = append(harmed, fmt.Sprintf("the supervisor: it was process %d, and is no longer", n.supervisor.PID))
	}
	return harmed
}

// itHarmsNobody registers the spec that judges the neighbours.
func (e *experiment) itHarmsNobody() {
	It("no order in any state touches another service", spec.About(promise.OrdersHarmless), func(ctx SpecContext) {
		seen := e.Get(ctx)
		if len(seen.harmed) > 0 {
			spec.FailWith(e.chaos, fmt.Sprintf("%d of %d services to which no order was given were touched", len(seen.harmed), len(neighbourNames)), spec.List("service", seen.harmed)...)
		}
		requireMost(seen)
	}, NodeTimeout(specTimeout))
}

// itUsesNoAttempts registers the spec that restarts a service by order more often than it has attempts, and lets it crash then.
func itUsesNoAttempts(chaos *session.Session) {
	const attempts = 3
	name := session.VictimName("order-attempts")
	It("uses no attempts: "+name, spec.About(promise.OrdersAttempts), spec.On(name), func(ctx SpecContext) {
		sandbox := spec.MainOrOwn(ctx, chaos)
		policy := spec.LimitPolicy(chaos.Target, scaled())
		policy.MaxAttempts = attempts
		w := spec.NewWitness(sandbox, "order-attempts", policy)
		w.Run.StopTimeout = zinit.Milliseconds(stopTimeout)
		w.Register(ctx)
		run := record.Incarnation{}
		await := func(which string) {
			GinkgoHelper()
			next, ok := w.AwaitRun(ctx, w.Program, run, effectLimit)
			if !ok && which == "" {
				spec.Inconclusive("the service did not run after an order, so that nothing is shown")
			}
			if !ok {
				spec.FailWith(chaos, fmt.Sprintf("%s was not run again after %s", w.Name, which),
					spec.Note("before", "it was restarted %d times by order, and has %d attempts", attempts+1, attempts),
					spec.Note("zinit", "%s", sandbox.StatusText(ctx, w.Name)))
			}
			run = next
		}
		await("")
		for n := range attempts + 1 {
			By(fmt.Sprintf("restart %s by order, for the time %d", w.Name, n+1))
			spec.Conclude(sandbox.Supervisor.Restart(ctx, w.Name))
			await("")
		}
		By("kill " + w.Name + ", as a crash")
		spec.Conclude(sandbox.Supervisor.Kill(ctx, w.Name, "SIGKILL"))
		await("a crash")
	}, NodeTimeout(specTimeout))
}

// handovers counts the processes that have to be scheduled, one after the other, for an order to have its effect: the supervisor at the
// order, at the end and at the start, and both runs.
const handovers = 5

// itObeysEachTime registers the spec that stops, starts and kills a service in turn. Each order has to have the same effect each time.
func itObeysEachTime(chaos *session.Session) {
	const rounds = 4
	name := session.VictimName("order-again")
	It("has its effect each time: "+name, spec.About(promise.OrdersDecide), spec.On(name), func(ctx SpecContext) {
		sandbox := spec.MainOrOwn(ctx, chaos)
		policy := spec.LimitPolicy(chaos.Target, scaled())
		w := spec.NewWitness(sandbox, "order-again", policy)
		w.Run.StopTimeout = zinit.Milliseconds(stopTimeout)
		w.Register(ctx)
		run, ok := w.AwaitRun(ctx, w.Program, record.Incarnation{}, effectLimit)
		if !ok {
			spec.Inconclusive("no landing: the service does not run")
		}
		host := spec.WatchHost(ctx, sandbox)
		expect := func(happened bool, round int, what string) {
			GinkgoHelper()
			switch {
			case happened:
			case handovers*host.Stall() > effectLimit:
				spec.InconclusiveBecause(record.HostStalled("the effect of an order may only be late"))
			default:
				spec.FailWith(chaos, fmt.Sprintf("%s %s in round %d", w.Name, what, round), spec.Note("before", "pid %d", run.PID),
					spec.Note("round", "it is stopped, started and killed"), spec.Note("zinit", "%s", sandbox.StatusText(ctx, w.Name)))
			}
		}
		replace := func(round int, what string) {
			GinkgoHelper()
			next, ok := w.AwaitRun(ctx, w.Program, run, effectLimit)
			expect(ok, round, what)
			run = next
		}
		for round := 1; round <= rounds; round++ {
			By(fmt.Sprintf("stop, start and kill %s, round %d", w.Name, round))
			spec.Conclude(sandbox.Supervisor.Stop(ctx, w.Name))
			expect(w.AwaitEnd(ctx, run, effectLimit), round, "was stopped, and its process lives on")
			spec.AwaitStop(ctx, sandbox, w.Name, effectLimit) // a start may be refused until then
			spec.Conclude(sandbox.Supervisor.Start(ctx, w.Name))
			replace(round, "was stopped and started, and does not run")
			spec.Conclude(sandbox.Supervisor.Kill(ctx, w.Name, "SIGKILL"))
			replace(round, "was started by order and killed, and was not run again")
		}
	}, NodeTimeout(specTimeout))
}
