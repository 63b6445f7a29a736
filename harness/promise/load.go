package promise

// The promises of the theme load.
const (
	LoadHerd            = "load.herd"
	LoadSingle          = "load.single"
	LoadRPC             = "load.rpc"
	LoadFlood           = "load.flood"
	LoadLogBounded      = "load.log-bounded"
	LoadPaused          = "load.paused"
	LoadPausedUntouched = "load.paused-untouched"
)

func load() []Promise {
	return []Promise{
		{
			ID: LoadHerd, Sentence: "Where all services are killed at once each of them is restarted, and serves again, within its own budgets.",
			Source: sourceSemantics + "1", Severity: Blocking,
		},
		{
			ID: LoadSingle, Sentence: "While all services are restarted at once there is never more than one process of any.",
			Source: sourceSemantics + "6", Severity: Blocking,
		},
		{
			ID: LoadRPC, Sentence: "Under load the supervisor answers its RPC within 2 s.",
			Source: sourceSemantics + "10", Severity: Blocking, Assumptions: []string{"rpc-within-2s"},
		},
		{
			ID: LoadFlood, Sentence: "A service that floods its log, without line ends and not in UTF-8, hurts neither itself nor others.",
			Source: "our own: a service that has gone wrong writes like this", Severity: Blocking,
		},
		{
			ID: LoadLogBounded, Sentence: "A service that writes 48 MB to its log does not make the supervisor grow by as much.",
			Source: "our own: a supervisor that keeps all it is told is killed for its memory in the end", Severity: Advisory,
		},
		{
			ID: LoadPaused, Sentence: "After the container was paused for longer than a health check may take, everything ends up running.",
			Source: "our own: a laptop sleeps, and a host is migrated", Severity: Blocking,
		},
		{
			ID: LoadPausedUntouched, Sentence: "A pause of the container restarts no service of which no check ran or was due meanwhile.",
			Source: "our own: nobody was unhealthy", Severity: Blocking,
		},
	}
}
