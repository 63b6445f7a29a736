package processtree

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
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

// enduranceSandbox is a sandbox of its own: what others register in it would be counted.
const enduranceSandbox = "endurance"

const (
	// warmUp is how many restarts come before the first count, so that what a supervisor makes once is there.
	warmUp   = 10
	restarts = 50
	// shortLife and shortDelay make a restart every 150 ms or so.
	shortLife  = 71 * time.Millisecond
	shortDelay = 53 * time.Millisecond
	// patience is how long the restarts may take; nothing is judged by it.
	patience = 40 * time.Second
)

// What may stay without being a leak. A thing that stays with each restart is there 50 times, one in five
// restarts 10 times.
const (
	spareDescriptors = 5  // connections of ours that are being closed
	spareProcesses   = 2  // a health probe that is just running
	spareThreads     = 10 // a pool of threads grows with what happened at the same time
	spareMemory      = 8 << 20
)

// levels is what the supervisor holds and what lives beside it, while nothing happens.
type levels struct {
	protocol.Usage
	Processes int
	Zombies   []protocol.Process
}

// endured is what 50 restarts have changed.
type endured struct{ before, after levels }

// endurance is one experiment and the specs that judge it.
func endurance(chaos *session.Session) {
	experiment := spec.Shared[endured]{Run: func(ctx context.Context) (endured, error) { return endure(ctx, chaos) }}
	judged := func(text, p string, judge func(endured)) {
		It(text, spec.About(p), spec.On("supervisor"), func(ctx SpecContext) { judge(experiment.Get(ctx)) }, NodeTimeout(2*time.Minute))
	}
	judged("no zombie is left", promise.TreeZombies, func(e endured) { judgeZombies(chaos, e) })
	judged("there are no more processes and threads", promise.TreeProcesses, func(e endured) {
		judgeGrowth(chaos, promise.TreeProcesses, "processes", e.before.Processes, e.after.Processes, spareProcesses)
		judgeGrowth(chaos, promise.TreeProcesses, "threads of the supervisor", e.before.Threads, e.after.Threads, spareThreads)
	})
	judged("the supervisor has no more files open", promise.TreeDescriptors, func(e endured) {
		judgeGrowth(chaos, promise.TreeDescriptors, "open files of the supervisor", e.before.Descriptors, e.after.Descriptors, spareDescriptors)
	})
	judged("the supervisor has not grown", promise.TreeMemory, func(e endured) {
		const kB = 1 << 10
		judgeGrowth(chaos, promise.TreeMemory, "kB of memory of the supervisor", int(e.before.Resident/kB), int(e.after.Resident/kB), spareMemory/kB)
	})
}

// endure counts, has a victim restarted 50 times, and counts again.
func endure(ctx context.Context, chaos *session.Session) (endured, error) {
	sandbox, err := chaos.Background(ctx, enduranceSandbox)
	if err != nil {
		return endured{}, err
	}
	if sandbox.SupervisorPID() == 0 {
		return endured{}, &recovery.Inconclusive{Reason: "the supervisor's process is not known, so that nobody can say what it holds"}
	}
	if err := restartOften(ctx, chaos, sandbox, "warm-up", warmUp); err != nil {
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

// restartOften registers a victim that ends again and again, with a child of each kind, and deletes it when it
// was restarted so many times.
func restartOften(ctx context.Context, chaos *session.Session, sandbox *session.Sandbox, name string, times int) (err error) {
	plan := session.NewVictim(name, spec.LimitPolicy(chaos.Target, zinit.RetryPolicy{
		MaxAttempts: 10 * restarts, Delay: zinit.Milliseconds(shortDelay), Backoff: zinit.BackoffNone,
		MaxDelay: zinit.Milliseconds(shortDelay), StabilityPeriod: zinit.Milliseconds(time.Hour),
	})).WithStopTimeout(stopTimeout)
	plan.Options.Socket, plan.Options.Control = "", ""
	plan.Options.ExitAfter, plan.Options.ExitCode = shortLife, 3
	plan.Options.Children, plan.Options.SetsidChild = 1, true
	if _, err := sandbox.Supervisor.Register(ctx, plan.Definition()); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sandbox.Delete(context.WithoutCancel(ctx), plan.Name)) }()
	started := 0
	if !spec.Until(ctx, patience, func(ctx context.Context) bool {
		journal, err := sandbox.Agent().ReadFile(ctx, plan.Options.Journal, 0)
		if err == nil {
			started = bytes.Count(journal, []byte(`"`+victim.EventStarted+`"`))
		}
		return started > times
	}) {
		return &recovery.Inconclusive{Reason: fmt.Sprintf("a victim that ends at once was not restarted %d times within %s", times, patience)}
	}
	return nil
}

