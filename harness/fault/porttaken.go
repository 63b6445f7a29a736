package fault

// PortTaken ends one service of ours and listens at its port before it comes back.
var PortTaken = Lasting{
	Name: "port-taken", Scope: OnNetwork, Way: ByAgent, Undo: EndsWithHolder,
	Landing: "a connection to the service's port reaches the agent", Needs: "a service of ours that listens at a port",
}
