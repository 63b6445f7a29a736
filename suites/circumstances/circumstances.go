// Package circumstances holds the promises about what each run of an action is started in: the second as the first, and both as their
// action says (suites/contract/zinit-0.4.md#circumstances).
package circumstances

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim/elf"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// The scaled policy and health check of the witnesses.
const (
	delay           = 530 * time.Millisecond
	stopTimeout     = 670 * time.Millisecond
	stabilityPeriod = 47 * time.Second // longer than any run of a spec
	interval        = 730 * time.Millisecond
	startPeriod     = 590 * time.Millisecond
	checkTimeout    = 4730 * time.Millisecond
	// runLimit bounds the wait for a run that is due.
	runLimit = 10 * time.Second
	// specTimeout bounds a spec.
	specTimeout = time.Minute
	// fewestAspects is the least number of aspects that have to be read of both runs. Less would prove little.
	fewestAspects = 30
)

// Specs registers the specs of the theme.
func Specs(chaos *session.Session) {
	Describe("the next run of a service", func() {
		for _, way := range ways {
			itIsAsBefore(chaos, way)
		}
	})
	itIsAsRegistered(chaos)
	itIsCheckedAlike(chaos)
	itIsLogged(chaos, planTalker("circumstances-output"))
}

// way is a way to have the run of a witness replaced.
type way struct {
	name, promise, what string
	replace             func(context.Context, *session.Sandbox, *spec.Witness, record.Incarnation)
}

var ways = []way{
	{"killed", promise.CircumstancesKill, "a kill", func(ctx context.Context, sandbox *session.Sandbox, w *spec.Witness, _ record.Incarnation) {
		spec.Conclude(sandbox.Supervisor.Kill(ctx, w.Name, "SIGKILL"))
	}},
	{"unhealthy", promise.CircumstancesHang, "a failed health check", func(ctx context.Context, _ *session.Sandbox, w *spec.Witness, before record.Incarnation) {
		w.Install(ctx, w.Check, elf.Fail)
		if !w.AwaitEnd(ctx, before, runLimit) {
			spec.Inconclusive("no landing: the health check failed, and the service was not replaced")
		}
		w.Install(ctx, w.Check, elf.Succeed)
	}},
	{"restarted", promise.CircumstancesRestart, "service.restart", func(ctx context.Context, sandbox *session.Sandbox, w *spec.Witness, _ record.Incarnation) {
		spec.Conclude(sandbox.Supervisor.Restart(ctx, w.Name))
	}},
	{"started", promise.CircumstancesRestart, "a stop and a start", func(ctx context.Context, sandbox *session.Sandbox, w *spec.Witness, before record.Incarnation) {
		spec.Conclude(sandbox.Supervisor.Stop(ctx, w.Name))
		if !w.AwaitEnd(ctx, before, runLimit) {
			spec.Inconclusive("no landing: the service was stopped, and its process still runs")
		}
		spec.Conclude(sandbox.Supervisor.Start(ctx, w.Name))
	}},
}

// environmentOf returns variables of a witness's action.
func environmentOf(name string) map[string]string {
	return map[string]string{
		"HERO_CHAOS_" + name: "the value of " + name, "HERO_CHAOS_EMPTY": "", "LANG": "of " + name,
		"HERO_CHAOS_ODD": oddText, "HERO_CHAOS_LINES": "one\ntwo\n", "HERO_CHAOS_LONG": strings.Repeat("0123456789abcdef", 1024),
	}
}

// oddText has what templates, shells and lists of variables give a meaning to.
const oddText = `  100% %n %(here)s $HOME ${PATH} $(id) a=b;c,d#e 'one' "two" \n ünï  `

// newWitness plans a witness with variables and a folder of its own, and a health check.
func newWitness(chaos *session.Session, sandbox *session.Sandbox, name string) *spec.Witness {
	w := spec.NewWitness(sandbox, "circumstances-"+name, spec.LimitPolicy(chaos.Target, spec.ScalePolicy(delay, stabilityPeriod))).
		CheckedBy(zinit.Schedule{Interval: zinit.Milliseconds(interval), StartPeriod: zinit.Milliseconds(startPeriod), Retries: 1}, checkTimeout)
	w.Run.Env, w.Run.Dir, w.Run.StopTimeout = environmentOf(name), session.VictimHome, zinit.Milliseconds(stopTimeout)
	w.Health.Env, w.Health.Dir = environmentOf(name), session.VictimHome
	return w
}