// measure takes the lowest of several looks, and as zombies only what is one in all of them: what is on its way
// is no leak.
func measure(ctx context.Context, sandbox *session.Sandbox) (levels, error) {
	const looks, between = 12, 150 * time.Millisecond
	lowest := levels{Processes: math.MaxInt}
	lowest.Descriptors, lowest.Threads, lowest.Resident = math.MaxInt, math.MaxInt, math.MaxInt64
	for look := range looks {
		usage, err := sandbox.Agent().Usage(ctx, sandbox.SupervisorPID())
		if err != nil {
			return levels{}, &recovery.Inconclusive{Reason: "the supervisor cannot be looked into: " + err.Error()}
		}
		table, err := sandbox.Agent().Processes(ctx)
		if err != nil {
			return levels{}, err
		}
		lowest.Descriptors, lowest.Threads = min(lowest.Descriptors, usage.Descriptors), min(lowest.Threads, usage.Threads)
		lowest.Resident, lowest.Processes = min(lowest.Resident, usage.Resident), min(lowest.Processes, len(table))
		zombies := zombiesOf(table)
		if look > 0 {
			zombies = both(lowest.Zombies, zombies)
		}
		lowest.Zombies = zombies
		select {
		case <-time.After(between): // the time in which what is on its way may end
		case <-ctx.Done():
			return levels{}, ctx.Err()
		}
	}
	return lowest, nil
}

func zombiesOf(table []protocol.Process) []protocol.Process {
	var zombies []protocol.Process
	for _, process := range table {
		if process.State == "Z" {
			zombies = append(zombies, process)
		}
	}
	return zombies
}

// both are the processes that are in both lists.
func both(one, other []protocol.Process) []protocol.Process {
	lives := map[[2]uint64]bool{}
	for _, p := range one {
		lives[[2]uint64{uint64(p.PID), p.StartTime}] = true //nolint:gosec // a pid is positive
	}
	var found []protocol.Process
	for _, p := range other {
		if lives[[2]uint64{uint64(p.PID), p.StartTime}] { //nolint:gosec // as above
			found = append(found, p)
		}
	}
	return found
}

func judgeZombies(chaos *session.Session, e endured) {
	GinkgoHelper()
	if len(e.after.Zombies) <= len(e.before.Zombies) {
		return
	}
	parents := map[int]int{}
	for _, zombie := range e.after.Zombies {
		parents[zombie.Parent]++
	}
	lines := [][2]string{{"before", fmt.Sprintf("%d zombies", len(e.before.Zombies))}}
	for parent, count := range parents {
		lines = append(lines, [2]string{"after", fmt.Sprintf("%d that pid %d does not wait for", count, parent)})
	}
	spec.FailWith(chaos, fmt.Sprintf("%d restarts of a service left %d zombies behind",
		restarts, len(e.after.Zombies)-len(e.before.Zombies)), lines...)
}

func judgeGrowth(chaos *session.Session, p, what string, before, after, spare int) {
	GinkgoHelper()
	if after-before <= spare {
		AddReportEntry(what, fmt.Sprintf("%d before, %d after %d restarts", before, after, restarts), ReportEntryVisibilityNever)
		return
	}
	spec.FailWith(chaos, fmt.Sprintf("%d restarts of a service left %d more %s behind", restarts, after-before, what),
		[2]string{"before", fmt.Sprintf("%d %s, after %d restarts to warm up", before, what, warmUp)},
		[2]string{"after", fmt.Sprintf("%d %s", after, what)},
		[2]string{"granted", strings.TrimSpace(fmt.Sprintf("%d more", spare))})
}
