package promise

import (
	"fmt"
	"slices"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/spelling"
)

// Selection is the promises that a run checks. The zero value selects everything.
type Selection struct{ parts []part }

// part is a promise, or all of a theme if promise is empty. An empty service means all services.
type part struct{ theme, promise, service string }

// ParseFocus parses a focus: a comma-separated list of promises, themes, and promises with a service
// ("restart.sigterm/user.hero_osis_server"). An empty focus selects everything. services are the names that may follow a slash; if
// there are none, any may. The error is one line; for an unknown name it suggests a known one.
func ParseFocus(focus string, services ...string) (Selection, error) {
	var selection Selection
	if strings.TrimSpace(focus) == "" {
		return selection, nil
	}
	for text := range strings.SplitSeq(focus, ",") {
		selected, err := parsePart(strings.TrimSpace(text), services)
		if err != nil {
			return Selection{}, fmt.Errorf("focus on %q: %w", focus, err)
		}
		selection.parts = append(selection.parts, selected)
	}
	return selection, nil
}

func parsePart(text string, services []string) (part, error) {
	name, service, hasService := strings.Cut(text, "/")
	var ids, themes []string
	for _, promise := range All() {
		ids = append(ids, promise.ID)
		themes = append(themes, promise.Theme)
	}
	if hasService && service == "" {
		return part{}, fmt.Errorf("%q has no service after the slash: write PROMISE/SERVICE, or remove the slash", text)
	}
	if hasService && len(services) > 0 && !slices.Contains(services, service) {
		return part{}, fmt.Errorf("there is no service %q%s", service, spelling.DidYouMean(service, services))
	}
	switch {
	case slices.Contains(ids, name):
		return part{promise: name, service: service}, nil
	case slices.Contains(themes, name):
		return part{theme: name, service: service}, nil
	}
	slices.Sort(themes)
	return part{}, fmt.Errorf("there is no promise or theme %q%s", name,
		spelling.DidYouMean(name, slices.Concat(ids, slices.Compact(themes))))
}

// Includes reports whether a promise is selected for a service. An empty service means the target as a whole: parts without a service
// include it.
func (s Selection) Includes(id, service string) bool {
	theme, _, _ := strings.Cut(id, ".")
	return len(s.parts) == 0 || slices.ContainsFunc(s.parts, func(p part) bool {
		return (p.promise == id || p.theme == theme) && (p.service == "" || p.service == service)
	})
}
