package mutation

import (
	"errors"
	"fmt"
	"slices"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/spelling"
)

// Choose returns the mutants of a group, of those the ones with the given ids, and of those a sample. An empty group and no
// ids choose all.
func Choose(all []Mutant, group string, ids []string, sample bool) ([]Mutant, error) {
	var groups []string
	for _, m := range all {
		groups = append(groups, m.Group)
	}
	if group != "" && !slices.Contains(groups, group) {
		return nil, fmt.Errorf("run the mutants of the group %q: no such group%s", group, spelling.DidYouMean(group, groups))
	}
	chosen := slices.DeleteFunc(slices.Clone(all), func(m Mutant) bool {
		return (group != "" && m.Group != group) || (len(ids) > 0 && !slices.Contains(ids, m.ID))
	})
	if sample {
		chosen = Sample(chosen)
	}
	if len(chosen) == 0 {
		return nil, errors.New("run the mutants: none was chosen: `hero_chaos mutants --list` lists them")
	}
	return chosen, nil
}
