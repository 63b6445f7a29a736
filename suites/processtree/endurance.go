package processtree

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// enduranceSandbox is a sandbox of its own, since the processes of other specs would be counted.
const enduranceSandbox = "endurance"

const (
	// warmUps counts the restarts before the first measurement, so that what a supervisor creates once exists.
	warmUps  = 10
	restarts = 50
	// shortPeriod and shortDelay make a restart every 150 ms or so.
	shortPeriod = 71 * time.Millisecond
	shortDelay  = 53 * time.Millisecond
	// restartsLimit bounds the wait for all restarts. Nothing is judged by it.
	restartsLimit = 40 * time.Second
)

// What may stay without being a leak. What stays with each restart is there 50 times; with one in five restarts, 10 times.
const (
	spareDescriptors = 5  // connections of ours that are being closed
	spareProcesses   = 2  // a health probe that is just running
	spareThreads     = 10 // a pool of threads grows with what happened at the same time
	spareMemory      = 8 << 20
)

// levels count what the supervisor holds and which processes exist, while nothing happens.
type levels struct {
	protocol.Usage
	Processes int
	Zombies   []protocol.Process
}

// endured holds the levels around 50 restarts.
type endured struct{ before, after levels }

// enduranceSpecs registers the specs that judge one experiment.
func enduranceSpecs(chaos *session.Session) {
	experiment := spec.Shared[endured]{Run: func(ctx context.Context) (endured, error) { return endure(ctx, chaos) }}
	it := func(text, p string, judge func(endured)) {
		It(text, spec.About(p), spec.On("supervisor"), func(ctx SpecContext) { judge(experiment.Get(ctx)) }, NodeTimeout(2*time.Minute))
	}
	it("no zombie is left", promise.TreeZombies, func(e endured) {
		if len(e.after.Zombies) <= len(e.before.Zombies) {
			return
		}
		parents := map[int]int{}
		for _, zombie := range e.after.Zombies {
			parents[zombie.Parent]++
		}
		lines := []spec.Line{spec.Note("before", "%s", spec.Count(len(e.before.Zombies), "zombie"))}
		for parent, zombies := range parents {
			lines = append(lines, spec.Note("after", "%d that pid %d does not wait for", zombies, parent))
		}
		spec.FailWith(chaos, fmt.Sprintf("%d restarts of a service left %s behind",
			restarts, spec.Count(len(e.after.Zombies)-len(e.before.Zombies), "zombie")), lines...)
	})
	it("there are no more processes and threads", promise.TreeProcesses, func(e endured) {
		judgeGrowth(chaos, "processes", e.before.Processes, e.after.Processes, spareProcesses)
		judgeGrowth(chaos, "threads of the supervisor", e.before.Threads, e.after.Threads, spareThreads)
	})
	it("the supervisor has no more files open", promise.TreeDescriptors, func(e endured) {
		judgeGrowth(chaos, "open files of the supervisor", e.before.Descriptors, e.after.Descriptors, spareDescriptors)
	})
	it("the supervisor has not grown", promise.TreeMemory, func(e endured) {
		const kB = 1 << 10
		judgeGrowth(chaos, "kB of memory of the supervisor", int(e.before.Resident/kB), int(e.after.Resident/kB), spareMemory/kB)
	})
}

// judgeGrowth fails the spec if more than a spare number of things stayed.
func judgeGrowth(chaos *session.Session, things string, before, after, spare int) {
	GinkgoHelper()
	if after-before <= spare {
		AddReportEntry(things, fmt.Sprintf("%d before, %d after %d restarts", before, after, restarts), ReportEntryVisibilityNever)
		return
	}
	spec.FailWith(chaos, fmt.Sprintf("%d restarts of a service left %d more %s behind", restarts, after-before, things),
		spec.Note("before", "%d %s, after %d restarts to warm up", before, things, warmUps),
		spec.Note("after", "%d %s", after, things),
		spec.Note("granted", "%d more", spare))
}

