package campaign

import (
	"context"
	"path/filepath"
	"slices"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/runner"
)

// Measure returns a function that runs the suites on one mutant, with at most procs specs at once. It measures again what the
// host spoiled if the promise that claims the mutant is among it and no other mutant runs.
func Measure(tools runner.Tools, configuration config.Config, procs int) func(context.Context, Run) (*record.Record, error) {
	return func(ctx context.Context, run Run) (*record.Record, error) {
		configuration := configuration
		if run.Mutant.Target != "" {
			configuration.Target = filepath.Join(filepath.Dir(configuration.Target), run.Mutant.Target+".yaml")
		}
		if run.Scope.Faithful {
			configuration.Profile = config.Faithful
		}
		configuration.Mutant, configuration.Focus, configuration.Output = run.Mutant.ID, run.Scope.Focus, run.Folder
		if strings.HasPrefix(run.Mutant.Claim(), "upgrade.") {
			configuration.UpgradeFrom = config.Itself
		}
		if run.Mutant.Choices != "" {
			configuration.Mutant, configuration.Choices = "", run.Mutant.Choices
		}
		configuration.Procs = min(procs, 2+run.Scope.Size()/2) // each costs as much to start as a spec, and most specs are short
		found, passed, err := tools.Measure(ctx, configuration, func(spoiled []record.Result, running bool) bool {
			isClaim := func(result record.Result) bool { return result.Promise == run.Mutant.Claim() }
			return !running && run.Alone && slices.ContainsFunc(spoiled, isClaim)
		})
		if err == nil {
			err = runner.Sound(found, passed)
		}
		return found, err
	}
}
