package processtree

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
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
	// warmUpProbes and probes count the runs of a health check at the same time.
	warmUpProbes = 20
	probes       = 200
	// probeInterval makes as many as that in the time of the restarts, and probesLimit bounds the wait for them.
	probeInterval = 53 * time.Millisecond
	probesLimit   = 20 * time.Second
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
	spareFiles       = 10       // a log that begins again, and what belongs to a state
	spareDisk        = 16 << 20 // the write-ahead log of a state, and logs that have not reached their bound, in bytes
	spareObjects     = 12       // connections of ours that are being closed
)

// levels count what the supervisor holds and which processes exist, while nothing happens.
type levels struct {
	protocol.Usage
	Processes int
	Zombies   []protocol.Process
	Disk      protocol.Disk
}

// countDisk sums up what was written.
func (l levels) countDisk() (sum protocol.Amount) {
	for _, amount := range l.Disk.Folders {
		sum.Files += amount.Files
		sum.Bytes += amount.Bytes
	}
	return sum
}

// endured holds the levels around 50 restarts.
type endured struct {
	before, after levels
	probes        int // runs of a health check meanwhile
}

// listFolders makes lines of the folders that grew most.
func (e endured) listFolders() []spec.Line {
	grown := func(folder string) protocol.Amount {
		before, after := e.before.Disk.Folders[folder], e.after.Disk.Folders[folder]
		return protocol.Amount{Files: after.Files - before.Files, Bytes: after.Bytes - before.Bytes}
	}
	var cases []string
	folders := slices.SortedFunc(maps.Keys(e.after.Disk.Folders), func(a, b string) int {
		return cmp.Or(cmp.Compare(grown(b).Files, grown(a).Files), cmp.Compare(grown(b).Bytes, grown(a).Bytes), cmp.Compare(a, b))
	})
	for _, folder := range folders {
		if amount := grown(folder); amount.Files > 0 || amount.Bytes > 0 {
			cases = append(cases, fmt.Sprintf("%s: %d more files, %d kB more", folder, amount.Files, amount.Bytes>>10))
		}
	}
	return spec.List("folder", cases)
}

