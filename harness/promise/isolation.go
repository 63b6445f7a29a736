package promise

import "forge.ourworld.tf/lhumina_code/hero_chaos/suites/contract"

// The promises of the theme isolation.
const (
	IsolationBystanders = "isolation.bystanders"
)

var isolation = []Promise{
	throughout(blocking(IsolationBystanders, "During the whole run only services that were faulted change.", from(contract.Settle))),
}
