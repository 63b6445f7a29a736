package promise

import (
	"fmt"
	"slices"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/spelling"
)

// Selection is what of a run was asked for. The zero value is everything.
type Selection struct{ parts []part }

// part is a promise or, where promise is empty, all of a theme; service is empty for all services.
type part struct{ theme, promise, service string }

// Match reads a focus: promises, promises with a service ("restart.sigterm/user.hero_osis_server") and
// themes, with commas between them. An empty one selects everything. services are the names that may
// follow a slash; with none given any may. What does not exist is an error of one line that names what
// was probably meant.
func Match(focus string, services ...string) (Selection, error) {
	var selection Selection
	if strings.TrimSpace(focus) == "" {
		return selection, nil
	}
	for text := range strings.SplitSeq(focus, ",") {
		selected, err := read(strings.TrimSpace(text), services)
		if err != nil {
			return Selection{}, fmt.Errorf("focus on %q: %w", focus, err)
		}
		selection.parts = append(selection.parts, selected)
	}
	return selection, nil
}

func read(text string, services []string) (part, error) {
	name, service, sliced := strings.Cut(text, "/")
	var ids, themes []string
	for _, promise := range All() {
		ids = append(ids, promise.ID)
		themes = append(themes, promise.Theme)
	}
	if sliced && service == "" {
		return part{}, fmt.Errorf("no service follows the slash of %q: write PROMISE/SERVICE, or leave the slash out", text)
	}
	if sliced && len(services) > 0 && !slices.Contains(services, service) {
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

// Includes tells whether the promise was asked for, on the service. An empty service is the target as
// a whole, which every part of a focus without a service includes.
func (s Selection) Includes(id, service string) bool {
	theme, _, _ := strings.Cut(id, ".")
	return len(s.parts) == 0 || slices.ContainsFunc(s.parts, func(p part) bool {
		return (p.promise == id || p.theme == theme) && (p.service == "" || p.service == service)
	})
}
