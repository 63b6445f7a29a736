package promise

import "forge.ourworld.tf/lhumina_code/hero_chaos/suites/contract"

// The promises of the theme dependency.
const (
	DependencyRequires         = "dependency.requires"
	DependencyAfter            = "dependency.after"
	DependencyOneshot          = "dependency.oneshot"
	DependencyOneshotFailed    = "dependency.oneshot-failed"
	DependencyOneshotSignalled = "dependency.oneshot-signalled"
	DependencyBoot             = "dependency.boot"
	DependencyBootShipped      = "dependency.boot-shipped"
	DependencyBaseCrash        = "dependency.base-crash"
	DependencyBaseReplaced     = "dependency.base-replaced"
	DependencyBoth             = "dependency.both"
	DependencyFan              = "dependency.fan"
	DependencyFanAnswers       = "dependency.fan-answers"
	DependencyDense            = "dependency.dense"
	DependencyDenseAnswers     = "dependency.dense-answers"
)

var dependency = []Promise{
	blocking(DependencyRequires, "A service starts after those that it requires, in whatever order they were registered.", from(contract.Order), "missing-accepted"),
	blocking(DependencyAfter, "A service starts after those that it is ordered after, if they are registered and wanted.", from(contract.Order)),
	blocking(DependencyOneshot, "A service that requires a oneshot starts after the oneshot has succeeded.", from(contract.Order)),
	blocking(DependencyOneshotFailed, "A service that requires a oneshot does not start if the oneshot has failed.", from(contract.Order)),
	blocking(DependencyOneshotSignalled, "A service that requires a oneshot does not start if a signal has ended the oneshot.", from(contract.Ends, contract.Order)),
	blocking(DependencyBoot, "Dependencies order the start at boot as well.", from(contract.Order), "definitions-survive"),
	blocking(DependencyBootShipped, "At boot a service of the image starts after those that it depends on.", from(contract.Order)),
	blocking(DependencyBaseCrash, "If a service crashes and comes back, the services that require it are neither stopped nor replaced.", from(contract.Order), "dependents-stay"),
	blocking(DependencyBaseReplaced, "If a service is restarted by order or for its health, the services that require it are neither stopped nor replaced.", from(contract.Order), "dependents-stay"),
	blocking(DependencyBoth, "A service that crashes while one that it requires is down comes back as well.", from(contract.Restart)),
	blocking(DependencyFan, "300 services that require the same one all run once it runs, and the supervisor keeps answering.", from(contract.Ours)),
	blocking(DependencyFanAnswers, "Every answer comes in time while 300 services are registered, started and deleted.", from(contract.RPCAnswers), "rpc-within-2s"),
	blocking(DependencyDense, "28 services that each require all before them all run, and the supervisor keeps answering.", from(contract.Ours)),
	blocking(DependencyDenseAnswers, "Every answer comes in time while 28 services that require each other are registered, started and deleted.", from(contract.RPCAnswers), "rpc-within-2s"),
}