// itIsAsBefore registers the spec that has a run replaced in one way, and compares both.
func itIsAsBefore(chaos *session.Session, way way) {
	name := session.VictimName("circumstances-" + way.name)
	It("starts as the one before "+way.what+": "+name, spec.About(way.promise), spec.On(name), func(ctx SpecContext) {
		sandbox := spec.MainOrOwn(ctx, chaos)
		w := newWitness(chaos, sandbox, way.name)
		w.Register(ctx)
		observer := spec.NewObserver(sandbox)
		first := awaitRun(ctx, w, record.Incarnation{})
		before := read(ctx, observer, first)
		By("replace the run by " + way.what)
		way.replace(ctx, sandbox, w, first)
		second := awaitRun(ctx, w, first)
		compare(ctx, chaos, observer, spec.Comparison{Registered: slices.Collect(maps.Keys(w.Run.Env))}, w.Name, way.what, before, second)
	}, NodeTimeout(specTimeout))
}

// awaitRun waits for a run of the witness that is not before, or ends the spec as INCONCLUSIVE: other promises judge that it comes.
func awaitRun(ctx context.Context, w *spec.Witness, before record.Incarnation) record.Incarnation {
	GinkgoHelper()
	run, ok := w.AwaitRun(ctx, w.Program, before, runLimit)
	if !ok {
		spec.Inconclusive("the service did not run, so there was nothing to compare")
	}
	return run
}

// read reads the circumstances of a process, or ends the spec as INCONCLUSIVE.
func read(ctx context.Context, observer *spec.Observer, process record.Incarnation) protocol.Circumstances {
	GinkgoHelper()
	By(fmt.Sprintf("read the circumstances of process %d", process.PID))
	found, err := observer.Read(ctx, process.PID)
	spec.Conclude(err)
	if len(found[process.PID].Aspects) < fewestAspects {
		spec.Inconclusive("the circumstances of a process could not be read")
	}
	return found[process.PID]
}

// compare fails the spec if a run differs from the one before.
func compare(ctx context.Context, chaos *session.Session, observer *spec.Observer, comparison spec.Comparison, name, what string, before protocol.Circumstances, after record.Incarnation) {
	GinkgoHelper()
	if changed := comparison.Compare(before, read(ctx, observer, after)); len(changed) > 0 {
		lines := append(spec.List("changed", changed), spec.Note("before", "pid %d", before.PID), spec.Note("after", "pid %d", after.PID))
		spec.FailWith(chaos, fmt.Sprintf("%s started otherwise after %s than before", name, what), lines...)
	}
}

// itIsAsRegistered registers the spec of two witnesses with different variables: each run has those of its own action.
func itIsAsRegistered(chaos *session.Session) {
	name := session.VictimName("circumstances-one")
	It("is started as its action says: "+name, spec.About(promise.CircumstancesRegistered), spec.On(name), func(ctx SpecContext) {
		sandbox := spec.MainOrOwn(ctx, chaos)
		one, other := newWitness(chaos, sandbox, "one"), newWitness(chaos, sandbox, "other")
		one.Arguments, other.Arguments = []string{oddText, "", "*", "--last"}, []string{strings.Repeat("x", 20_000)}
		one.Register(ctx)
		other.Register(ctx)
		observer := spec.NewObserver(sandbox)
		for _, w := range []*spec.Witness{one, other} {
			foreign := one
			if w == one {
				foreign = other
			}
			first := awaitRun(ctx, w, record.Incarnation{})
			expectArguments(ctx, chaos, sandbox, w, first)
			expectRegistered(chaos, observer, w.Name, "its first run", w.Run, foreign.Run, read(ctx, observer, first))
			spec.Conclude(sandbox.Supervisor.Kill(ctx, w.Name, "SIGKILL"))
			second := awaitRun(ctx, w, first)
			expectArguments(ctx, chaos, sandbox, w, second)
			expectRegistered(chaos, observer, w.Name, "its run after a kill", w.Run, foreign.Run, read(ctx, observer, second))
		}
	}, NodeTimeout(specTimeout))
}

// expectArguments fails the spec if a run has other arguments than those that its action quotes for a shell.
func expectArguments(ctx context.Context, chaos *session.Session, sandbox *session.Sandbox, w *spec.Witness, run record.Incarnation) {
	GinkgoHelper()
	living, err := spec.FindLiving(ctx, sandbox, run)
	spec.Conclude(err)
	if len(living) != 1 {
		spec.Inconclusive("the service did not run, so there was nothing to compare")
	}
	if wanted := append([]string{w.Program}, w.Arguments...); !slices.Equal(living[0].Argv, wanted) {
		spec.FailWith(chaos, w.Name+" does not run with the arguments of its action", spec.Note("wanted", "%.200q", wanted), spec.Note("runs", "%.200q", living[0].Argv))
	}
}

