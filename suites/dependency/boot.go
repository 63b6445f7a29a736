package dependency

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// bootSandbox is a sandbox of its own: its container is started twice.
const bootSandbox = "dependency"

// boots registers the specs of a boot, at which services have to start in their order.
func boots(chaos *session.Session) {
	Describe("at boot", spec.InBackground(bootSandbox), spec.Interrupting(session.Restart), spec.Costly, Ordered, ContinueOnFailure, func() {
		itBootsShippedInOrder(chaos)
		itBootsVictimsInOrder(chaos)
	})
}

// restartContainer restarts the container of a sandbox.
func restartContainer(ctx context.Context, chaos *session.Session, sandbox *session.Sandbox) {
	GinkgoHelper()
	By("restart the container of the sandbox " + sandbox.Name)
	_, err := sandbox.Interrupt(ctx, session.Restart, chaos.Target.Budgets.StopTimeout.Duration())
	spec.Conclude(err)
}

// itBootsShippedInOrder registers the spec of two boots. At the first the image registers its services one after the other.
// At the second the supervisor knows them all from the start.
func itBootsShippedInOrder(chaos *session.Session) {
	It("start in their order: the image's services", spec.About(promise.DependencyBootShipped), func(ctx SpecContext) {
		sandbox := spec.Background(ctx, chaos, bootSandbox)
		for boot := range 2 {
			if boot > 0 {
				restartContainer(ctx, chaos, sandbox)
			}
			starts := findStarts(ctx, chaos, sandbox)
			By("read what the image's services depend on")
			var early []string
			pairs := 0
			for _, name := range slices.Sorted(maps.Keys(starts)) {
				definition, err := sandbox.Supervisor.Get(ctx, name)
				spec.Conclude(err)
				for _, base := range slices.Concat(definition.Dependencies.Requires, definition.Dependencies.After) {
					first, known := starts[base]
					if !known {
						continue
					}
					pairs++
					if starts[name] < first {
						early = append(early, fmt.Sprintf("%s began %s before %s", name, ticks(first-starts[name]), base))
					}
				}
			}
			if pairs == 0 {
				spec.Inconclusive("no service of the image is known to depend on another")
			}
			if len(early) > 0 {
				spec.FailWith(chaos, fmt.Sprintf("at boot %d services of the image started before those that they depend on", boot+1),
					spec.List("early", early)...)
			}
		}
	}, NodeTimeout(2*specTimeout))
}

// findStarts returns when the kernel started the processes of the image's services, in clock ticks. It leaves out a
// service that does not serve within the boot budget, which another promise judges, and does not wait for it again.
func findStarts(ctx context.Context, chaos *session.Session, sandbox *session.Sandbox) map[string]uint64 {
	By("wait until the image's services serve")
	starts := map[string]uint64{}
	missing, _ := sandbox.Boot()
	spec.Until(ctx, chaos.Target.Budgets.Boot.Duration(), func(ctx context.Context) bool {
		all := true
		for _, service := range chaos.Target.Restartable() {
			if starts[service.Name] != 0 || missing[service.Name] != "" {
				continue
			}
			run, err := spec.FindRun(ctx, sandbox, session.EndpointOf(service))
			if err != nil {
				all = false
				continue
			}
			starts[service.Name] = run.Root.StartTime
		}
		return all
	})
	return starts
}

// itBootsVictimsInOrder registers the spec of a chain that begins with a oneshot.
func itBootsVictimsInOrder(chaos *session.Session) {
	first := planOneshot("boot-prepare", 0)
	base := planVictim("boot1", first.Name)
	middle := planVictim("boot2", base.Name)
	top := planVictim("boot3", middle.Name)
	It("start in their order: "+top.Name, spec.About(promise.DependencyBoot), spec.On(top.Name), func(ctx SpecContext) {
		sandbox := spec.Background(ctx, chaos, bootSandbox)
		spec.Conclude(requireRPC(sandbox))
		spec.Register(ctx, sandbox, defineOneshot(first))
		for _, plan := range []session.VictimPlan{base, middle, top} {
			spec.Register(ctx, sandbox, plan.Definition())
		}
		if _, missing := awaitServing(ctx, sandbox, keptPeriod+3*startLimit, base, middle, top); missing != "" {
			spec.Inconclusive(fmt.Sprintf("%s does not run before the boot: %s", missing, sandbox.StatusText(ctx, missing)))
		}
		before, _ := findStart(ctx, sandbox, first)
		restartContainer(ctx, chaos, sandbox)
		if _, err := sandbox.Supervisor.Get(ctx, top.Name); err != nil {
			spec.Inconclusive(fmt.Sprintf("%s is not registered after the restart, so nothing can start in an order: %v", top.Name, err))
		}
		lives, missing := awaitServing(ctx, sandbox, chaos.Target.Budgets.Boot.Duration(), base, middle, top)
		if missing != "" {
			spec.FailWith(chaos, missing+" does not serve after the boot",
				spec.Note("zinit", "%s", sandbox.StatusText(ctx, missing)), spec.Note("oneshot", "%s", sandbox.StatusText(ctx, first.Name)))
		}
		now := before
		spec.Await(ctx, startLimit, first.Name+" is run again at boot", func(ctx context.Context) bool {
			now, _ = findStart(ctx, sandbox, first)
			return now != before
		})
		early := findEarly(lives)
		over := now.MonoNS + int64(first.Options.ExitDelay)
		if ahead := time.Duration(over - lives[0].began); ahead > 0 {
			early = append(early, spec.Note("early", "%s began %s before the end of %s", base.Name, ahead.Round(time.Millisecond), first.Name))
		}
		if len(early) > 0 {
			spec.FailWith(chaos, "services did not start in their order when the container was started again", early...)
		}
	}, NodeTimeout(2*specTimeout))
}
