package promise

import "forge.ourworld.tf/lhumina_code/hero_chaos/suites/contract"

// The promises of the theme load.
const (
	LoadHerd            = "load.herd"
	LoadSingle          = "load.single"
	LoadRPC             = "load.rpc"
	LoadFlood           = "load.flood"
	LoadLogBounded      = "load.log-bounded"
	LoadPaused          = "load.paused"
	LoadPausedUntouched = "load.paused-untouched"
	LoadClientsAnswered = "load.clients-answered"
	LoadClientsHarmless = "load.clients-harmless"
	LoadClientsLeft     = "load.clients-left"
	LoadClientsMemory   = "load.clients-memory"
)

var load = []Promise{
	blocking(LoadHerd, "If all services are killed at once, each restarts and serves again within its own budgets.", from(contract.Restart)),
	blocking(LoadSingle, "While all services restart at once, none runs twice.", from(contract.ProcessTree)),
	blocking(LoadRPC, "Under load the supervisor answers its RPC within 2 s.", from(contract.RPCAnswers), "rpc-within-2s"),
	blocking(LoadFlood, "A service that floods its log, without line ends and not in UTF-8, harms neither itself nor others.", from(contract.Ours)),
	advisory(LoadLogBounded, "A service that writes 48 MB to its log does not make the supervisor grow by 48 MB.", from(contract.Growth)),
	blocking(LoadPaused, "If the container was paused for longer than a health check may take, all services run again afterwards.", from(contract.Ours)),
	blocking(LoadPausedUntouched, "A pause of the container restarts no service whose health check was neither running nor due.", from(contract.Ours)),
	blocking(LoadClientsAnswered, "The supervisor answers within 2 s beside clients that are silent, half-way, slow to read, gone before the answer, many, or sending garbage.", from(contract.RPCAnswers), "rpc-within-2s"),
	blocking(LoadClientsHarmless, "No such client ends the supervisor or keeps it from restarting a service.", from(contract.RPCAnswers)),
	blocking(LoadClientsLeft, "Once such clients have left, the supervisor has no more open files and threads than before.", from(contract.RPCAnswers, contract.Growth)),
	advisory(LoadClientsMemory, "The supervisor does not keep a request of 64 MB in its memory.", from(contract.RPCAnswers, contract.Growth)),
}
