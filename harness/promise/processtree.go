package promise

import "forge.ourworld.tf/lhumina_code/hero_chaos/suites/contract"

// The promises of the theme processtree.
const (
	TreeSingle         = "processtree.single"
	TreeRestartGroup   = "processtree.restart-group"
	TreeRestartSession = "processtree.restart-session"
	TreeStopGroup      = "processtree.stop-group"
	TreeStopSession    = "processtree.stop-session"
	TreeZombies        = "processtree.zombies"
	TreeProcesses      = "processtree.processes"
	TreeDescriptors    = "processtree.descriptors"
	TreeMemory         = "processtree.memory"
	TreeFiles          = "processtree.files"
	TreeDisk           = "processtree.disk"
	TreeKernel         = "processtree.kernel"
)

var processtree = []Promise{
	// The processes of a service.
	blocking(TreeSingle, "While a service is restarted, stopped or started, it never has more than one process.", from(contract.ProcessTree)),
	blocking(TreeRestartGroup, "A restart replaces the descendants of a service that stayed in its process group.", from(contract.ProcessTree)),
	blocking(TreeRestartSession, "A restart replaces the descendants of a service that left its process group and session.", from(contract.ProcessTree), "descendants-replaced"),
	blocking(TreeStopGroup, "A stop ends the descendants of a service that stayed in its process group.", from(contract.ProcessTree)),
	blocking(TreeStopSession, "A stop ends the descendants of a service that left its process group and session.", from(contract.ProcessTree), "descendants-replaced"),
	// What is left after many restarts and runs of a health check.
	blocking(TreeZombies, "No zombie is left after 50 restarts and 200 runs of a health check.", from(contract.ProcessTree), "no-zombie"),
	blocking(TreeProcesses, "After 50 restarts and 200 runs of a health check there are no more processes and no more supervisor threads than before.", from(contract.Growth), "descendants-replaced"),
	blocking(TreeDescriptors, "After 50 restarts and 200 runs of a health check the supervisor has no more open files than before.", from(contract.Growth)),
	advisory(TreeMemory, "The supervisor's memory does not grow over 50 restarts and 200 runs of a health check.", from(contract.Growth)),
	blocking(TreeFiles, "50 restarts and 200 runs of a health check leave no files behind, wherever in the container.", from(contract.Growth)),
	blocking(TreeDisk, "50 restarts and 200 runs of a health check take no more than 16 MB of disk: logs and the state have a bound.", from(contract.Growth)),
	blocking(TreeKernel, "50 restarts and 200 runs of a health check leave no sockets, cgroups, mounts or shared memory behind.", from(contract.Growth)),
}
