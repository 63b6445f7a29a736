package health

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim/elf"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

const (
	// runInterval and runStartPeriod are those of checks that are themselves victims.
	runInterval    = 930 * time.Millisecond
	runStartPeriod = 490 * time.Millisecond
	// runTimeout ends a check that goes on for ever.
	runTimeout = 1130 * time.Millisecond
	// checksWanted is the number of checks that have to be seen.
	checksWanted = 3
	// manyRetries are more failures than a spec sees, so that none replaces the service.
	manyRetries = 1000
)

// runSpecs registers the specs of what a run of a health check does itself. The check is a victim, which writes down what it did.
func runSpecs(chaos *session.Session) {
	Describe("a health check that", func() {
		itMayWriteMuch(chaos, newChecker("chatty", victim.Options{FloodPeriod: 200 * time.Millisecond, FloodRate: 5, ExitDelay: 20 * time.Millisecond}))
		itLeavesNothing(chaos, newChecker("tree", victim.Options{Children: 1, SetsidChild: true, OnTerm: victim.TermIgnore}))
		itMayLeaveAChild(chaos, newChecker("background", victim.Options{SetsidChild: true, ExitDelay: 60 * time.Millisecond}))
		itIsNotCheckedOnceStopped(chaos, newChecker("stopped", victim.Options{ExitDelay: 10 * time.Millisecond}))
		itIsCheckedOnceAtATime(chaos, newChecker("alone", victim.Options{ExitDelay: 2*runInterval + runInterval/2}))
		itFailsByASignal(chaos)
	})
}

// checker plans a witness whose health check is a victim.
type checker struct {
	name  string
	check session.VictimPlan // its options are the check's; its journal tells of the runs
}

func newChecker(name string, options victim.Options) checker {
	options.Journal = path.Join(session.VictimHome, "check-"+name+".journal")
	return checker{name: "check-" + name, check: session.VictimPlan{Options: options}}
}

// start registers the witness. retries is how many failures in a row replace it.
func (c checker) start(ctx context.Context, chaos *session.Session, retries int, timeout time.Duration) (*session.Sandbox, *spec.Witness, record.Incarnation) {
	GinkgoHelper()
	sandbox := spec.MainOrOwn(ctx, chaos)
	w := spec.NewWitness(sandbox, c.name, spec.LimitPolicy(chaos.Target, spec.ScalePolicy(delay, stabilityPeriod))).
		CheckedBy(newSchedule(runInterval, runStartPeriod, retries), timeout)
	w.Run.StopTimeout = zinit.Milliseconds(stopTimeout)
	w.Health.Exec = session.VictimCommand(c.check.Options)
	w.Install(ctx, w.Program, elf.Idle)
	spec.Register(ctx, sandbox, w.Definition())
	run, ok := w.AwaitRun(ctx, w.Program, record.Incarnation{}, 10*time.Second)
	if !ok {
		spec.Inconclusive("no landing: the service does not run")
	}
	return sandbox, w, run
}

// awaitEvents waits until the checks have written down n events of a kind, and returns the journal.
func (c checker) awaitEvents(ctx context.Context, sandbox *session.Sandbox, kind string, n int, limit time.Duration) (journal spec.Journal, ok bool) {
	GinkgoHelper()
	ok = spec.Watch(ctx, limit, fmt.Sprintf("wait until %s of %s %s", spec.Count(n, "check"), c.name, kind), func(ctx context.Context) bool {
		if now, err := spec.ReadJournal(ctx, sandbox, c.check); err == nil {
			journal = now
		}
		return len(journal.Of(kind)) >= n
	})
	return journal, ok
}

// it registers a spec of a checker.
func (c checker) it(text, p string, body func(SpecContext)) {
	name := session.VictimName(c.name)
	It(text+": "+name, spec.About(p), spec.On(name), body, NodeTimeout(specTimeout))
}

// limitOf returns how long so many checks may take, each as long as period.
func limitOf(checks int, period time.Duration) time.Duration {
	return runStartPeriod + time.Duration(checks)*(runInterval+period) + 2*overdueLimit
}

// expectUnreplaced fails the spec if the run of a witness is not the one that it was.
func expectUnreplaced(ctx context.Context, chaos *session.Session, sandbox *session.Sandbox, w *spec.Witness, run record.Incarnation, why string) {
	GinkgoHelper()
	living, err := spec.FindLiving(ctx, sandbox, run)
	spec.Conclude(err)
	if len(living) == 0 {
		spec.FailWith(chaos, fmt.Sprintf("%s was replaced, though its health check %s", w.Name, why), spec.Note("before", "pid %d", run.PID),
			spec.Note("zinit", "%s", sandbox.StatusText(ctx, w.Name)))
	}
}

