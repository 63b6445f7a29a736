package image

import (
	"context"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

const (
	// programsSandbox is a sandbox of its own: hero_services stops everything in it.
	programsSandbox = "binaries"
	// variable keeps hero_services from deleting the image's programs: suites/contract/hero_zero.md#image.
	variable = "HERO_DOCKER"
	// helpTimeout and orderTimeout are how long hero_services may take to print its help, and to carry out an order.
	helpTimeout  = 5 * time.Second
	orderTimeout = 60 * time.Second
)

// Without HERO_DOCKER, these orders make hero_services delete programs: suites/contract/hero_zero.md#image.
const (
	orderStop    = "stop"
	orderRestart = "service_hard_restart"
)

// heroServicesOrders registers the specs of what hero_services does to the image's programs.
func heroServicesOrders(chaos *session.Session) {
	itPasses(chaos, promise.ImageHeroDocker, "find HERO_DOCKER set", session.MainSandbox, checkHeroDocker)
	itPasses(chaos, promise.ImageHeroDockerBaked, "find HERO_DOCKER set by the image", session.MainSandbox, checkHeroDockerBaked)
	Describe("keep their programs", spec.InBackground(programsSandbox), Ordered, ContinueOnFailure, func() {
		itKeepsPrograms(chaos, orderRestart)
		itKeepsPrograms(chaos, orderStop) // at last: what was stopped stays stopped
	})
}

// requireHeroServices ends the spec as INCONCLUSIVE if the image has no hero_services.
func requireHeroServices(ctx context.Context, sandbox *session.Sandbox) {
	GinkgoHelper()
	paths, err := sandbox.Agent().Glob(ctx, heroServices)
	spec.Conclude(err)
	if len(paths) == 0 {
		spec.Inconclusive("the image has no " + heroServices)
	}
}

// checkHeroDocker looks into every process of hero_services. If none runs, it looks where hero_services would get its
// environment from: from zinit, or from process 1.
func checkHeroDocker(ctx SpecContext, sandbox *session.Sandbox) spec.Finding {
	GinkgoHelper()
	requireHeroServices(ctx, sandbox)
	table, err := sandbox.Agent().Processes(ctx)
	spec.Conclude(err)
	running := false
	var unset []string
	note := func(pid int, name string) bool {
		what := describeVariable(ctx, sandbox, pid, name)
		if what != "" {
			unset = append(unset, what)
		}
		return what != ""
	}
	for _, process := range table {
		if len(process.Argv) > 0 && path.Base(process.Argv[0]) == path.Base(heroServices) {
			running = true
			note(process.PID, "hero_services")
		}
	}
	switch pid := sandbox.SupervisorPID(); {
	case running:
	case pid == 0:
		note(1, "process 1")
	case note(pid, "zinit") && describeVariable(ctx, sandbox, 1, "process 1") == "":
		// Process 1 may have set the variable for others only after it was started itself.
		spec.Inconclusive(unset[0] + ", and process 1 has it: hero_services does not run, and it is not known which of them would start it")
	}
	if len(unset) == 0 {
		return spec.Finding{}
	}
	return spec.Finding{Headline: "HERO_DOCKER=1 is not set for hero_services: its next stop deletes the image's programs", Cases: unset}
}

// describeVariable says what is wrong with the variable in a process, or nothing.
func describeVariable(ctx context.Context, sandbox *session.Sandbox, pid int, name string) string {
	GinkgoHelper()
	environment, err := sandbox.Agent().Environment(ctx, protocol.EnvironmentParams{PID: pid, Variable: variable})
	spec.Conclude(err)
	switch {
	case !slices.Contains(environment.Names, variable):
		return fmt.Sprintf("%s (pid %d) has no %s in its environment", name, pid, variable)
	case environment.Value != "1":
		return fmt.Sprintf("%s (pid %d) has %s=%q in its environment", name, pid, variable, environment.Value)
	}
	return ""
}

// checkHeroDockerBaked asks Docker what the image itself sets, since the harness may set the variable for the target.
func checkHeroDockerBaked(ctx SpecContext, sandbox *session.Sandbox) spec.Finding {
	GinkgoHelper()
	requireHeroServices(ctx, sandbox)
	about, err := sandbox.About(ctx)
	spec.Conclude(err)
	if slices.Contains(about.Baked, variable) {
		return spec.Finding{}
	}
	return spec.Finding{
		Headline: "the image does not set HERO_DOCKER itself: a container that is started without it loses its programs at the next stop",
		Cases:    []string{"no such variable in the image's environment; the entry point may set it later"},
	}
}

// itKeepsPrograms registers the spec of an order to hero_services: every program stays what it was.
func itKeepsPrograms(chaos *session.Session, order string) {
	It("when it is told to "+order, spec.About(promise.ImageBinariesKept), spec.On(order), func(ctx SpecContext) {
		sandbox := spec.Background(ctx, chaos, programsSandbox)
		agent, environmentOf := sandbox.Agent(), max(1, sandbox.SupervisorPID())
		By("look whether the help of hero_services names " + order)
		requireHeroServices(ctx, sandbox)
		help, err := agent.RunAs(ctx, environmentOf, helpTimeout, heroServices, "--help")
		spec.Conclude(err)
		if help.ExitCode != 0 || !regexp.MustCompile(`(?m)^\s+`+order+`\b`).MatchString(help.Output) {
			spec.Inconclusive("the help of hero_services names no command " + order + ": it cannot be told to")
		}
		By("hash the programs")
		before, err := agent.Hashes(ctx, programs)
		spec.Conclude(err)
		services := findServing(ctx, chaos, sandbox)
		holdAll(ctx, chaos, sandbox)
		first := spec.Identify(ctx, sandbox, services[0])

		By("run hero_services " + order)
		ran, err := agent.RunAs(ctx, environmentOf, orderTimeout, heroServices, order)
		spec.Conclude(err)
		By("wait until hero_services " + order + " has taken effect")
		serving := 0
		landed := spec.Until(ctx, orderTimeout, func(ctx context.Context) bool {
			serving = 0
			for _, service := range services {
				if conn, err := sandbox.Dial(ctx, service.Endpoint); err == nil {
					_ = conn.Close()
					serving++
				}
			}
			if order == orderStop || serving < len(services) {
				return order == orderStop && serving == 0
			}
			now, err := spec.FindProcess(ctx, sandbox, services[0].Endpoint)
			return err == nil && now.PID != first.PID
		})
		By("hash the programs again")
		after, err := agent.Hashes(ctx, programs)
		spec.Conclude(err)
		if changed := compareHashes(before, after); len(changed) > 0 {
			spec.FailWith(chaos, fmt.Sprintf("hero_services %s has changed %d of %d programs of the image", order, len(changed), len(before)),
				spec.List("found", changed)...)
		}
		if ran.ExitCode != 0 || ran.TimedOut {
			spec.Inconclusive(fmt.Sprintf("hero_services %s ended with %d", order, ran.ExitCode))
		}
		if !landed {
			spec.Inconclusive(fmt.Sprintf("hero_services %s did not land: %d of %d services serve", order, serving, len(services)))
		}
	}, NodeTimeout(2*chaos.Target.Budgets.Boot.Duration()+2*orderTimeout))
}

// holdAll keeps every service for the length of the spec, ours included: hero_services may stop all that zinit knows.
func holdAll(ctx context.Context, chaos *session.Session, sandbox *session.Sandbox) {
	GinkgoHelper()
	names := append(chaos.Target.ServiceNames(), session.Base)
	for _, bystander := range sandbox.Bystanders() {
		names = append(names, bystander.Name)
	}
	By("wait for the leases of all services")
	release, err := spec.HoldAll(ctx, sandbox, names)
	DeferCleanup(func(ctx SpecContext) { _ = release(ctx) }, NodeTimeout(30*time.Second))
	spec.Conclude(err)
}

// findServing returns the services of the target that serve, or ends the spec as INCONCLUSIVE if none does.
func findServing(ctx context.Context, chaos *session.Session, sandbox *session.Sandbox) []session.Service {
	GinkgoHelper()
	var services []session.Service
	for _, service := range chaos.Target.Restartable() {
		if one := chaos.Shipped(service); recovery.CheckSteady(ctx, sandbox, one.Endpoint) == nil {
			services = append(services, one)
		}
	}
	if len(services) == 0 {
		spec.Inconclusive("no service of the target serves: nothing can be stopped")
	}
	return services
}

// compareHashes returns a line for each file that is not as it was.
func compareHashes(before, after map[string]string) []string {
	var changed []string
	for _, name := range slices.Sorted(maps.Keys(before)) {
		switch sum, there := after[name]; {
		case !there:
			changed = append(changed, name+" is gone")
		case sum != before[name]:
			changed = append(changed, name+" has another content")
		}
	}
	return changed
}
