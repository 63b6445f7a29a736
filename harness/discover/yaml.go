package discover

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// YAML returns a target file: one line a service, and only members that are set. A service without a known endpoint becomes a comment,
// so that the file can be loaded.
func YAML(t *target.Target) string {
	w := new(writer)
	w.line(0, "# yaml-language-server: $schema=target.schema.json")
	w.line(0, "# Written by hero_chaos discover: read it, and add what hero_chaos inspect has confirmed.")
	w.line(0, "name: %s", scalar(t.Name))
	w.line(0, "description: %s", scalar(cmp.Or(t.Description, "as it was found")))
	w.line(0, "")
	w.image(t)
	w.container(t.Container)
	w.supervisor(t.Zinit)
	if len(t.Environments) > 0 {
		w.line(0, "environments:")
		for _, name := range slices.Sorted(maps.Keys(t.Environments)) {
			w.line(1, "%s: %s", name, scalar(t.Environments[name]))
		}
	}
	w.line(0, "confirmed: [] # see hero_chaos inspect")
	w.times(t)
	w.services(t)
	return w.text.String()
}

type writer struct{ text strings.Builder }

func (w *writer) line(depth int, format string, args ...any) {
	_, _ = w.text.WriteString(strings.Repeat("  ", depth) + fmt.Sprintf(format, args...) + "\n")
}

// optional writes a member if it is set.
func (w *writer) optional(depth int, member, value string) {
	if value != "" {
		w.line(depth, "%s: %s", member, value)
	}
}

// supervisor writes where the supervisor is, and how it is spoken to if that was learned.
func (w *writer) supervisor(zinit target.Zinit) {
	if len(zinit.Sockets) == 0 && zinit.Dialect == nil {
		return
	}
	w.line(0, "zinit:")
	if len(zinit.Sockets) > 0 {
		w.line(1, "sockets: %s", list(zinit.Sockets))
	}
	if zinit.Dialect == nil {
		return
	}
	text, err := zinit.Dialect.YAML()
	if err != nil {
		w.line(1, "# its dialect could not be written: %v", err)
		return
	}
	w.line(1, "dialect: # learned: hero_chaos inspect shows how each of it is known")
	for line := range strings.Lines(string(text)) {
		w.line(2, "%s", strings.TrimRight(line, "\n"))
	}
}

func (w *writer) image(t *target.Target) {
	w.line(0, "image:")
	w.optional(1, "reference", optional(t.Image.Reference))
	if len(t.Image.Build) > 0 {
		w.line(1, "build: %s", list(t.Image.Build))
		w.optional(1, "archive", t.Image.Archive)
		w.optional(1, "mutant", t.Image.Mutant)
		w.optional(1, "choices", t.Image.Choices)
	}
}

func (w *writer) container(c target.Container) {
	if c.Port == 0 && len(c.Ports) == 0 && c.Data == "" && len(c.Env) == 0 && len(c.Secrets) == 0 && len(c.Capabilities) == 0 {
		return
	}
	w.line(0, "container:")
	w.optional(1, "port", number(c.Port))
	w.optional(1, "publish_port", number(c.PublishPort))
	if len(c.Ports) > 0 {
		w.line(1, "ports: %s", strings.ReplaceAll(fmt.Sprint(c.Ports), " ", ", "))
	}
	w.optional(1, "data", optional(c.Data))
	if len(c.Env) > 0 {
		w.line(1, "env:")
		for _, name := range slices.Sorted(maps.Keys(c.Env)) {
			w.line(2, "%s: %q", name, c.Env[name])
		}
	}
	if len(c.Secrets) > 0 {
		w.line(1, "secrets: %s", list(c.Secrets))
	}
	if len(c.Capabilities) > 0 {
		w.line(1, "capabilities: %s", list(c.Capabilities))
	}
}

