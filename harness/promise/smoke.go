package promise

import "forge.ourworld.tf/lhumina_code/hero_chaos/suites/contract"

// The promises of the theme smoke.
const (
	SmokePaths = "smoke.paths"
)

var smoke = []Promise{
	blocking(SmokePaths, "Every path of the smoke test answers with its listed status.", from(contract.Checklist5), "smoke-within-120s"),
}
