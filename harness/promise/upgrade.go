package promise

import "forge.ourworld.tf/lhumina_code/hero_chaos/suites/contract"

// The promises of the theme upgrade: the day of promotion, and a rollback.
const (
	UpgradeServing     = "upgrade.serving"
	UpgradeDefinitions = "upgrade.definitions"
	UpgradeStopped     = "upgrade.stopped"
	UpgradeDeleted     = "upgrade.deleted"
	UpgradeSingle      = "upgrade.single"
	UpgradeHealth      = "upgrade.health"
	UpgradeData        = "upgrade.data"
	UpgradeUnshipped   = "upgrade.unshipped"
)

var upgrade = []Promise{
	onlyUpgrade(blocking(UpgradeServing, "On what the promoted image has left every service serves within the boot budget, and again after a rollback.", from(contract.Upgrade), "definitions-survive", "boot-within-60s")),
	onlyUpgrade(blocking(UpgradeDefinitions, "What was registered besides the image's own services is registered as before after an upgrade and after a rollback.", from(contract.Upgrade), "definitions-survive")),
	onlyUpgrade(blocking(UpgradeStopped, "A service that was stopped stays stopped over an upgrade and over a rollback.", from(contract.Upgrade), "definitions-survive")),
	onlyUpgrade(blocking(UpgradeDeleted, "A service that was deleted stays away over an upgrade and over a rollback.", from(contract.Upgrade), "definitions-survive")),
	onlyUpgrade(blocking(UpgradeSingle, "No service runs twice after an upgrade or a rollback.", from(contract.Upgrade, contract.ProcessTree), "definitions-survive")),
	onlyUpgrade(blocking(UpgradeHealth, "Health checks go on after an upgrade and after a rollback.", from(contract.Upgrade), "definitions-survive")),
	onlyUpgrade(blocking(UpgradeData, "What lies in the data folder is unchanged by an upgrade and by a rollback.", from(contract.Upgrade))),
	onlyUpgrade(blocking(UpgradeUnshipped, "After an upgrade no service is there that the target file does not list: what the promoted image shipped is not resurrected.", from(contract.Upgrade, contract.Bugs))),
}
