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
	// shortInterval and shortCheckPeriod are those of checks of which many are counted.
	shortInterval    = 310 * time.Millisecond
	shortCheckPeriod = 10 * time.Millisecond
	// lateCheckPeriod is that of a check that outlives the process that it was begun for, and ends while the next one has its first check.
	lateCheckPeriod = 1930 * time.Millisecond
	// failures are exit codes of a check that have a meaning to curl, timeout, shells, monitoring plugins and supervisors.
	failures = "2,3,4,7,22,28,52,56,75,77,100,111,124,125,126,127,137,143,255,1"
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
		itFailsByAnyExitCode(chaos, newChecker("exit-code", victim.Options{ExitDelay: shortCheckPeriod, Endings: failures}).every(shortInterval))
		itTimesOutInARow(chaos, newChecker("hanging", victim.Options{ExitDelay: time.Minute}))
		itReplacesNoOther(chaos, newChecker("late", victim.Options{ExitDelay: lateCheckPeriod, ExitCode: 1}))
		itCountsItsOwn(chaos, newChecker("own", victim.Options{ExitDelay: shortCheckPeriod, ExitCode: 1}).every(shortInterval))
	})
}

// checker plans a witness whose health check is a victim.
type checker struct {
	name     string
	check    session.VictimPlan // its options are the check's; its journal tells of the runs
	interval time.Duration
}

func newChecker(name string, options victim.Options) checker {
	options.Journal = path.Join(session.VictimHome, "check-"+name+".journal")
	return checker{name: "check-" + name, check: session.VictimPlan{Options: options}, interval: runInterval}
}

// every returns the checker with another interval.
func (c checker) every(interval time.Duration) checker {
	c.interval = interval
	return c
}

// start registers the witness. retries is how many failures in a row replace it.
func (c checker) start(ctx context.Context, chaos *session.Session, retries int, timeout time.Duration) (*session.Sandbox, *spec.Witness, record.Incarnation) {
	GinkgoHelper()
	sandbox := spec.MainOrOwn(ctx, chaos)
	policy := spec.ScalePolicy(delay, stabilityPeriod)
	policy.Backoff = zinit.BackoffNone
	w := spec.NewWitness(sandbox, c.name, spec.LimitPolicy(chaos.Target, policy)).
		CheckedBy(newSchedule(c.interval, runStartPeriod, retries), timeout)
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
		c.expectCheckedAgain(ctx, chaos, sandbox, w, run)
	})
}

