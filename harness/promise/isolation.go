package promise

import "forge.ourworld.tf/lhumina_code/hero_chaos/suites/contract"

// The promises of the theme isolation.
const (
	IsolationBystanders = "isolation.bystanders"
	IsolationReachable  = "isolation.reachable"
)

var isolation = []Promise{
	throughout(blocking(IsolationBystanders, "During the whole run only services that were faulted change.", from(contract.Settle))),
	throughout(blocking(IsolationReachable, "During the whole run no service that was not faulted is stopped, or takes no connection, for longer than 5 s.", from(contract.Settle))),
}
