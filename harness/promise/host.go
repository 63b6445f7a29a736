package promise

import "forge.ourworld.tf/lhumina_code/hero_chaos/suites/contract"

// hostTheme is the theme of the faults of the host.
const hostTheme = "host"

// The promises of the theme host: up to three questions about each fault of the host.
const (
	HostStoppedDuring     = "host.stopped-during"
	HostStoppedAfter      = "host.stopped-after"
	HostStoppedKept       = "host.stopped-kept"
	HostDiskDuring        = "host.disk-during"
	HostDiskAfter         = "host.disk-after"
	HostDiskKept          = "host.disk-kept"
	HostOutput            = "host.output"
	HostDescriptorsDuring = "host.descriptors-during"
	HostDescriptorsAfter  = "host.descriptors-after"
	HostDescriptorsKept   = "host.descriptors-kept"
	HostCPU               = "host.cpu"
	HostProcesses         = "host.processes"
	HostMemory            = "host.memory"
	HostPort              = "host.port"
	HostSocket            = "host.socket"
	HostNames             = "host.names"
	HostBacklog           = "host.backlog"
	HostWriteTorn         = "host.write-torn"
	HostHung              = "host.hung"
	HostHungStop          = "host.hung-stop"
)

var host = []Promise{
	blocking(HostStoppedDuring, "While the supervisor is stopped, what runs goes on, and nobody kills the supervisor for it.", from(contract.HostFaults)),
	blocking(HostStoppedAfter, "A supervisor that was stopped and goes on restarts each service that ended meanwhile, once.", from(contract.HostFaults)),
	blocking(HostStoppedKept, "A supervisor that was stopped and goes on leaves alone what is healthy, and overdue checks come one by one.", from(contract.HostFaults)),
	blocking(HostDiskDuring, "While the disk of its state has no block or no file left, the supervisor lives, answers and restarts what ends.", from(contract.HostFaults)),
	blocking(HostDiskAfter, "Once the disk of its state has room again, definitions can be changed again, and each service that ended meanwhile was restarted once.", from(contract.HostFaults)),
	blocking(HostDiskKept, "A change of a definition while the disk is full is done whole or refused whole, and nothing that was acknowledged is lost with the supervisor.", from(contract.HostFaults)),
	blocking(HostOutput, "While the disk of its state is full, the supervisor takes what a service writes: the service neither waits nor ends for its output.", from(contract.HostFaults)),
	blocking(HostDescriptorsDuring, "While the supervisor can open no descriptor, it lives, does not spin, and what runs goes on.", from(contract.HostFaults)),
	blocking(HostDescriptorsAfter, "Once the supervisor has descriptors again, it answers, and each service that ended meanwhile is restarted once.", from(contract.HostFaults)),
	blocking(HostDescriptorsKept, "A lack of descriptors in the supervisor replaces no service, and changes no definition.", from(contract.HostFaults)),
	blocking(HostProcesses, "While no process can be started, the supervisor lives, does not spin and tells no service to end; afterwards each service that ended is restarted once.", from(contract.HostFaults)),
	blocking(HostMemory, "A service that the kernel kills for lack of memory is restarted once, and nothing else ends for it.", from(contract.HostFaults)),
	blocking(HostHung, "Beside a service that is told to stop and that no signal ends, all others are answered for, restarted and stopped as always, and it runs again once it could end.", from(contract.HostFaults)),
	advisory(HostHungStop, "The order to stop a service that no signal ends is answered within 2 s of its stop timeout.", from(contract.HostFaults, contract.Orders)),
	blocking(HostPort, "A service whose port somebody else has taken is tried again by its policy, and comes back once the port is free.", from(contract.HostFaults)),
	blocking(HostSocket, "A file in the place of a service's socket is left alone; the service is tried again by its policy, and comes back once the file is gone.", from(contract.HostFaults)),
	blocking(HostNames, "While no name can be looked up, the supervisor answers, checks and restarts as always.", from(contract.HostFaults)),
	blocking(HostBacklog, "A supervisor that was stopped while its socket filled with clients that have left answers within 2 s, and lets go of them.", from(contract.HostFaults, contract.RPCAnswers), "rpc-within-2s"),
	advisory(HostWriteTorn, "A large definition that the kernel lets the supervisor write only in part is taken whole or refused whole, also by the next supervisor.", from(contract.HostFaults, contract.Persistence)),
	blocking(HostCPU, "A container that gets a twentieth of a processor for a while replaces no service whose check is in time, and loses none that ends.", from(contract.HostFaults)),
}