// endure counts, has a victim restarted 50 times, and counts again.
func endure(ctx context.Context, chaos *session.Session) (endured, error) {
	By("open the sandbox " + enduranceSandbox)
	sandbox, err := chaos.Background(ctx, enduranceSandbox)
	if err != nil {
		return endured{}, err
	}
	if sandbox.SupervisorPID() == 0 {
		return endured{}, recovery.NotProved("the supervisor's process is not known, so that nobody can say what it holds")
	}
	if err := restartOften(ctx, chaos, sandbox, "warm-up", warmUps); err != nil {
		return endured{}, err
	}
	before, err := measure(ctx, sandbox)
	if err != nil {
		return endured{}, err
	}
	if err := restartOften(ctx, chaos, sandbox, "enduring", restarts); err != nil {
		return endured{}, err
	}
	after, err := measure(ctx, sandbox)
	return endured{before: before, after: after}, err
}

// restartOften registers a victim that ends again and again, with a child of each kind, and deletes it after n restarts.
func restartOften(ctx context.Context, chaos *session.Session, sandbox *session.Sandbox, name string, n int) (err error) {
	plan := session.NewVictim(name, spec.LimitPolicy(chaos.Target, zinit.RetryPolicy{
		MaxAttempts: 10 * restarts, Delay: zinit.Milliseconds(shortDelay), Backoff: zinit.BackoffNone,
		MaxDelay: zinit.Milliseconds(shortDelay), StabilityPeriod: zinit.Milliseconds(time.Hour),
	})).WithStopTimeout(stopTimeout)
	plan.Options.Socket, plan.Options.Control = "", ""
	plan.Options.ExitDelay, plan.Options.ExitCode = shortPeriod, 3
	plan.Options.Children, plan.Options.SetsidChild = 1, true
	By(fmt.Sprintf("register %s and wait until it was restarted %d times", plan.Name, n))
	if _, err := sandbox.Supervisor.Register(ctx, plan.Definition()); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sandbox.Delete(context.WithoutCancel(ctx), plan.Name)) }()
	if !spec.Until(ctx, restartsLimit, func(ctx context.Context) bool {
		journal, err := spec.ReadJournal(ctx, sandbox, plan)
		return err == nil && len(journal.Of(victim.EventStarted)) > n
	}) {
		return recovery.NotProved(fmt.Sprintf("a victim that ends at once was not restarted %d times within %s", n, restartsLimit))
	}
	return nil
}

// measure returns the lowest of several looks. Only a process that is a zombie in all of them counts as one: the others
// are about to be reaped.
func measure(ctx context.Context, sandbox *session.Sandbox) (levels, error) {
	const looks, lookInterval = 12, 150 * time.Millisecond
	By("count what the supervisor holds, " + spec.Count(looks, "time"))
	lowest := levels{Processes: math.MaxInt}
	lowest.Descriptors, lowest.Threads, lowest.Resident = math.MaxInt, math.MaxInt, math.MaxInt64
	for look := range looks {
		usage, err := sandbox.Agent().Usage(ctx, sandbox.SupervisorPID())
		if err != nil {
			return levels{}, recovery.NotProved("the supervisor cannot be looked into: " + err.Error())
		}
		table, err := sandbox.Agent().Processes(ctx)
		if err != nil {
			return levels{}, err
		}
		lowest.Descriptors, lowest.Threads = min(lowest.Descriptors, usage.Descriptors), min(lowest.Threads, usage.Threads)
		lowest.Resident, lowest.Processes = min(lowest.Resident, usage.Resident), min(lowest.Processes, len(table))
		earlier := lowest.Zombies
		lowest.Zombies = slices.DeleteFunc(table, func(p protocol.Process) bool {
			return p.State != "Z" || look > 0 && !slices.ContainsFunc(earlier, func(z protocol.Process) bool {
				return spec.IsSameProcess(z.Incarnation, p.Incarnation)
			})
		})
		spec.Pause(ctx, lookInterval)
		if ctx.Err() != nil {
			return levels{}, ctx.Err()
		}
	}
	return lowest, nil
}
