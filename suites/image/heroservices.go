package image

import (
	"context"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

const (
	// binariesSandbox is a sandbox of its own: hero_services stops everything in it.
	binariesSandbox = "binaries"
	// variable keeps hero_services from deleting the image's programs (contract hero_zero, "The image") [S].
	variable = "HERO_DOCKER"
	// helpLimit and orderLimit are how long hero_services may take to print its help, and to carry out an order.
	helpLimit  = 5 * time.Second
	orderLimit = 60 * time.Second
)

// The orders that hero_services deletes programs at, without HERO_DOCKER (contract hero_zero, "The image") [S].
const (
	orderStop    = "stop"
	orderRestart = "service_hard_restart"
)

func heroServicesSpecs(chaos *session.Session) {
	once(chaos, promise.ImageHeroDocker, "find HERO_DOCKER set", session.MainSandbox, heroDockerIsSet)
	once(chaos, promise.ImageHeroDockerBaked, "find HERO_DOCKER set by the image", session.MainSandbox, heroDockerIsBaked)
	Describe("keep their programs", Ordered, ContinueOnFailure, func() {
		for _, order := range []string{orderRestart, orderStop} { // what was stopped stays so: the stop is the last
			It("when it is told to "+order, spec.About(promise.ImageBinariesKept), spec.On(order), func(ctx SpecContext) {
				programsAreKept(ctx, chaos, spec.Background(ctx, chaos, binariesSandbox), order)
			}, NodeTimeout(2*chaos.Target.Budgets.Boot.Duration()+2*orderLimit))
		}
	})
}

// needHeroServices ends the spec where the image has no hero_services.
func needHeroServices(ctx context.Context, sandbox *session.Sandbox) {
	GinkgoHelper()
	paths, err := sandbox.Agent().Glob(ctx, heroServices)
	spec.Conclude(err)
	if len(paths) == 0 {
		spec.Inconclusive("the image has no " + heroServices)
	}
}

// heroDockerIsSet looks into every process of hero_services, and where none runs into zinit and process 1, which are
// started as it is.
func heroDockerIsSet(ctx SpecContext, sandbox *session.Sandbox) finding {
	GinkgoHelper()
	needHeroServices(ctx, sandbox)
	table, err := sandbox.Agent().Processes(ctx)
	spec.Conclude(err)
	var running []int
	for _, process := range table {
		if len(process.Argv) > 0 && path.Base(process.Argv[0]) == path.Base(heroServices) {
			running = append(running, process.PID)
		}
	}
	var unset []string
	for _, pid := range running {
		if wrong := notSet(ctx, sandbox, pid, "hero_services"); wrong != "" {
			unset = append(unset, wrong)
		}
	}
	if len(running) == 0 {
		unset = besideHeroServices(ctx, sandbox)
	}
	if len(unset) == 0 {
		return finding{}
	}
	return finding{"HERO_DOCKER=1 is not set where hero_services runs: its next stop deletes the image's programs", unset}
}

// besideHeroServices looks where hero_services would get its environment from: from zinit, or from process 1, which may
// have set the variable for others only after it was started itself. That process 1 alone has it says nothing, unless
// zinit is not known: somebody may take it away in between.
func besideHeroServices(ctx context.Context, sandbox *session.Sandbox) []string {
	GinkgoHelper()
	first := notSet(ctx, sandbox, 1, "process 1")
	pid := sandbox.SupervisorPID()
	if pid == 0 {
		return nonEmpty(first)
	}
	supervisor := notSet(ctx, sandbox, pid, "zinit")
	if supervisor != "" && first == "" {
		spec.Inconclusive(supervisor + ", and process 1 has it: hero_services does not run, and which of them it would have it from is not known")
	}
	return nonEmpty(supervisor)
}

func nonEmpty(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

// notSet says what is wrong with the variable in a process, "" for nothing.
func notSet(ctx context.Context, sandbox *session.Sandbox, pid int, name string) string {
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

// heroDockerIsBaked asks Docker what the image itself sets: the harness sets the variable, too, where the target says so.
func heroDockerIsBaked(ctx SpecContext, sandbox *session.Sandbox) finding {
	GinkgoHelper()
	needHeroServices(ctx, sandbox)
	about, err := sandbox.About(ctx)
	spec.Conclude(err)
	if slices.Contains(about.Baked, variable) {
		return finding{}
	}
	return finding{
		"the image does not set HERO_DOCKER itself: whoever starts it without loses its programs at the next stop",
		[]string{"no such variable in the image's environment; the entry point may set it later"},
	}
}

// programsAreKept has hero_services carry out an order, and compares every program with what it was.
func programsAreKept(ctx context.Context, chaos *session.Session, sandbox *session.Sandbox, order string) {
	GinkgoHelper()
	needHeroServices(ctx, sandbox)
	environmentOf := max(1, sandbox.SupervisorPID())
	help, err := sandbox.Agent().RunAs(ctx, environmentOf, helpLimit, heroServices, "--help")
	spec.Conclude(err)
	if help.ExitCode != 0 || !regexp.MustCompile(`(?m)^\s+`+order+`\b`).MatchString(help.Output) {
		spec.Inconclusive("the help of hero_services names no command " + order + ": it cannot be told to")
	}
	before, err := sandbox.Agent().Hashes(ctx, programs)
	spec.Conclude(err)
	watched := shipped(ctx, chaos, sandbox)
	holdAll(ctx, chaos, sandbox)
	first := spec.Identify(ctx, sandbox, watched[0])
	ran, err := sandbox.Agent().RunAs(ctx, environmentOf, orderLimit, heroServices, order)
	spec.Conclude(err)
	landed := settled(ctx, sandbox, order, watched, func(pid int) bool { return pid != first.PID })
	after, err := sandbox.Agent().Hashes(ctx, programs)
	spec.Conclude(err)
	if changed := differences(before, after); len(changed) > 0 {
		spec.FailWith(chaos,
			fmt.Sprintf("hero_services %s has changed %d of %d programs of the image", order, len(changed), len(before)),
			spec.List("found", changed)...)
	}
	if ran.ExitCode != 0 || ran.TimedOut {
		spec.Inconclusive(fmt.Sprintf("hero_services %s ended with %d", order, ran.ExitCode))
	}
	spec.Conclude(landed)
}

// holdAll keeps every service for the length of the spec, ours included: hero_services may stop all that zinit knows.
func holdAll(ctx context.Context, chaos *session.Session, sandbox *session.Sandbox) {
	GinkgoHelper()
	names := append(chaos.Target.ServiceNames(), session.Base)
	for _, bystander := range sandbox.Bystanders() {
		names = append(names, bystander.Name)
	}
	var releases []func(context.Context) error
	for _, name := range names {
		release, err := sandbox.Hold(ctx, name)
		spec.Conclude(err)
		releases = append(releases, release)
	}
	DeferCleanup(func(ctx SpecContext) { // each waits a moment for a service that may be down: all at once
		var work sync.WaitGroup
		for _, release := range releases {
			work.Go(func() { _ = release(ctx) })
		}
		work.Wait()
	}, NodeTimeout(30*time.Second))
}

// shipped are the services of the target that serve, at least one.
func shipped(ctx context.Context, chaos *session.Session, sandbox *session.Sandbox) []session.Service {
	GinkgoHelper()
	var services []session.Service
	for _, service := range chaos.Target.Restartable() {
		if one := chaos.Shipped(service); recovery.Steady(ctx, sandbox, one.Endpoint) == nil {
			services = append(services, one)
		}
	}
	if len(services) == 0 {
		spec.Inconclusive("no service of the target serves: nothing can be stopped")
	}
	return services
}

// settled waits for the effect of an order: everything down after a stop; everything serving, by other processes,
// after a restart. The error says that it did not come.
func settled(ctx context.Context, sandbox *session.Sandbox, order string, services []session.Service, replaced func(pid int) bool) error {
	serving := 0
	landed := spec.Until(ctx, orderLimit, func(ctx context.Context) bool {
		serving = 0
		for _, service := range services {
			if conn, err := sandbox.Dial(ctx, service.Endpoint); err == nil {
				_ = conn.Close()
				serving++
			}
		}
		if order == orderStop {
			return serving == 0
		}
		if serving < len(services) {
			return false
		}
		identity, err := sandbox.Agent().Identify(ctx, protocol.IdentifyParams{Endpoint: services[0].Endpoint, SupervisorPID: sandbox.SupervisorPID()})
		return err == nil && replaced(identity.Serving.PID)
	})
	if !landed {
		return &recovery.Inconclusive{Reason: fmt.Sprintf("hero_services %s did not land: %d of %d services serve", order, serving, len(services))}
	}
	return nil
}

// differences is a line for every file that is not as it was.
func differences(before, after map[string]string) []string {
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
