package promise

import "forge.ourworld.tf/lhumina_code/hero_chaos/suites/contract"

// The promises of the theme smoke.
const (
	SmokePaths        = "smoke.paths"
	SmokeRepeated     = "smoke.repeated"
	SmokeWholeBody    = "smoke.whole-body"
	SmokeAfterRestart = "smoke.after-restart"
)

var smoke = []Promise{
	blocking(SmokePaths, "Every path of the smoke test answers with its listed status.", from(contract.Checklist5), "smoke-within-120s"),
	blocking(SmokeRepeated, "Every path of the smoke test answers 20 times in a row with its listed status.", from(contract.Image)),
	blocking(SmokeWholeBody, "Every path of the smoke test answers with a whole body each time.", from(contract.Image)),
	blocking(SmokeAfterRestart, "Every path of the smoke test answers again after the services behind the published port were restarted.", from(contract.Image)),
}
