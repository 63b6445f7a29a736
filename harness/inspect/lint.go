package inspect

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/budget"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// Remark is something in the registered definitions that is wrong or leaves no margin.
type Remark struct {
	// Text is one line that several services can share.
	Text     string
	Services []string
}

// remarks groups services by the text of their remark.
type remarks struct{ list []Remark }

func (r *remarks) add(service, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	i := slices.IndexFunc(r.list, func(remark Remark) bool { return remark.Text == text })
	if i < 0 {
		i, r.list = len(r.list), append(r.list, Remark{Text: text})
	}
	if !slices.Contains(r.list[i].Services, service) {
		r.list[i].Services = append(r.list[i].Services, service)
	}
}

// Lint compares the registered definitions with the target file and with each other, and looks for probes that miss a hang.
func Lint(t *target.Target, services []zinit.Service, actions []zinit.Action) []Remark {
	r := new(remarks)
	lintInventory(r, t, services, actions)
	lintNames(r, services, actions)
	for _, service := range services {
		lintDependencies(r, service, services)
		own := actionsOf(service, actions)
		for _, action := range own {
			if action.EffectiveKind() == zinit.KindRun && !action.Oneshot {
				lintRun(r, t, service.Name, action)
				lintCap(r, service.Name, action, own)
			}
		}
		lintHealth(r, t, service.Name, own)
	}
	return r.list
}

func lintInventory(r *remarks, t *target.Target, services []zinit.Service, actions []zinit.Action) {
	const image = "the image"
	if want := t.Inventory.Services; want != 0 && want != len(services) {
		r.add(image, "%d services are registered, and the target file has %d", len(services), want)
	}
	counted := 0
	for _, action := range actions {
		if kind := action.EffectiveKind(); kind == zinit.KindRun || kind == zinit.KindHealth {
			counted++
		}
	}
	if want := t.Inventory.Actions; want != 0 && want != counted {
		r.add(image, "%d run and health actions are registered, and the target file has %d", counted, want)
	}
	for _, service := range t.Services {
		if !slices.ContainsFunc(services, func(s zinit.Service) bool { return s.Name == service.Name }) {
			r.add(service.Name, "the target file lists it, but it is not registered")
		}
	}
}

// lintNames looks for shared actions and for names that may collide.
func lintNames(r *remarks, services []zinit.Service, actions []zinit.Action) {
	listedBy := map[string]string{}
	for _, service := range services {
		for _, name := range service.Actions {
			if first, ok := listedBy[name]; ok && first != service.Name {
				r.add(service.Name, "shares the action %s with %s", name, first)
			} else if ok {
				r.add(service.Name, "lists the action %s twice", name)
			}
			listedBy[name] = service.Name
			if !slices.ContainsFunc(actions, func(a zinit.Action) bool { return a.Name == name }) {
				r.add(service.Name, "lists the action %s, which is not registered", name)
			}
		}
	}
	seen := map[string]bool{}
	for _, action := range actions {
		owner := action.Service
		if lister, ok := listedBy[action.Name]; ok && owner != "" && lister != owner {
			r.add(lister, "lists the action %s, which belongs to %s", action.Name, owner)
		}
		if owner == "" {
			owner = listedBy[action.Name]
		}
		if seen[action.Name] {
			r.add(owner, "the action %s is registered twice", action.Name)
		}
		seen[action.Name] = true
		if !strings.HasPrefix(action.Name, owner+".") {
			r.add(owner, "the action %s may collide: its name does not begin with its service's", action.Name)
		}
	}
}

func lintDependencies(r *remarks, service zinit.Service, services []zinit.Service) {
	d := service.Dependencies
	for _, name := range slices.Concat(d.Requires, d.After, d.Wants, d.Conflicts) {
		if name == service.Name {
			r.add(service.Name, "depends on itself")
		} else if !slices.ContainsFunc(services, func(s zinit.Service) bool { return s.Name == name }) {
			r.add(service.Name, "depends on %s, which is not registered", name)
		}
	}
}

// lintRun compares a run action's policy with the target file's, and its delay with the budget.
func lintRun(r *remarks, t *target.Target, service string, action zinit.Action) {
	if action.Retry == nil {
		r.add(service, "has no retry policy: what follows its end is not specified")
		return
	}
	listed, _ := t.Service(service)
	if want, have := t.PolicyOf(listed), *action.Retry; want != (zinit.RetryPolicy{}) && want != have {
		r.add(service, "its policy is %s, and the target file has %s", budget.DescribeFully(have), budget.DescribeFully(want))
	}
	delay, limit := action.Retry.DelayOfRetry(1), t.Budgets.Restart.Duration()
	switch {
	case delay > limit:
		r.add(service, "no margin: the delay of %s is longer than the restart budget of %s, which cannot be met", delay, limit)
	case delay == limit:
		r.add(service, "no margin: the delay of %s is the whole restart budget, so only the tolerance of %s is left", delay, t.Budgets.Tolerance)
	}
}

// lintCap checks whether a service that keeps failing its health check can use its attempts up. Such a run lasts as long as the check
// takes to fail. A stable run does not count.
func lintCap(r *remarks, service string, run zinit.Action, own []zinit.Action) {
	i := slices.IndexFunc(own, func(a zinit.Action) bool { return a.EffectiveKind() == zinit.KindHealth && a.Schedule != nil })
	if i < 0 || run.Retry == nil || run.Retry.MaxAttempts == 0 || run.Retry.StabilityPeriod == 0 {
		return
	}
	schedule, timeout, stable := *own[i].Schedule, own[i].Timeout.Duration(), run.Retry.StabilityPeriod.Duration()
	again := time.Duration(max(1, schedule.Retries)-1) * schedule.Interval.Duration()
	fast := schedule.StartPeriod.Duration() + again
	switch {
	case fast >= stable:
		r.add(service, "cap unreachable: a run that its health check ends lasts at least %s, which is stable after %s: "+
			"the %d attempts are never used up, and it is restarted for ever", fast, stable, run.Retry.MaxAttempts)
	case fast+timeout >= stable:
		r.add(service, "cap unreachable by hangs: a run that hangs lasts up to %s (start period, failures, timeout), which is stable "+
			"after %s: the %d attempts are never used up, and it is restarted for ever", fast+timeout, stable, run.Retry.MaxAttempts)
	}
}

func lintHealth(r *remarks, t *target.Target, service string, own []zinit.Action) {
	checks := slices.DeleteFunc(slices.Clone(own), func(a zinit.Action) bool { return a.EffectiveKind() != zinit.KindHealth })
	serves := slices.ContainsFunc(own, func(a zinit.Action) bool { return a.EffectiveKind() == zinit.KindRun && !a.Oneshot })
	if len(checks) == 0 && serves {
		r.add(service, "has no health check: if it hangs, nobody notices")
	}
	for _, check := range checks {
		for _, why := range unsound(check.Exec) {
			r.add(service, "unsound probe: %s", why)
		}
		if check.Schedule == nil || check.Schedule.Interval == 0 {
			r.add(service, "its health check has no interval")
			continue
		}
		have := target.Health{
			Interval: check.Schedule.Interval, Timeout: check.Timeout,
			StartPeriod: check.Schedule.StartPeriod, Retries: max(1, check.Schedule.Retries),
		}
		if want := t.Health; want.Interval != 0 && want != have {
			r.add(service, "its health check is %s, and the target file has %s", describeHealth(have), describeHealth(want))
		}
	}
}

func describeHealth(h target.Health) string {
	return fmt.Sprintf("every %s, for at most %s, from %s on, %d in a row", h.Interval, h.Timeout, h.StartPeriod, h.Retries)
}
