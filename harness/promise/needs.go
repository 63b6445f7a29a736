package promise

import "slices"

// Need is a degree of understanding of the supervisor without which a promise cannot be judged (suites/contract/zinit-0.4.md#dialect).
type Need string

// The needs, from the least to the most. What needs less can be judged of some services at least.
const (
	NeedsNothing      Need = "bare"   // no word with the supervisor
	NeedsCommands     Need = "cli"    // its commands, or its orders and lists
	NeedsOrders       Need = "orders" // its services can be listed, started and stopped by its RPC
	NeedsDefinitions  Need = "read"   // its definitions can be read
	NeedsRegistration Need = "full"   // a service of ours can be registered
)

// Needs returns all needs, from the least to the most.
func Needs() []Need {
	return []Need{NeedsNothing, NeedsCommands, NeedsOrders, NeedsDefinitions, NeedsRegistration}
}

// lesser are the promises that need less than a service of ours.
var lesser = map[Need][]string{
	NeedsNothing: {
		BootRunning, BootSecond, RestartSIGTERM, RestartSIGKILL, RetryShipped, HangShipped, ImageNoWatchdog, ImageHeroDocker, ImageHeroDockerBaked,
		ImageBinariesKept, ImageSocketsPrivate, ImageSecretFiles, LoadHerd, LoadSingle, SmokePaths, IsolationBystanders, IsolationReachable, CircumstancesShipped,
	},
	NeedsCommands:    {BootInventory, BootCovered, RestartZinitKill, ImageStaysStopped, ImageSecretLogs, ImageSecretStatus, LoadRPC},
	NeedsOrders:      {BootOwnProcess},
	NeedsDefinitions: {BootActions, BootActionsOwned, BootOneshots, HealthEverybody, DependencyBootShipped, ImageProbeTools, ImageSecretArguments},
}

// Needs returns how far the supervisor has to be understood.
func (p Promise) Needs() Need {
	for _, need := range Needs() {
		if slices.Contains(lesser[need], p.ID) {
			return need
		}
	}
	return NeedsRegistration
}

// Judgeable returns the number of promises that can be judged, of some services at least, if the supervisor is understood as far as this.
func Judgeable(understood Need) int {
	known := Needs()
	count := 0
	for _, p := range All() {
		if slices.Index(known, p.Needs()) <= slices.Index(known, understood) {
			count++
		}
	}
	return count
}
