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

// finding is what a check has found: a headline, empty where all is as promised, and the single cases.
type finding struct {
	headline string
	cases    []string
}

func inventorySpecs(chaos *session.Session) {
	for _, one := range []struct {
		promise, sentence string
		check             func(context.Context, *target.Target, *session.Sandbox) finding
	}{
		{promise.BootInventory, "has exactly its services", servicesAreThose},
		{promise.BootActions, "has exactly its actions", actionsAreThose},
		{promise.BootActionsOwned, "has every action once", actionsAreOwned},
		{promise.BootCovered, "is in the target file", servicesAreCovered},
	} {
		It(one.sentence, spec.About(one.promise), spec.On(whole), func(ctx SpecContext) {
			found := one.check(ctx, chaos.Target, spec.Sandbox(ctx, chaos, session.MainSandbox))
			if found.headline != "" {
				spec.FailWith(chaos, found.headline, spec.List("found", found.cases)...)
			}
		}, NodeTimeout(chaos.Target.Budgets.Smoke.Duration()))
	}
}

// ours tells whether a service or an action is one of the harness.
func ours(name string) bool { return strings.HasPrefix(name, session.VictimName("")) }

// registered are the image's services that are kept running: a service that runs once is none of the 28 processes.
func registered(ctx context.Context, sandbox *session.Sandbox) []string {
	GinkgoHelper()
	statuses, err := sandbox.Supervisor.List(ctx)
	spec.Conclude(err)
	once := map[string]bool{}
	for _, action := range actions(ctx, sandbox) {
		if kindOf(action) == zinit.KindRun && action.Oneshot {
			once[action.Service] = true
		}
	}
	var names []string
	for _, status := range statuses {
		if !ours(status.Name) && !once[status.Name] {
			names = append(names, status.Name)
		}
	}
	slices.Sort(names)
	return names
}

// actions are the image's.
func actions(ctx context.Context, sandbox *session.Sandbox) []zinit.Action {
	GinkgoHelper()
	all, err := sandbox.Supervisor.Actions(ctx, "")
	spec.Conclude(err)
	return slices.DeleteFunc(all, func(action zinit.Action) bool { return ours(action.Name) })
}

func kindOf(action zinit.Action) zinit.Kind {
	if action.Kind == "" {
		return zinit.KindRun
	}
	return action.Kind
}

// servicesAreThose compares names where the target file has them all, and else their number.
func servicesAreThose(ctx context.Context, t *target.Target, sandbox *session.Sandbox) finding {
	GinkgoHelper()
	if t.Inventory.Services == 0 {
		spec.Inconclusive("the target file knows no inventory of services")
	}
	found := registered(ctx, sandbox)
	listed := slices.Collect(names(t.Restartable()))
	var drift []string
	for _, name := range listed {
		if !slices.Contains(found, name) {
			drift = append(drift, "missing  "+name)
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
		return finding{}
	}
	return finding{fmt.Sprintf("zinit has %d services, and the inventory %d", len(found), t.Inventory.Services), drift}
}

func names(services []target.Service) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, service := range services {
			if !yield(service.Name) {
				return
			}
		}
	}
}

// actionsAreThose counts the actions that run or check a service: one of each for every service, and the inventory's
// number together.
func actionsAreThose(ctx context.Context, t *target.Target, sandbox *session.Sandbox) finding {
	GinkgoHelper()
	if t.Inventory.Actions == 0 {
		spec.Inconclusive("the target file knows no inventory of actions")
	}
	counts := map[string]map[zinit.Kind]int{}
	total := 0
	for _, action := range actions(ctx, sandbox) {
		if kind := kindOf(action); kind == zinit.KindRun || kind == zinit.KindHealth {
			if counts[action.Service] == nil {
				counts[action.Service] = map[zinit.Kind]int{}
			}
			counts[action.Service][kind]++
			total++
		}
	}
	var drift []string
	for _, service := range registered(ctx, sandbox) {
		for _, kind := range []zinit.Kind{zinit.KindRun, zinit.KindHealth} {
			if n := counts[service][kind]; n != 1 {
				drift = append(drift, fmt.Sprintf("%s has %d actions of the kind %s", service, n, kind))
			}
		}
	}
	if total == t.Inventory.Actions && len(drift) == 0 {
		return finding{}
	}
	return finding{fmt.Sprintf("zinit has %d actions that run or check a service, and the inventory %d", total, t.Inventory.Actions), drift}
}

// actionsAreOwned looks for an action that two services have, and for names that are not SERVICE.KIND.
func actionsAreOwned(ctx context.Context, _ *target.Target, sandbox *session.Sandbox) finding {
	GinkgoHelper()
	if sandbox.Supervisor.Dialect() == zinit.Dialect03 {
		spec.Inconclusive("zinit 0.3 has no actions that two services could share")
	}
	owner := map[string]string{}
	var wrong []string
	services := registered(ctx, sandbox)
	for _, service := range services {
		definition, err := sandbox.Supervisor.Get(ctx, service)
		spec.Conclude(err)
		for _, action := range definition.Actions {
			if other, taken := owner[action]; taken {
				wrong = append(wrong, fmt.Sprintf("%s is listed by %s and by %s", action, other, service))
			}
			owner[action] = service
		}
	}
	for _, action := range actions(ctx, sandbox) {
		if service := owner[action.Name]; service != "" && action.Service != "" && action.Service != service {
			wrong = append(wrong, fmt.Sprintf("%s is listed by %s and belongs to %s", action.Name, service, action.Service))
		}
		kind := kindOf(action)
		if (kind == zinit.KindRun || kind == zinit.KindHealth) && action.Service != "" && action.Name != action.Service+"."+string(kind) {
			wrong = append(wrong, fmt.Sprintf("%s is the %s action of %s: it has to be called %s.%s", action.Name, kind, action.Service, action.Service, kind))
		}
	}
	if len(services) == 0 || len(owner) == 0 {
		spec.Inconclusive("no service of the image lists an action: there is nothing to share")
	}
	if len(wrong) == 0 {
		return finding{}
	}
	return finding{"an action is not one service's own", wrong}
}

// servicesAreCovered never fails: what is not in the target file was not tested, which proves nothing.
func servicesAreCovered(ctx context.Context, t *target.Target, sandbox *session.Sandbox) finding {
	GinkgoHelper()
	found := registered(ctx, sandbox)
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
	return finding{}
}
