package dependency

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// startInOrder registers chains the wrong way round.
func startInOrder(chaos *session.Session) {
	for p, kind := range map[string]string{promise.DependencyRequires: "requires", promise.DependencyAfter: "after"} {
		top := session.VictimName(kind + "3")
		It("start in their order: "+kind, spec.About(p), spec.On(top), func(ctx SpecContext) {
			sandbox := undisturbed(ctx, chaos, kind)
			startsLast(ctx, chaos, sandbox, p, kind)
		}, NodeTimeout(limit))
	}
}

func startsLast(ctx context.Context, chaos *session.Session, sandbox *session.Sandbox, p, kind string) {
	chain := []session.VictimPlan{planOf(kind + "1"), planOf(kind + "2"), planOf(kind + "3")}
	definitions := make([]zinit.Definition, len(chain))
	for i, plan := range chain {
		definitions[i] = plan.Definition()
		if i > 0 {
			definitions[i].Service.Dependencies = dependencies(kind, chain[i-1].Name)
		}
	}
	for _, definition := range slices.Backward(definitions[1:]) {
		add(ctx, sandbox, definition)
	}
	// The time in which they would start if nothing kept them: it is what is watched.
	begunEarly := func(ctx context.Context) bool {
		return slices.ContainsFunc(chain[1:], func(plan session.VictimPlan) bool { _, yes := begun(ctx, sandbox, plan); return yes })
	}
	if spec.Until(ctx, pause, begunEarly) {
		spec.FailWith(chaos, fmt.Sprintf("services that are ordered by %s started before the first of them was there", kind),
			[2]string{"order", fmt.Sprintf("%s, %s, %s", chain[0].Name, chain[1].Name, chain[2].Name)},
			[2]string{"zinit", fmt.Sprintf("%s, %s", sandbox.Word(ctx, chain[1].Name), sandbox.Word(ctx, chain[2].Name))})
	}
	spec.Conclude(ctx.Err())
	add(ctx, sandbox, definitions[0])
	lives, missing := serving(ctx, sandbox, 3*starting, chain...)
	spec.Conclude(ctx.Err())
	if missing == chain[0].Name {
		spec.Inconclusive(fmt.Sprintf("%s itself does not serve: %s", missing, sandbox.Word(ctx, missing)))
	}
	if missing != "" {
		spec.FailWith(chaos, fmt.Sprintf("%s does not start, and what it comes after runs", missing),
			[2]string{"zinit", sandbox.Word(ctx, missing)}, [2]string{"waited", (3 * starting).String()})
	}
	if lines := inOrder(lives); len(lines) > 0 {
		spec.FailWith(chaos, fmt.Sprintf("services that are ordered by %s did not start in their order", kind), lines...)
	}
}

func dependencies(kind, on string) zinit.Dependencies {
	if kind == "after" {
		return zinit.Dependencies{After: []string{on}}
	}
	return zinit.Dependencies{Requires: []string{on}}
}

// awaitOneshots puts a oneshot before a service.
func awaitOneshots(chaos *session.Session) {
	for _, c := range []struct {
		promise, name string
		code          int
	}{{promise.DependencyOneshot, "prepare", 0}, {promise.DependencyOneshotFailed, "prepare-failing", 3}} {
		plan, then := oneshot(c.name, c.code), planOf(c.name+"-then")
		then.Requires = []string{plan.Name}
		It(fmt.Sprintf("wait for a oneshot that ends with %d: %s", c.code, then.Name), spec.About(c.promise), spec.On(then.Name), func(ctx SpecContext) {
			sandbox := undisturbed(ctx, chaos, c.name)
			add(ctx, sandbox, onceOnly(plan))
			add(ctx, sandbox, then.Definition())
			if c.code == 0 {
				startsAfterSuccess(ctx, chaos, sandbox, plan, then)
			} else {
				staysDown(ctx, chaos, sandbox, plan, then)
			}
		}, NodeTimeout(limit))
	}
}

// oneshot is a victim that ends by itself.
func oneshot(name string, code int) session.VictimPlan {
	plan := planOf(name)
	plan.Options.ExitAfter, plan.Options.ExitCode = pause, code
	return plan
}

// onceOnly is a definition whose run action is a oneshot.
func onceOnly(plan session.VictimPlan) zinit.Definition {
	definition := plan.Definition()
	definition.Actions[0].Oneshot = true
	return definition
}

