package boot

import (
	"context"
	"fmt"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// inventory registers the specs that compare the image with the target file.
func inventory(chaos *session.Session) {
	for _, one := range []struct {
		promise, sentence string
		check             func(context.Context, *target.Target, *session.Sandbox) spec.Finding
	}{
		{promise.BootInventory, "has exactly its services", checkServices},
		{promise.BootActions, "has exactly its actions", checkActions},
		{promise.BootActionsOwned, "has every action once", checkOwners},
		{promise.BootCovered, "is in the target file", checkCoverage},
		{promise.BootOwnProcess, "has services that are served by their own processes", checkOwnProcesses},
	} {
		It(one.sentence, spec.About(one.promise), spec.On(whole), func(ctx SpecContext) {
			sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
			By("read what zinit has registered")
			one.check(ctx, chaos.Target, sandbox).Judge(chaos)
		}, NodeTimeout(chaos.Target.Budgets.Smoke.Duration()))
	}
}

// listServices returns the names of the image's services that are kept running. A service that runs once is not counted.
func listServices(ctx context.Context, sandbox *session.Sandbox) []string {
	GinkgoHelper()
	statuses, err := sandbox.Supervisor.List(ctx)
	spec.Conclude(err)
	once := map[string]bool{}
	for _, action := range listActions(ctx, sandbox) {
		if action.EffectiveKind() == zinit.KindRun && action.Oneshot {
			once[action.Service] = true
		}
	}
	var names []string
	for _, status := range statuses {
		if !spec.IsOurs(status.Name) && !once[status.Name] {
			names = append(names, status.Name)
		}
	}
	slices.Sort(names)
	return names
}

// listActions returns the image's actions.
func listActions(ctx context.Context, sandbox *session.Sandbox) []zinit.Action {
	GinkgoHelper()
	all, err := sandbox.Supervisor.Actions(ctx, "")
	spec.Conclude(err)
	return slices.DeleteFunc(all, func(action zinit.Action) bool { return spec.IsOurs(action.Name) })
}

// checkServices compares names if the target file has them all, and else their number.
func checkServices(ctx context.Context, t *target.Target, sandbox *session.Sandbox) spec.Finding {
	GinkgoHelper()
	if t.Inventory.Services == 0 {
		spec.Inconclusive("the target file knows no inventory of services")
	}
	found := listServices(ctx, sandbox)
	var listed, drift []string
	for _, service := range t.Restartable() {
		listed = append(listed, service.Name)
		if !slices.Contains(found, service.Name) {
			drift = append(drift, "missing  "+service.Name)
		}
	}
	if len(listed) == t.Inventory.Services {
		for _, name := range found {
			if !slices.Contains(listed, name) {
				drift = append(drift, "more     "+name)
			}
		}
	}
	if len(found) == t.Inventory.Services && len(drift) == 0 {
		return spec.Finding{}
	}
	return spec.Finding{Headline: fmt.Sprintf("zinit has %d services, and the inventory %d", len(found), t.Inventory.Services), Cases: drift}
}

// checkActions counts the actions that run or check a service. Each service has one of both, and the inventory has their
// sum.
func checkActions(ctx context.Context, t *target.Target, sandbox *session.Sandbox) spec.Finding {
	GinkgoHelper()
	if t.Inventory.Actions == 0 {
		spec.Inconclusive("the target file knows no inventory of actions")
	}
	counts := map[string]map[zinit.Kind]int{}
	total := 0
	for _, action := range listActions(ctx, sandbox) {
		if kind := action.EffectiveKind(); kind == zinit.KindRun || kind == zinit.KindHealth {
			if counts[action.Service] == nil {
				counts[action.Service] = map[zinit.Kind]int{}
			}
			counts[action.Service][kind]++
			total++
		}
	}
	var drift []string
	for _, service := range listServices(ctx, sandbox) {
		for _, kind := range []zinit.Kind{zinit.KindRun, zinit.KindHealth} {
			if n := counts[service][kind]; n != 1 {
				drift = append(drift, fmt.Sprintf("%s has %d actions of the kind %s", service, n, kind))
			}
		}
	}
	if total == t.Inventory.Actions && len(drift) == 0 {
		return spec.Finding{}
	}
	return spec.Finding{
		Headline: fmt.Sprintf("zinit has %d actions that run or check a service, and the inventory %d", total, t.Inventory.Actions), Cases: drift,
	}
}

// checkOwners looks for an action that two services have, and for names that are not SERVICE.KIND.
func checkOwners(ctx context.Context, _ *target.Target, sandbox *session.Sandbox) spec.Finding {
	GinkgoHelper()
	if sandbox.Supervisor.Dialect() == zinit.Dialect03 {
		spec.Inconclusive("zinit 0.3 has no actions that two services could share")
	}
	owners := map[string]string{}
	var wrong []string
	services := listServices(ctx, sandbox)
	for _, service := range services {
		definition, err := sandbox.Supervisor.Get(ctx, service)
		spec.Conclude(err)
		for _, action := range definition.Actions {
			if other, taken := owners[action]; taken {
				wrong = append(wrong, fmt.Sprintf("%s is listed by %s and by %s", action, other, service))
			}
			owners[action] = service
		}
	}
	for _, action := range listActions(ctx, sandbox) {
		if owner := owners[action.Name]; owner != "" && action.Service != "" && action.Service != owner {
			wrong = append(wrong, fmt.Sprintf("%s is listed by %s and belongs to %s", action.Name, owner, action.Service))
		}
		kind := action.EffectiveKind()
		if (kind == zinit.KindRun || kind == zinit.KindHealth) && action.Service != "" && action.Name != action.Service+"."+string(kind) {
			wrong = append(wrong, fmt.Sprintf("%s is the %s action of %s, so its name has to be %s.%s", action.Name, kind, action.Service, action.Service, kind))
		}
	}
	if len(services) == 0 || len(owners) == 0 {
		spec.Inconclusive("no service of the image lists an action: there is nothing to share")
	}
	if len(wrong) == 0 {
		return spec.Finding{}
	}
	return spec.Finding{Headline: "an action does not belong to one service alone", Cases: wrong}
}

// checkCoverage looks for services that are not in the target file. It never fails, since an untested service proves
// nothing.
func checkCoverage(ctx context.Context, t *target.Target, sandbox *session.Sandbox) spec.Finding {
	GinkgoHelper()
	found := listServices(ctx, sandbox)
	if len(found) == 0 {
		spec.Inconclusive("zinit has no service of the image: only victims are tested")
	}
	var untested []string
	for _, name := range found {
		if _, listed := t.Service(name); !listed {
			untested = append(untested, name)
		}
	}
	if len(untested) > 0 {
		spec.Inconclusive(fmt.Sprintf("%d of %d services are not in the target file, so nothing was tested on them (make discover writes one that has them): %s",
			len(untested), len(found), strings.Join(untested, ", ")))
	}
	return spec.Finding{}
}