func itMayWriteMuch(chaos *session.Session, c checker) {
	c.it("writes a megabyte passes", promise.HealthChatty, func(ctx SpecContext) {
		sandbox, w, run := c.start(ctx, chaos, 1, healthyTimeout)
		journal, ok := c.awaitEvents(ctx, sandbox, victim.EventEnded, checksWanted, limitOf(checksWanted, time.Second))
		if began, ended := len(journal.Of(victim.EventStarted)), len(journal.Of(victim.EventEnded)); !ok && began > ended {
			spec.FailWith(chaos, fmt.Sprintf("%d of %d health checks of %s that write a megabyte came to their end", ended, began, w.Name),
				spec.Note("zinit", "%s", sandbox.StatusText(ctx, w.Name)))
		}
		if !ok {
			spec.Inconclusive("no landing: the service was not checked often enough to prove anything")
		}
		expectUnreplaced(ctx, chaos, sandbox, w, run, "succeeds")
	})
}

func itLeavesNothing(chaos *session.Session, c checker) {
	c.it("outlasts its timeout leaves no process", promise.HealthTimeoutTree, func(ctx SpecContext) {
		sandbox, w, _ := c.start(ctx, chaos, manyRetries, runTimeout)
		var tree []record.Incarnation
		const wanted = 3 // the check, a child, and a child in a session of its own
		spec.Await(ctx, limitOf(1, 0), "a health check of "+w.Name+" has its children", func(ctx context.Context) bool {
			table, err := sandbox.Agent().Processes(ctx)
			tree = findTree(table, func(p protocol.Process) bool { return slices.Contains(p.Argv, "--journal="+c.check.Options.Journal) })
			return err == nil && len(tree) >= wanted
		})
		var left []protocol.Process
		if spec.Watch(ctx, runTimeout+2*overdueLimit, "wait until the health check and its children are gone", func(ctx context.Context) bool {
			var err error
			left, err = spec.FindLiving(ctx, sandbox, tree...)
			return err == nil && len(left) == 0
		}) {
			return
		}
		var alive []string
		for _, process := range left {
			alive = append(alive, fmt.Sprintf("pid %d in session %d: %s", process.PID, process.Session, strings.Join(process.Argv, " ")))
		}
		spec.FailWith(chaos, fmt.Sprintf("%d of %d processes of a health check of %s still lived %s after its timeout of %s",
			len(left), len(tree), w.Name, span.Text(2*overdueLimit), span.Text(runTimeout)), spec.List("left", alive)...)
	})
}

// findTree returns the first process that qualifies, and its descendants.
func findTree(table []protocol.Process, qualifies func(protocol.Process) bool) (tree []record.Incarnation) {
	members := map[int]bool{}
	for _, process := range table {
		if len(members) == 0 && qualifies(process) {
			members[process.PID] = true
		}
	}
	for range table {
		for _, process := range table {
			if members[process.Parent] {
				members[process.PID] = true
			}
		}
	}
	for _, process := range table {
		if members[process.PID] {
			tree = append(tree, process.Incarnation)
		}
	}
	return tree
}

func itMayLeaveAChild(chaos *session.Session, c checker) {
	c.it("leaves a child behind has ended", promise.HealthBackground, func(ctx SpecContext) {
		sandbox, w, run := c.start(ctx, chaos, 1, healthyTimeout)
		journal, ok := c.awaitEvents(ctx, sandbox, victim.EventEnded, checksWanted, limitOf(checksWanted, 0))
		if ended := len(journal.Of(victim.EventEnded)); !ok && ended > 0 {
			spec.FailWith(chaos, fmt.Sprintf("%s was checked %s and then no more: its check leaves a child behind, which holds its output", w.Name, spec.Count(ended, "time")),
				spec.Note("policy", "checked every %s", span.Text(runInterval)), spec.Note("zinit", "%s", sandbox.StatusText(ctx, w.Name)))
		}
		if !ok {
			spec.Inconclusive("no landing: the service was not checked often enough to prove anything")
		}
		expectUnreplaced(ctx, chaos, sandbox, w, run, "succeeds, and only leaves a child behind")
	})
}