func (w *writer) times(t *target.Target) {
	if t.Policy != (zinit.RetryPolicy{}) {
		w.line(0, "")
		w.line(0, "policy:")
		w.line(1, "max_attempts: %d", t.Policy.MaxAttempts)
		w.line(1, "delay: %s", t.Policy.Delay)
		w.line(1, "backoff: %s", backoff(t.Policy))
		w.line(1, "max_delay: %s", t.Policy.MaxDelay)
		w.line(1, "stability_period: %s", t.Policy.StabilityPeriod)
	}
	if t.Health.Interval != 0 {
		w.line(0, "")
		w.line(0, "health:")
		w.line(1, "interval: %s", t.Health.Interval)
		w.line(1, "timeout: %s", t.Health.Timeout)
		w.line(1, "start_period: %s", t.Health.StartPeriod)
		w.line(1, "retries: %d", t.Health.Retries)
	}
	b := t.Budgets
	w.line(0, "")
	w.line(0, "budgets:")
	w.line(1, "restart: %s", b.Restart)
	w.line(1, "serving: %s", b.Serving)
	w.line(1, "tolerance: %s", b.Tolerance)
	w.line(1, "boot: %s", b.Boot)
	w.line(1, "smoke: %s", b.Smoke)
	w.line(1, "stop_timeout: %s", b.StopTimeout)
}

func backoff(p zinit.RetryPolicy) zinit.Backoff { return cmp.Or(p.Backoff, zinit.BackoffNone) }

func (w *writer) services(t *target.Target) {
	if len(t.Services) > 0 {
		w.line(0, "")
		w.line(0, "services:")
	}
	known := func(name string) bool {
		service, ok := t.Service(name)
		return ok && hasPlace(service)
	}
	for _, service := range t.Services {
		if !hasPlace(service) {
			w.line(1, "# - {name: %s} has no known endpoint: add its socket, or its port and the path of its health page", scalar(service.Name))
			continue
		}
		service.Requires = slices.DeleteFunc(slices.Clone(service.Requires), func(name string) bool { return !known(name) })
		w.line(1, "- {%s}", strings.Join(members(service), ", "))
	}
	w.line(0, "")
	w.line(0, "inventory:")
	w.line(1, "services: %d", t.Inventory.Services)
	w.line(1, "actions: %d", t.Inventory.Actions)
	if len(t.Smoke) > 0 {
		w.line(0, "smoke:")
	}
	for _, smoke := range t.Smoke {
		w.line(1, "- {path: %s, status: %d}", scalar(smoke.Path), smoke.Status)
	}
}

// hasPlace reports whether a service can be listed: it is a oneshot or has an endpoint.
func hasPlace(s target.Service) bool { return s.Oneshot || s.Socket != "" || s.Port != 0 }

func members(s target.Service) []string {
	all := []string{"name: " + scalar(s.Name)}
	if s.Socket != "" {
		all = append(all, "socket: "+scalar(s.Socket))
	}
	if s.Port != 0 {
		all = append(all, "port: "+number(s.Port), "health: "+scalar(s.Health))
	}
	if s.Oneshot {
		all = append(all, "oneshot: true")
	}
	if p := s.Policy; p != nil {
		all = append(all, fmt.Sprintf("policy: {max_attempts: %d, delay: %s, backoff: %s, max_delay: %s, stability_period: %s}",
			p.MaxAttempts, p.Delay, backoff(*p), p.MaxDelay, p.StabilityPeriod))
	}
	if len(s.Requires) > 0 {
		all = append(all, "requires: "+list(s.Requires))
	}
	return all
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

func optional(text string) string {
	if text == "" {
		return ""
	}
	return scalar(text)
}

// scalar returns a text as a YAML scalar, quoted if necessary.
func scalar(text string) string {
	if !strings.ContainsAny(text, ",[]{}#:&*!|>'\"%@`") && text != "" {
		if plain, err := yaml.Marshal(text); err == nil && strings.TrimSpace(string(plain)) == text {
			return text
		}
	}
	return fmt.Sprintf("%q", text)
}

func list(texts []string) string {
	quoted := make([]string, 0, len(texts))
	for _, text := range texts {
		quoted = append(quoted, scalar(text))
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