// endOf is when a oneshot's only life was over: it ends so long after it began.
func endOf(ctx context.Context, sandbox *session.Sandbox, plan session.VictimPlan) int64 {
	GinkgoHelper()
	all := events(ctx, sandbox, plan)
	if len(all) == 0 {
		spec.Inconclusive(plan.Name + " has not begun: " + sandbox.Word(ctx, plan.Name))
	}
	return all[0].MonoNS + int64(plan.Options.ExitAfter)
}

func startsAfterSuccess(ctx context.Context, chaos *session.Session, sandbox *session.Sandbox, plan, then session.VictimPlan) {
	lives, missing := serving(ctx, sandbox, pause+2*starting, then)
	spec.Conclude(ctx.Err())
	over := endOf(ctx, sandbox, plan)
	if missing != "" {
		spec.FailWith(chaos,
			fmt.Sprintf("%s does not start, and %s, which it waits for, has succeeded", then.Name, plan.Name),
			[2]string{"zinit", sandbox.Word(ctx, then.Name)}, [2]string{"oneshot", sandbox.Word(ctx, plan.Name)})
	}
	if early := time.Duration(over - lives[0].began); early > 0 {
		spec.FailWith(chaos,
			fmt.Sprintf("%s started %s before the end of %s, which it waits for", then.Name, early.Round(time.Millisecond), plan.Name))
	}
}

func staysDown(ctx context.Context, chaos *session.Session, sandbox *session.Sandbox, plan, then session.VictimPlan) {
	if !spec.Until(ctx, starting, func(ctx context.Context) bool { return len(events(ctx, sandbox, plan)) > 0 }) {
		spec.Inconclusive(plan.Name + " has not begun: " + sandbox.Word(ctx, plan.Name))
	}
	// A start would follow within 2 s of the oneshot's end: that time is what is watched.
	if spec.Until(ctx, pause+2*time.Second+delay, func(ctx context.Context) bool { _, yes := begun(ctx, sandbox, then); return yes }) {
		event, _ := begun(ctx, sandbox, then)
		spec.FailWith(chaos,
			fmt.Sprintf("%s started, and %s, which it requires, has not succeeded", then.Name, plan.Name),
			[2]string{"started", fmt.Sprintf("%s after the oneshot, which takes %s and exits with %d",
				time.Duration(event.MonoNS-events(ctx, sandbox, plan)[0].MonoNS).Round(time.Millisecond), plan.Options.ExitAfter, plan.Options.ExitCode)},
			[2]string{"zinit", sandbox.Word(ctx, plan.Name)})
	}
	spec.Conclude(ctx.Err())
}

// bootSandbox is started twice: what is registered has to come up in its order from what was kept.
const bootSandbox = "dependency"

func bootInOrder(chaos *session.Session) {
	Describe("at boot", spec.Costly, Ordered, ContinueOnFailure, func() {
		It("start in their order: the image's services", spec.About(promise.DependencyBootShipped), func(ctx SpecContext) {
			sandbox := spec.Background(ctx, chaos, bootSandbox)
			shippedInOrder(ctx, chaos, sandbox)
		}, NodeTimeout(2*limit))
		top := planOf("boot3")
		It("start in their order: "+top.Name, spec.About(promise.DependencyBoot), spec.On(top.Name), func(ctx SpecContext) {
			sandbox := spec.Background(ctx, chaos, bootSandbox)
			needsRPC(sandbox)
			victimsInOrder(ctx, chaos, sandbox, top)
		}, NodeTimeout(2*limit))
	})
}

// shippedInOrder looks at two boots: at the first the image registers its services one after the other, at the second
// the supervisor knows them all from the start.
func shippedInOrder(ctx context.Context, chaos *session.Session, sandbox *session.Sandbox) {
	for boot := range 2 {
		if boot > 0 {
			_, err := sandbox.Interrupt(ctx, session.Restart, chaos.Target.Budgets.StopTimeout.Duration())
			spec.Conclude(err)
		}
		lines, pairs := early(ctx, sandbox, births(ctx, chaos, sandbox))
		if pairs == 0 {
			spec.Inconclusive("no service of the image is known to depend on another")
		}
		if len(lines) > 0 {
			spec.FailWith(chaos,
				fmt.Sprintf("at boot %d services of the image started before those that they depend on", boot+1), lines...)
		}
	}
}