func itIsNotCheckedOnceStopped(chaos *session.Session, c checker) {
	c.it("belongs to a stopped service is not run", promise.HealthStopped, func(ctx SpecContext) {
		sandbox, w, run := c.start(ctx, chaos, 1, healthyTimeout)
		if _, ok := c.awaitEvents(ctx, sandbox, victim.EventStarted, 2, limitOf(2, 0)); !ok {
			spec.Inconclusive("no landing: the service was not checked often enough to prove anything")
		}
		By("stop " + w.Name)
		spec.Conclude(sandbox.Supervisor.Stop(ctx, w.Name))
		if !w.AwaitEnd(ctx, run, stopTimeout+overdueLimit) {
			spec.Inconclusive("no landing: the service was stopped, and its process still runs")
		}
		stopped := spec.Now(ctx, sandbox) + int64(spec.Tolerance(chaos)) // a check may have begun right before
		var checks int
		var revived []record.Incarnation
		period := runStartPeriod + 3*runInterval
		if spec.Watch(ctx, period, "watch whether "+w.Name+" is checked or revived", func(ctx context.Context) bool {
			journal, err := spec.ReadJournal(ctx, sandbox, c.check)
			if err == nil {
				checks = len(journal.Of(victim.EventStarted).Since(stopped))
			}
			revived, _ = w.Living(ctx, w.Program)
			return checks > 0 || len(revived) > 0
		}) {
			what := "checked"
			if len(revived) > 0 {
				what = "run again"
			}
			spec.FailWith(chaos, fmt.Sprintf("%s was stopped, and then %s", w.Name, what),
				spec.Note("policy", "checked every %s", span.Text(runInterval)), spec.Note("zinit", "%s", sandbox.StatusText(ctx, w.Name)))
		}
	})
}

func itIsCheckedOnceAtATime(chaos *session.Session, c checker) {
	c.it("outlasts its interval is alone", promise.HealthAlone, func(ctx SpecContext) {
		sandbox, w, _ := c.start(ctx, chaos, 1, healthyTimeout)
		journal, ok := c.awaitEvents(ctx, sandbox, victim.EventStarted, checksWanted, limitOf(checksWanted, c.check.Options.ExitDelay))
		open := 0 // the pid of the check that goes on
		for _, event := range journal {
			switch {
			case event.Event == victim.EventStarted && open != 0:
				spec.FailWith(chaos, fmt.Sprintf("two health checks of %s ran at once", w.Name), spec.Note("runs", "pids %d and %d", open, event.PID),
					spec.Note("policy", "checked every %s; a check takes %s", span.Text(runInterval), span.Text(c.check.Options.ExitDelay)))
			case event.Event == victim.EventStarted:
				open = event.PID
			case event.Event == victim.EventEnded && event.PID == open:
				open = 0
			}
		}
		if !ok {
			spec.Inconclusive("no landing: the service was not checked often enough to prove anything")
		}
	})
}

// itFailsByASignal registers the spec of a health check that ends by SIGKILL from one moment on.
func itFailsByASignal(chaos *session.Session) {
	c := checker{name: "check-signalled"}
	c.it("ends by a signal has failed", promise.HealthSignalled, func(ctx SpecContext) {
		sandbox := spec.MainOrOwn(ctx, chaos)
		w := spec.NewWitness(sandbox, c.name, spec.LimitPolicy(chaos.Target, spec.ScalePolicy(delay, stabilityPeriod))).
			CheckedBy(newSchedule(runInterval, runStartPeriod, 1), healthyTimeout)
		w.Run.StopTimeout = zinit.Milliseconds(stopTimeout)
		w.Register(ctx)
		run, ok := w.AwaitRun(ctx, w.Program, record.Incarnation{}, 10*time.Second)
		if !ok {
			spec.Inconclusive("no landing: the service does not run")
		}
		By("let the health check of " + w.Name + " end by SIGKILL")
		w.Install(ctx, w.Check, elf.Die)
		host := spec.WatchHost(ctx, sandbox)
		limit := limitOf(2, 0)
		if w.AwaitEnd(ctx, run, limit) {
			return
		}
		if host.Stall() > spec.Tolerance(chaos) {
			spec.InconclusiveBecause(record.HostStalled("the health checks cannot be timed"))
		}
		spec.FailWith(chaos, fmt.Sprintf("every health check of %s ended by SIGKILL, and it was not replaced within %s", w.Name, span.Text(limit)),
			spec.Note("policy", "checked every %s, replaced after 1 failure", span.Text(runInterval)), spec.Note("zinit", "%s", sandbox.StatusText(ctx, w.Name)))
	})
}
