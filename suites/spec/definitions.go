package spec

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// ReadDefinitions reads all that is registered of each service, as JSON. Actions are in the order of their names: the one in which a
// supervisor lists them says nothing.
func ReadDefinitions(ctx context.Context, supervisor zinit.Supervisor) (map[string]string, error) {
	statuses, err := supervisor.List(ctx)
	if err != nil {
		return nil, err
	}
	definitions := map[string]string{}
	for _, status := range statuses {
		service, err := supervisor.Get(ctx, status.Name)
		if err != nil {
			return nil, err
		}
		actions, err := supervisor.Actions(ctx, status.Name)
		if err != nil {
			return nil, err
		}
		slices.SortFunc(actions, func(a, b zinit.Action) int { return strings.Compare(a.Name, b.Name) })
		text, err := json.Marshal([]any{service, actions})
		if err != nil {
			return nil, err
		}
		definitions[status.Name] = string(text)
	}
	return definitions, nil
}

// CompareDefinitions returns what became of each service that is no longer registered as before. Both are as ReadDefinitions returns them.
func CompareDefinitions(before, after map[string]string) map[string]string {
	changed := map[string]string{}
	for name, was := range before {
		switch is, there := after[name]; {
		case !there:
			changed[name] = "zinit no longer knows it"
		case is != was:
			changed[name] = "was " + was + ", is " + is
		}
	}
	return changed
}