// enduranceSpecs registers the specs that judge one experiment.
func enduranceSpecs(chaos *session.Session) {
	experiment := spec.Shared[endured]{Run: func(ctx context.Context) (endured, error) { return endure(ctx, chaos) }}
	it := func(text, p string, judge func(endured)) {
		It(text, spec.About(p), spec.On("supervisor"), func(ctx SpecContext) {
			seen := experiment.Get(ctx)
			AddReportEntry("runs of a health check", seen.probes, ReportEntryVisibilityNever)
			judge(seen)
		}, NodeTimeout(2*time.Minute))
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
	it("there are no more files", promise.TreeFiles, func(e endured) {
		judgeGrowth(chaos, "files", e.before.countDisk().Files, e.after.countDisk().Files, spareFiles, e.listFolders()...)
	})
	it("no more of the disk is taken", promise.TreeDisk, func(e endured) {
		const kB = 1 << 10
		judgeGrowth(chaos, "kB of disk", int(e.before.countDisk().Bytes/kB), int(e.after.countDisk().Bytes/kB), spareDisk/kB, e.listFolders()...)
	})
	it("the kernel holds no more", promise.TreeKernel, func(e endured) {
		for _, kind := range slices.Sorted(maps.Keys(e.before.Disk.Kernel)) {
			judgeGrowth(chaos, kind, e.before.Disk.Kernel[kind], e.after.Disk.Kernel[kind], spareObjects)
		}
	})
}

// judgeGrowth fails the spec if more than a spare number of things stayed.
func judgeGrowth(chaos *session.Session, things string, before, after, spare int, evidence ...spec.Line) {
	GinkgoHelper()
	if after-before <= spare {
		AddReportEntry(things, fmt.Sprintf("%d before, %d after %d restarts", before, after, restarts), ReportEntryVisibilityNever)
		return
	}
	spec.FailWith(chaos, fmt.Sprintf("%d restarts of a service and %d runs of a health check left %d more %s behind", restarts, probes, after-before, things),
		append([]spec.Line{
			spec.Note("before", "%d %s, after %d restarts to warm up", before, things, warmUps),
			spec.Note("after", "%d %s", after, things),
			spec.Note("granted", "%d more", spare),
		}, evidence...)...)
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
	By("stop the services of the image: the first run of each health check would begin a log")
	if _, err := spec.StopServices(ctx, sandbox, chaos.Target.Restartable(), chaos.Target.Budgets.StopTimeout.Duration()); err != nil {
		return endured{}, err
	}
	if _, err := restartOften(ctx, chaos, sandbox, "warm-up", warmUps, warmUpProbes); err != nil {
		return endured{}, err
	}
	before, err := measure(ctx, sandbox)
	if err != nil {
		return endured{}, err
	}
	probed, err := restartOften(ctx, chaos, sandbox, "enduring", restarts, probes)
	if err != nil {
		return endured{}, err
	}
	after, err := measure(ctx, sandbox)
	return endured{before: before, after: after, probes: probed}, err
}

// restartOften registers a victim that ends again and again, with a child of each kind, and another whose health is checked again and
// again. It deletes them after n restarts and m checks, and returns how many checks there were.
func restartOften(ctx context.Context, chaos *session.Session, sandbox *session.Sandbox, name string, n, m int) (probed int, err error) {
	checked := planVictim(chaos, name+"-checked").WithPatientProbe(probesLimit).WithHealth(
		zinit.Schedule{Interval: zinit.Milliseconds(probeInterval), StartPeriod: zinit.Milliseconds(probeInterval), Retries: 100}, probesLimit)
	By("register " + checked.Name)
	if _, err := sandbox.Supervisor.Register(ctx, checked.Definition()); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, sandbox.Delete(context.WithoutCancel(ctx), checked.Name)) }()
	plan := session.NewVictim(name, spec.LimitPolicy(chaos.Target, zinit.RetryPolicy{
		MaxAttempts: 10 * restarts, Delay: zinit.Milliseconds(shortDelay), Backoff: zinit.BackoffNone,
		MaxDelay: zinit.Milliseconds(shortDelay), StabilityPeriod: zinit.Milliseconds(time.Hour),
	})).WithStopTimeout(stopTimeout)
	plan.Options.Socket, plan.Options.Control = "", ""
	plan.Options.ExitDelay, plan.Options.ExitCode = shortPeriod, 3
	plan.Options.Children, plan.Options.SetsidChild = 1, true
	By(fmt.Sprintf("register %s and wait until it was restarted %d times", plan.Name, n))
	if _, err := sandbox.Supervisor.Register(ctx, plan.Definition()); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, sandbox.Delete(context.WithoutCancel(ctx), plan.Name)) }()
	if !spec.Until(ctx, restartsLimit, func(ctx context.Context) bool {
		journal, err := spec.ReadJournal(ctx, sandbox, plan)
		return err == nil && len(journal.Of(victim.EventStarted)) > n
	}) {
		return 0, recovery.NotProved(fmt.Sprintf("a victim that ends at once was not restarted %d times within %s", n, restartsLimit))
	}
	By(fmt.Sprintf("wait until the health of %s was checked %d times", checked.Name, m))
	spec.Until(ctx, probesLimit, func(ctx context.Context) bool { // fewer have to do where no interval is that short
		journal, err := spec.ReadJournal(ctx, sandbox, checked)
		if err == nil {
			probed = len(journal.Of(victim.EventProbe))
		}
		return probed >= m || sandbox.Supervisor.Dialect() == zinit.Dialect03
	})
	return probed, ctx.Err()
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
	By("count the files that were written")
	var err error
	lowest.Disk, err = sandbox.Agent().Disk(ctx, session.VictimHome)
	return lowest, err
}