// expectCheckedAgain starts a witness that was stopped, and fails the spec if its next process is not checked.
func (c checker) expectCheckedAgain(ctx context.Context, chaos *session.Session, sandbox *session.Sandbox, w *spec.Witness, before record.Incarnation) {
	GinkgoHelper()
	By("start " + w.Name + " again")
	started := spec.Now(ctx, sandbox)
	spec.Conclude(sandbox.Supervisor.Start(ctx, w.Name))
	run, ok := w.AwaitRun(ctx, w.Program, before, delay+2*overdueLimit)
	if !ok {
		spec.Inconclusive("no landing: the service was started, and does not run")
	}
	host := spec.WatchHost(ctx, sandbox)
	limit := limitOf(2, 0)
	if spec.Watch(ctx, limit, "wait until "+w.Name+" is checked again", func(ctx context.Context) bool {
		journal, err := spec.ReadJournal(ctx, sandbox, c.check)
		return err == nil && len(journal.Of(victim.EventStarted).Since(started)) > 0
	}) {
		return
	}
	switch {
	case host.Stall() > spec.Tolerance(chaos):
		spec.InconclusiveBecause(record.HostStalled("the health checks cannot be timed"))
	case spec.HasEnded(ctx, sandbox, run):
		spec.Inconclusive("no landing: the service was started, and does not run")
	}
	spec.FailWith(chaos, fmt.Sprintf("%s was stopped and started, and was not checked within %s of its start", w.Name, span.Text(limit)),
		spec.Note("policy", "checked every %s, first %s after the start", span.Text(runInterval), span.Text(runStartPeriod)),
		spec.Note("zinit", "%s", sandbox.StatusText(ctx, w.Name)))
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

// itFailsByAnyExitCode registers the spec of a health check whose runs end with one exit code after the other. They replace the service
// together: one that does not count as a failure begins the count again.
func itFailsByAnyExitCode(chaos *session.Session, c checker) {
	wanted := strings.Count(failures, ",") + 1
	c.it("fails by any exit code", promise.HealthAnyExitCode, func(ctx SpecContext) {
		sandbox, w, run := c.start(ctx, chaos, wanted, healthyTimeout)
		var journal spec.Journal
		replaced := false
		By("wait until " + w.Name + " is replaced, or every exit code had its turn")
		spec.Until(ctx, 3*limitOf(wanted, 0), func(ctx context.Context) bool {
			replaced = spec.HasEnded(ctx, sandbox, run)
			if now, err := spec.ReadJournal(ctx, sandbox, c.check); err == nil {
				journal = now
			}
			return replaced || len(journal.Of(victim.EventEnded)) >= wanted+checksWanted
		})
		switch ended := len(journal.Of(victim.EventEnded)); {
		case replaced:
		case ended < wanted+checksWanted:
			spec.Inconclusive("no landing: the service was not checked often enough to prove anything")
		default:
			spec.FailWith(chaos, fmt.Sprintf("%s failed %s in a row, each with another exit code, and was not replaced", w.Name, spec.Count(ended, "check")),
				spec.Note("codes", "%s", failures), spec.Note("policy", "replaced after %s in a row", spec.Count(wanted, "failure")),
				spec.Note("zinit", "%s", sandbox.StatusText(ctx, w.Name)))
		}
	})
}

// itTimesOutInARow registers the spec of a service whose health checks all outlast their timeout, and that is replaced after two failures.
func itTimesOutInARow(chaos *session.Session, c checker) {
	const retries, enough = 2, 5
	c.it("times out twice replaces its service", promise.HealthTimeout, func(ctx SpecContext) {
		sandbox, w, run := c.start(ctx, chaos, retries, runTimeout)
		replaced, begun := false, 0
		spec.Watch(ctx, 2*limitOf(enough, runTimeout), "wait until "+w.Name+" is replaced", func(ctx context.Context) bool {
			if journal, err := spec.ReadJournal(ctx, sandbox, c.check); err == nil {
				begun = len(journal.Of(victim.EventStarted)) // all but the last have timed out
			}
			replaced = spec.HasEnded(ctx, sandbox, run)
			return replaced || begun > enough
		})
		switch {
		case replaced:
		case begun <= enough:
			spec.Inconclusive("no landing: the service was not checked often enough to prove anything")
		default:
			spec.FailWith(chaos, fmt.Sprintf("%d health checks of %s outlasted their timeout, and it was not replaced", begun-1, w.Name),
				spec.Note("policy", "a check may take %s, replaced after %s in a row", span.Text(runTimeout), spec.Count(retries, "failure")),
				spec.Note("zinit", "%s", sandbox.StatusText(ctx, w.Name)))
		}
	})
}

// itReplacesNoOther registers the spec of a service that is killed while its health check goes on. The check fails once the next process
// runs, and before the first check of that one has ended.
func itReplacesNoOther(chaos *session.Session, c checker) {
	c.it("outlives its process replaces no other", promise.HealthLateCheck, func(ctx SpecContext) {
		sandbox, w, run := c.start(ctx, chaos, 1, healthyTimeout)
		if _, ok := c.awaitEvents(ctx, sandbox, victim.EventStarted, 1, limitOf(1, 0)); !ok {
			spec.Inconclusive("no landing: the service was not checked often enough to prove anything")
		}
		killed := spec.Now(ctx, sandbox)
		By("kill " + w.Name + " while its health check goes on")
		spec.Conclude(sandbox.Supervisor.Kill(ctx, w.Name, "SIGKILL"))
		next, ok := w.AwaitRun(ctx, w.Program, run, delay+2*overdueLimit)
		if !ok {
			spec.Inconclusive("no landing: the service was killed, and no other process of it runs")
		}
		if journal, err := spec.ReadJournal(ctx, sandbox, c.check); err != nil || len(journal.Of(victim.EventStarted).Since(killed)) > 0 {
			spec.InconclusiveBecause(record.TooCoarse("the next process was not seen before its own first check"))
		}
		own := 0 // checks of the next process that have ended
		ended := spec.Watch(ctx, limitOf(1, lateCheckPeriod), "watch the next process of "+w.Name+" until its own first check has ended", func(ctx context.Context) bool {
			gone := spec.HasEnded(ctx, sandbox, next)
			journal, err := spec.ReadJournal(ctx, sandbox, c.check)
			own = 0
			for _, start := range journal.Of(victim.EventStarted).Since(killed) {
				own += len(journal.By(start.PID).Of(victim.EventEnded))
			}
			return err == nil && (gone || own > 0)
		})
		switch {
		case !ended:
			spec.Inconclusive("no landing: the service was not checked often enough to prove anything")
		case own == 0:
			spec.FailWith(chaos, fmt.Sprintf("%s was killed during a health check, and the next process was ended before a check of its own had failed", w.Name),
				spec.Note("next", "pid %d", next.PID), spec.Note("zinit", "%s", sandbox.StatusText(ctx, w.Name)))
		}
	})
}

// itCountsItsOwn registers the spec of a service whose health checks all fail. It is killed before they are enough to replace it; each
// process that follows has to be replaced after as many of its own.
func itCountsItsOwn(chaos *session.Session, c checker) {
	const retries, followers = 3, 3
	c.it("fails is counted for its process", promise.HealthOwnFailures, func(ctx SpecContext) {
		sandbox, w, run := c.start(ctx, chaos, retries, healthyTimeout)
		if _, ok := c.awaitEvents(ctx, sandbox, victim.EventEnded, 1, limitOf(1, 0)); !ok {
			spec.Inconclusive("no landing: the service was not checked often enough to prove anything")
		}
		alive := spec.Now(ctx, sandbox) // the last time at which the process before was sure to run
		By("kill " + w.Name + " after its first failed check")
		if err := sandbox.Supervisor.Kill(ctx, w.Name, "SIGKILL"); !spec.HasEnded(ctx, sandbox, run) { // on a busy host it was replaced already
			spec.Conclude(err)
		}
		for n := 1; n <= followers; n++ {
			next, ok := w.AwaitRun(ctx, w.Program, run, delay+2*overdueLimit)
			if !ok {
				spec.Inconclusive("no landing: the service ended, and no other process of it runs")
			}
			since, born := alive, spec.Now(ctx, sandbox)
			var most, least int // failed checks of this process: with those begun right before it was seen, and without
			replaced := false
			host := spec.WatchHost(ctx, sandbox)
			spec.Watch(ctx, limitOf(2*retries, 0), fmt.Sprintf("wait until follower %d of %s is replaced", n, w.Name), func(ctx context.Context) bool {
				at := spec.Now(ctx, sandbox)
				journal, err := spec.ReadJournal(ctx, sandbox, c.check)
				if replaced = spec.HasEnded(ctx, sandbox, next); !replaced {
					alive = at
				}
				if err == nil && !replaced {
					least = len(journal.Of(victim.EventEnded).Since(born))
				}
				return replaced || least > 2*retries
			})
			if journal, err := spec.ReadJournal(ctx, sandbox, c.check); err == nil {
				most = len(journal.Of(victim.EventEnded).Since(since))
			}
			lines := []spec.Line{
				spec.Note("follower", "%d of %d, pid %d", n, followers, next.PID), spec.Note("policy", "replaced after %s in a row", spec.Count(retries, "failure")),
				spec.Note("zinit", "%s", sandbox.StatusText(ctx, w.Name)),
			}
			switch {
			case replaced && most < retries:
				spec.FailWith(chaos, fmt.Sprintf("a process of %s that had followed another was replaced after %s of its own", w.Name, spec.Count(most, "failed check")), lines...)
			case !replaced && least > 2*retries && host.Stall() > shortInterval:
				spec.InconclusiveBecause(record.HostStalled("a process may only be replaced late"))
			case !replaced && least > 2*retries:
				spec.FailWith(chaos, fmt.Sprintf("a process of %s that had followed another failed %s and was not replaced", w.Name, spec.Count(least, "check")), lines...)
			case !replaced:
				spec.Inconclusive("no landing: the service was not checked often enough to prove anything")
			}
			run = next
		}
	})
}
