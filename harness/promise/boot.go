package promise

import "forge.ourworld.tf/lhumina_code/hero_chaos/suites/contract"

// The promises of the theme boot.
const (
	BootRunning      = "boot.running"
	BootInventory    = "boot.inventory"
	BootActions      = "boot.actions"
	BootActionsOwned = "boot.actions-owned"
	BootCovered      = "boot.covered"
	BootSecond       = "boot.second"
	BootSlowService  = "boot.slow-service"
	BootOneshots     = "boot.oneshots"
	BootOwnProcess   = "boot.own-process"
)

var boot = []Promise{
	blocking(BootRunning, "After the start of the container every service becomes Running.", from(contract.Checklist1), "boot-within-60s"),
	blocking(BootInventory, "Exactly the services of the inventory are registered.", from(contract.Image)),
	blocking(BootActions, "Exactly the actions of the inventory are registered: one that runs and one that checks each service.", from(contract.Image), "one-run-one-health"),
	blocking(BootActionsOwned, "No two services share an action, and each action is named after its service and its kind.", from(contract.Bugs)),
	blocking(BootCovered, "Every service that zinit knows is in the target file, so that none goes untested.", from(contract.Ours)),
	blocking(BootSecond, "After a restart of the container with the same data every service serves in time.", from(contract.Checklist1), "boot-within-60s"),
	blocking(BootSlowService, "While one service takes 8 s to serve, every other serves in time.", from(contract.Ours), "boot-within-60s"),
	blocking(BootOneshots, "An install or test action runs to its end at most once a start, and is not kept alive.", from(contract.Image), "job-shape"),
	blocking(BootOwnProcess, "The socket or port of a service is served by its own process, and by no other service's.", from(contract.Image)),
}
