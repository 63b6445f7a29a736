package promise

import "forge.ourworld.tf/lhumina_code/hero_chaos/suites/contract"

// The promises about every order in every state of a service.
const (
	OrdersAnswered = "orders.answered"
	OrdersDecide   = "orders.decide"
	OrdersSingle   = "orders.single"
	OrdersHarmless = "orders.harmless"
	OrdersAttempts = "orders.attempts"
)

var orders = []Promise{
	blocking(OrdersAnswered, "Every order is answered in time, whatever the state of its service.", from(contract.Orders, contract.RPCAnswers), "rpc-within-2s"),
	blocking(OrdersDecide, "A service ends up as its last order says, whatever its state was.", from(contract.Orders)),
	blocking(OrdersSingle, "No order leaves a second process of a service, or a process without a service.", from(contract.Orders, contract.ProcessTree)),
	blocking(OrdersHarmless, "No order touches another service, not even one whose name begins alike, nor the supervisor.", from(contract.Orders)),
	blocking(OrdersAttempts, "Orders use up no attempts: a service that was restarted often by order is still retried after a crash.", from(contract.Orders)),
}
