package promise

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
)

func boot() []Promise {
	return []Promise{
		{
			ID: BootRunning, Sentence: "After the start of the container every service becomes Running.",
			Source: sourceChecklist + "1", Severity: Blocking, Assumptions: []string{"boot-within-60s"},
		},
		{
			ID: BootInventory, Sentence: "Exactly the services of the inventory are registered: none is missing, and none is more.",
			Source: sourceInventory, Severity: Blocking,
		},
		{
			ID: BootActions, Sentence: "Exactly the actions of the inventory are registered: every service has one that runs it and one that checks it.",
			Source: sourceInventory, Severity: Blocking, Assumptions: []string{"one-run-one-health"},
		},
		{
			ID: BootActionsOwned, Sentence: "No two services share an action, and each is called after its service and its kind.",
			Source: "hero_zero, checklist, bugs found on the way", Severity: Blocking,
		},
		{
			ID: BootCovered, Sentence: "Every service that zinit has is in the target file, so that none goes untested.",
			Source: sourceOwn, Severity: Blocking,
		},
		{
			ID: BootSecond, Sentence: "After a restart of the container with the same data every service serves in time.",
			Source: sourceChecklist + "1", Severity: Blocking, Assumptions: []string{"boot-within-60s"},
		},
		{
			ID: BootSlowService, Sentence: "A service that takes 8 s to serve keeps no other from serving in time.",
			Source: sourceOwn, Severity: Blocking, Assumptions: []string{"boot-within-60s"},
		},
		{
			ID: BootOneshots, Sentence: "An install or test action is a oneshot: it is run to its end at most once a start, and is not kept alive.",
			Source: "hero_zero, The image (install and test actions)", Severity: Blocking, Assumptions: []string{"job-shape"},
		},
	}
}

// sourceInventory is where the numbers of services and actions come from.
const sourceInventory = "hero_zero, The image (28 services, 56 actions)"
