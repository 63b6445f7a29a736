package promise

import "forge.ourworld.tf/lhumina_code/hero_chaos/suites/contract"

// The promises about what each run of an action is started in.
const (
	CircumstancesRegistered = "circumstances.as-registered"
	CircumstancesKill       = "circumstances.kill"
	CircumstancesHang       = "circumstances.hang"
	CircumstancesRestart    = "circumstances.restart"
	CircumstancesShipped    = "circumstances.shipped"
	CircumstancesHealth     = "circumstances.health"
	CircumstancesOutput     = "circumstances.output"
)

var circumstances = []Promise{
	blocking(CircumstancesRegistered, "Every run of a service has the arguments, the environment and the folder of its action, and no other service's.", from(contract.Circumstances, contract.RegisteredIsUsed)),
	blocking(CircumstancesKill, "The run after a kill starts in the same circumstances as the run before.", from(contract.Circumstances)),
	blocking(CircumstancesHang, "The run after a failed health check starts in the same circumstances as the run before.", from(contract.Circumstances)),
	blocking(CircumstancesRestart, "The run after service.restart, or after a stop and a start, starts in the same circumstances as the run before.", from(contract.Circumstances)),
	blocking(CircumstancesShipped, "Every shipped service that is restarted runs in the same circumstances as before.", from(contract.Circumstances)),
	blocking(CircumstancesHealth, "Every run of a health check has the environment and folder of its action, and starts in the same circumstances as the first.", from(contract.Circumstances)),
	blocking(CircumstancesOutput, "The output of every run is in the log of its action and of no other, from its first words to its last, errors included, and in its order.", from(contract.Circumstances)),
}
