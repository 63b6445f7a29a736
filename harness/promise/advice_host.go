package promise

var hostAdvice = map[string]Advice{
	HostStoppedDuring: {
		Why:    "A supervisor that cannot run for a moment, as on a busy or suspended host, must not take its services with it.",
		Cause:  "The entry point, or something else that watches zinit, kills a zinit that does not answer.",
		Change: "Let the entry point start zinit again only after its process has ended.",
	},
	HostStoppedAfter: zinitAdvice("What ends while the supervisor cannot run must not stay down.", "Zinit reads one end for each SIGCHLD, and the kernel reports several by one.",
		"it has to wait for children until there is none left, and restart each of them"),
	HostStoppedKept: zinitAdvice("After a moment in which nothing ran, the image must not be busy with the past.", "Zinit makes up for every health check that it missed, or takes the lateness for a failure.",
		"ticks that were missed are one check, and what is healthy is left alone"),
	HostDiskDuring: zinitAdvice("A full disk is the most usual failure of a host, and must not be an outage.", "Zinit ends, or gives services up, if it cannot write its state.",
		"a write that fails refuses that order alone; restarts need no disk"),
	HostDiskAfter: zinitAdvice("Who has made room expects that all goes on by itself.", "Zinit keeps its state read-only after an error, or gave up what ended meanwhile.",
		"each order has to try to write again, and each service that ended has to be restarted"),
	HostDiskKept: zinitAdvice("What was acknowledged is relied on, also after the next restart.", "Zinit changes its memory before its state is written, or ignores that the write failed.",
		"it has to write first, then apply and acknowledge"),
	HostDescriptorsDuring: zinitAdvice("A supervisor that ends or spins for lack of descriptors makes a small leak an outage.", "Zinit ends at EMFILE, or accepts again at once without a pause.",
		"the loop that accepts has to wait before it tries again"),
	HostDescriptorsAfter: zinitAdvice("Services that ended meanwhile must not stay down for good.", "Zinit takes EMFILE at a start for the end of all attempts, or ends the loop that accepts.",
		"an error that passes has to be tried again"),
	HostDescriptorsKept: zinitAdvice("A lack inside the supervisor is no failure of a service.", "Zinit counts a health check that it could not start as failed.",
		"only a check that ran says something of the service"),
	HostCPU: zinitAdvice("A busy host must not make healthy services restart, which makes it busier.", "Zinit has a time limit for checks of its own, below the one that is registered.",
		"it has to use the timeout of {health-action}"),
}
