package fault

// EndWithheld makes one service of ours a process that no signal ends, as one is whose storage hangs: the agent traces it, and the kernel
// keeps it from ending until the trace is over. What is sent to it meanwhile takes effect then.
var EndWithheld = Lasting{
	Name: "end-withheld", Scope: OnProcess, Way: ByAgent, Undo: EndsWithHolder,
	Landing: "the first task of the service is in state t, by the agent's trace", Needs: "ptrace on a service of ours (a kernel from 4.8, Yama's ptrace_scope 0 or 1)",
}