// births are when the kernel made the processes of the image's services, which nobody has touched since the boot. Who
// does not serve within the boot's budget is left out: that is another promise's.
func births(ctx context.Context, chaos *session.Session, sandbox *session.Sandbox) map[string]uint64 {
	began := map[string]uint64{}
	spec.Until(ctx, chaos.Target.Budgets.Boot.Duration(), func(ctx context.Context) bool {
		for _, service := range chaos.Target.Restartable() {
			if began[service.Name] != 0 {
				continue
			}
			identity, err := sandbox.Agent().Identify(ctx, protocol.IdentifyParams{
				Endpoint: session.EndpointOf(service), SupervisorPID: sandbox.SupervisorPID(),
			})
			if err != nil {
				return false
			}
			began[service.Name] = identity.Serving.StartTime
		}
		return true
	})
	return began
}

// early says who began before a service that it depends on, and how many pairs were compared.
func early(ctx context.Context, sandbox *session.Sandbox, began map[string]uint64) (lines [][2]string, pairs int) {
	GinkgoHelper()
	for _, name := range slices.Sorted(maps.Keys(began)) {
		definition, err := sandbox.Supervisor.Get(ctx, name)
		spec.Conclude(err)
		for _, base := range slices.Concat(definition.Dependencies.Requires, definition.Dependencies.After) {
			first, known := began[base]
			if !known {
				continue
			}
			pairs++
			if began[name] < first {
				lines = append(lines, [2]string{"early", fmt.Sprintf("%s began %s before %s", name, ticks(first-began[name]), base)})
			}
		}
	}
	return lines, pairs
}

// victimsInOrder has a chain that begins with a oneshot, and starts the container again.
func victimsInOrder(ctx context.Context, chaos *session.Session, sandbox *session.Sandbox, top session.VictimPlan) {
	first, base, middle := oneshot("boot-prepare", 0), planOf("boot1"), planOf("boot2")
	base.Requires, middle.Requires, top.Requires = []string{first.Name}, []string{base.Name}, []string{middle.Name}
	add(ctx, sandbox, onceOnly(first))
	for _, plan := range []session.VictimPlan{base, middle, top} {
		add(ctx, sandbox, plan.Definition())
	}
	if _, missing := serving(ctx, sandbox, pause+3*starting, base, middle, top); missing != "" {
		spec.Inconclusive(fmt.Sprintf("%s does not run before the boot: %s", missing, sandbox.Word(ctx, missing)))
	}
	before, _ := begun(ctx, sandbox, first)
	_, err := sandbox.Interrupt(ctx, session.Restart, chaos.Target.Budgets.StopTimeout.Duration())
	spec.Conclude(err)
	if _, err := sandbox.Supervisor.Get(ctx, top.Name); err != nil {
		spec.Inconclusive(fmt.Sprintf("%s is not registered after the restart, so nothing can start in an order: %v", top.Name, err))
	}
	lives, missing := serving(ctx, sandbox, chaos.Target.Budgets.Boot.Duration(), base, middle, top)
	spec.Conclude(ctx.Err())
	if missing != "" {
		spec.FailWith(chaos, fmt.Sprintf("%s does not serve after the boot", missing),
			[2]string{"zinit", sandbox.Word(ctx, missing)}, [2]string{"oneshot", sandbox.Word(ctx, first.Name)})
	}
	again := func(ctx context.Context) bool { now, _ := begun(ctx, sandbox, first); return now != before }
	if !spec.Until(ctx, starting, again) {
		spec.Inconclusive(first.Name + " was not run again at boot, so nothing had to be waited for: " + sandbox.Word(ctx, first.Name))
	}
	now, _ := begun(ctx, sandbox, first)
	lines := inOrder(lives)
	over := now.MonoNS + int64(first.Options.ExitAfter)
	if early := time.Duration(over - lives[0].began); early > 0 {
		lines = append(lines, [2]string{"early", fmt.Sprintf("%s began %s before the end of %s", base.Name, early.Round(time.Millisecond), first.Name)})
	}
	if len(lines) > 0 {
		spec.FailWith(chaos, "services did not start in their order when the container was started again", lines...)
	}
}