// expectRegistered fails the spec if a run lacks what its action says, or has what another's says.
func expectRegistered(chaos *session.Session, observer *spec.Observer, name, which string, action, foreign zinit.Action, found protocol.Circumstances) {
	GinkgoHelper()
	var wrong []string
	if folder := found.Aspects["working directory"]; folder != action.Dir {
		wrong = append(wrong, fmt.Sprintf("working directory: %s, not %s", folder, action.Dir))
	}
	for _, variable := range slices.Sorted(maps.Keys(action.Env)) {
		switch mark, set := found.Environment[variable]; {
		case !set:
			wrong = append(wrong, "environment: "+variable+" is not set")
		case mark != observer.Mark(action.Env[variable]):
			wrong = append(wrong, "environment: "+variable+" has another value than the action's")
		}
	}
	for _, variable := range slices.Sorted(maps.Keys(foreign.Env)) {
		_, own := action.Env[variable]
		if _, set := found.Environment[variable]; set && !own {
			wrong = append(wrong, "environment: "+variable+" is set, which only "+foreign.Service+" registers")
		}
	}
	if len(wrong) > 0 {
		spec.FailWith(chaos, fmt.Sprintf("%s: %s was not started as its action says", name, which), spec.List("wrong", wrong)...)
	}
}

// itIsCheckedAlike registers the spec that compares three runs of a health check: the first, the next, and one after a restart of the
// service. The check waits for its timeout, so that it can be looked at, and may fail often.
func itIsCheckedAlike(chaos *session.Session) {
	name := session.VictimName("circumstances-health")
	It("has its health checked alike: "+name, spec.About(promise.CircumstancesHealth), spec.On(name), func(ctx SpecContext) {
		sandbox := spec.MainOrOwn(ctx, chaos)
		w := newWitness(chaos, sandbox, "health")
		w.Health.Schedule.Retries, w.Health.Timeout = 1000, zinit.Milliseconds(interval)
		w.Install(ctx, w.Program, elf.Idle)
		w.Install(ctx, w.Check, elf.Idle)
		spec.Register(ctx, sandbox, w.Definition())
		observer := spec.NewObserver(sandbox)
		run := awaitRun(ctx, w, record.Incarnation{})
		first := awaitCheck(ctx, w, observer, record.Incarnation{})
		expectRegistered(chaos, observer, name, "the first run of its health check", *w.Health, zinit.Action{}, first)
		comparison := spec.Comparison{Registered: slices.Collect(maps.Keys(w.Health.Env))}
		next := awaitCheck(ctx, w, observer, first.Incarnation)
		judgeCheck(chaos, comparison, name, "the next run of its health check", first, next)
		By("kill the service and look at the health check of the next run")
		spec.Conclude(sandbox.Supervisor.Kill(ctx, w.Name, "SIGKILL"))
		awaitRun(ctx, w, run)
		judgeCheck(chaos, comparison, name, "the health check after a kill", first, awaitCheck(ctx, w, observer, next.Incarnation))
	}, NodeTimeout(specTimeout))
}

// awaitCheck waits for a run of the health check that is not before, and reads its circumstances while it runs.
func awaitCheck(ctx context.Context, w *spec.Witness, observer *spec.Observer, before record.Incarnation) (found protocol.Circumstances) {
	GinkgoHelper()
	spec.Await(ctx, runLimit, "a health check of "+w.Name+" runs", func(ctx context.Context) bool {
		living, err := w.Living(ctx, w.Check)
		if err != nil || len(living) == 0 || spec.IsSameProcess(living[0], before) {
			return false
		}
		all, err := observer.Read(ctx, living[0].PID)
		found = all[living[0].PID]
		return err == nil && len(found.Aspects) >= fewestAspects
	})
	return found
}

// judgeCheck fails the spec if a run of a health check differs from the first.
func judgeCheck(chaos *session.Session, comparison spec.Comparison, name, which string, first, found protocol.Circumstances) {
	GinkgoHelper()
	if changed := comparison.Compare(first, found); len(changed) > 0 {
		spec.FailWith(chaos, fmt.Sprintf("%s: %s started otherwise than the first", name, which), spec.List("changed", changed)...)
	}
}
