package promise

var bootAdvice = map[string]Advice{
	BootRunning: {
		Why:    "{service} is not available after a start of the container, or too late.",
		Cause:  "The program of {service} takes too long or ends at once, hero_services does not register it, or zinit does not call it running or gives it no pid.",
		Change: "Read `zinit status {service}` and `zinit logs {run-action}`. Mend the program or its command in the definition of {run-action}; if it is not registered, add it to hero_services; if it runs and zinit says otherwise, mend zinit.",
	},
	BootInventory: {
		Why:    "A service that is missing is an outage; one that nobody knows is a risk that nobody tests.",
		Cause:  "Hero_services registers one service more or less, or service.reload removed what no file defines.",
		Change: "Compare the names in the report with the list in hero_services. If the image is right, change inventory in the target file.",
	},
	BootActions: {
		Why:    "A missing action is a service that does not run, or that nobody checks.",
		Cause:  "Hero_services does not register a run or a health action of a service.",
		Change: "Register {run-action} and {health-action} for each service that the report names, in hero_services. If the image is right, change inventory in the target file.",
	},
	BootActionsOwned: {
		Why:    "Two services with one action overwrite each other.",
		Cause:  "Hero_services gives two services the same action, or names an action after another service.",
		Change: "Name each action after its service and its kind, such as {run-action}, in the registration of hero_services.",
	},
	BootCovered: {
		Why:    "A service that the target file does not name is promoted untested.",
		Cause:  "The target file is older than the image.",
		Change: "Write it again: `make discover`, and compare it with the one in use. It is not the image that has to change.",
	},
	BootSecond: {
		Why:    "Every update and every reboot starts the container with the data of before.",
		Cause:  "The program or the entry point trips over what the last run left in /data, such as a pid file or a lock; or zinit remembers the shutdown as a stop by hand.",
		Change: "Let the entry point or the program of {service} remove what a last run left before it starts. If `zinit status {service}` says stopped, mend zinit: a shutdown is no wish to stay down.",
	},
	BootSlowService: {
		Why:    "One slow service must not delay the whole container.",
		Cause:  "Zinit or hero_services waits for each service before it starts the next, or services depend on one that they do not need.",
		Change: "Register all services first and let zinit start them at once; remove dependencies from definitions that are no real ones. A shutdown or pid file of before is the other cause: see boot.second.",
	},
	BootOneshots: {
		Why:    "An install action that runs again and again changes what runs.",
		Cause:  "Hero_services registers the install or test action without oneshot, so that zinit keeps it alive.",
		Change: "Set oneshot true in the definition of that action, in hero_services.",
	},
	BootOwnProcess: {
		Why:    "The health check of a service asks another one's process: if one of them hangs, the wrong one is restarted.",
		Cause:  "Two programs take each other's socket or port, by a command or setting that was copied; or one program listens for two services.",
		Change: "Give each service the socket or port of its own, in its command ({run-action}) or its settings. If the image is right, mend the socket or port of the service in the target file.",
	},
}

// orderAdvice returns the advice for services that start in a wrong order.
func orderAdvice(rule string) Advice {
	return Advice{
		Why:    "A service that starts before what it needs fails, or serves wrong answers.",
		Cause:  "Zinit does not obey it: " + rule + "; or the dependency is missing in the definition.",
		Change: "Check requires and after in the definition of {service}. If they are right, mend or replace zinit; until then let the program wait for what it needs.",
	}
}

var dependencyAdvice = map[string]Advice{
	DependencyOneshotSignalled: {
		Why:    "A service whose preparation was killed half-way starts on data that are half prepared.",
		Cause:  "Zinit looks at the exit code alone, which is 0 for a process that a signal has ended.",
		Change: "Mend or replace zinit: a oneshot that a signal ends has failed.",
	},
	DependencyRequires:      orderAdvice("a service starts after those that it requires"),
	DependencyAfter:         orderAdvice("a service starts after those that it is ordered after"),
	DependencyOneshot:       orderAdvice("a service waits until the oneshot that it requires has succeeded"),
	DependencyOneshotFailed: orderAdvice("a service does not start if the oneshot that it requires has failed"),
	DependencyBoot:          orderAdvice("the order holds at boot too"),
	DependencyBootShipped:   orderAdvice("a shipped service starts after those that it depends on"),
	DependencyBaseReplaced: zinitAdvice("The restart of one service must not be an outage of all that use it.", "Zinit stops or restarts the dependents of a service that it replaces.",
		"dependents are left alone while their base is replaced"),
	DependencyBaseCrash: zinitAdvice("The crash of one service must not be an outage of all that use it.", "Zinit stops or restarts the dependents of a service that crashed.",
		"dependencies order starts; they say nothing about crashes"),
	DependencyBoth: zinitAdvice("After a crash of several services all have to come back.", "Zinit drops the retry of a service while one that it requires is down.",
		"a pending retry waits until the other one runs"),
	DependencyFan: zinitAdvice("Many services may wait for one, for example for the database.", "Zinit wakes only some of those that wait, or deadlocks over them.",
		"all that wait for a service have to start once it runs"),
	DependencyFanAnswers: zinitAdvice("A supervisor that does not answer cannot be operated.", "Zinit holds its lock while it works through all dependents.",
		"its RPC has to answer within 2 s whatever it does"),
	DependencyDense: zinitAdvice("Real services require each other in many ways.", "Zinit searches the dependencies in a time that explodes, or deadlocks.",
		"each service is visited once"),
	DependencyDenseAnswers: zinitAdvice("A supervisor that does not answer cannot be operated.", "Zinit searches for cycles along every path instead of once for each service.",
		"its RPC has to answer within 2 s whatever it does"),
}

// leakAdvice returns the advice for what grows with every restart.
func leakAdvice(what string) Advice {
	return Advice{
		Why:    "A container that runs for months dies of what each restart leaves behind.",
		Cause:  "Zinit keeps " + what + " of each run, or services leave it behind.",
		Change: "Look whose it is: the report names processes. If it is zinit's, mend or replace it; if it is a child of a service, let the program end its children.",
	}
}

// treeAdvice returns the advice for descendants that outlive their service.
func treeAdvice(when string) Advice {
	return Advice{
		Why:    "A descendant that is left holds sockets, ports and files that the next process needs.",
		Cause:  "Zinit ends the first process alone " + when + ", and not its process group or its descendants.",
		Change: "Mend or replace zinit: it has to end the whole tree, for example by a cgroup. Until then let the command of {run-action} end with `exec`, so that there is no shell between.",
	}
}

var processtreeAdvice = map[string]Advice{
	TreeSingle: zinitAdvice("Two processes of one service fight for its socket and its data.", "Zinit starts the new process before the old one has ended.",
		"a start waits until the old process was reaped"),
	TreeRestartGroup:   treeAdvice("at a restart"),
	TreeRestartSession: treeAdvice("at a restart"),
	TreeStopGroup:      treeAdvice("at a stop"),
	TreeStopSession:    treeAdvice("at a stop"),
	TreeZombies: {
		Why:    "Zombies use up process ids until nothing can be started.",
		Cause:  "Zinit as process 1 does not reap orphans, or the entry point is process 1 and does not.",
		Change: "Let zinit be process 1 (`exec zinit` at the end of the entry point) and reap every child; or start the container with an init.",
	},
	TreeProcesses:   leakAdvice("a process or a thread"),
	TreeDescriptors: leakAdvice("an open file"),
	TreeMemory:      leakAdvice("memory"),
}

// keptAdvice returns the advice for what has to outlive a restart.
func keptAdvice(why, cause, change string) Advice {
	return Advice{Why: why, Cause: cause, Change: change}
}

var persistenceAdvice = map[string]Advice{
	PersistenceEndSignal: {
		Why:    "A service that is killed without its own signal, or before its time, loses the work that it would have finished.",
		Cause:  "At `docker stop` the entry point or zinit kills the services, or zinit sends SIGTERM whatever stop_signal says.",
		Change: "Let the entry point pass SIGTERM on to zinit and wait; zinit has to stop each service as service.stop does. Give `docker stop` a longer time if needed.",
	},
	PersistenceAlike: {
		Why:    "A service that starts in other circumstances after a restart of the container may fail where it worked before.",
		Cause:  "The entry point or zinit sets limits, umask, folder or variables at the first boot alone, or when zinit is started again.",
		Change: "Look at the entry point for what it does at the first boot only. The failure names each circumstance, before and after.",
	},
	PersistenceDefinitions: keptAdvice("After a restart services would run by other definitions than before, unseen.",
		"Zinit keeps actions or policies in memory alone, or reads them back with defaults.",
		"Mend or replace zinit: its state has to have all members. Until then let hero_services register everything at each start of the container."),
	PersistenceStopped: keptAdvice("Whoever stopped a service had a reason.", "Zinit does not save that a service was stopped, or hero_services starts everything at boot.",
		"Mend zinit: its state has to have the wish to stay stopped. Remove start calls from hero_services and the entry point that ignore it."),
	PersistenceSingle: keptAdvice("Two processes of one service fight for its socket and its data.",
		"Zinit does not know what its killed predecessor left running, or the entry point starts a service beside zinit.",
		"Remove every start of a service from the entry point. If the second process is an orphan, mend zinit: it has to end or adopt what it finds."),
	PersistenceServing: keptAdvice("A restart of the supervisor or the container must not be a long outage.",
		"Zinit does not start over the lock or socket of its predecessor or lost its state, or a program trips over its own pid file.",
		"Read the container's log in evidence/. Let the entry point remove stale locks, sockets and pid files before `exec zinit`, or mend zinit."),
	PersistenceHealth: keptAdvice("After a restart hangs would no longer be found.", "Zinit starts services from its state without their health checks.",
		"Mend or replace zinit. Until then let hero_services register the health actions at each start of the container."),
	PersistenceRetried: keptAdvice("After a restart of the container the first crash of a service would be its last.", "Zinit starts services from its state and does not watch them, or forgets their retry policies.",
		"Mend or replace zinit: what is started from the state is supervised by {run-action} as before. Until then let hero_services register all actions at each start of the container."),
	PersistenceDeleted: keptAdvice("A deleted service that comes back is a surprise and a risk.", "Zinit does not save the deletion in its state, or hero_services wrote a TOML file that brings it back.",
		"Mend zinit: service.delete has to reach its state. Remove TOML files and their generation from hero_services."),
	PersistenceStopInTime: keptAdvice("A container that has to be killed loses what its services had not yet written.", "Process 1 ignores SIGTERM: the entry point does not hand it on, or zinit does not obey it.",
		"End the entry point with `exec`, so that zinit is process 1 and gets SIGTERM, or trap and forward it. If zinit is process 1, mend it: it has to stop all services and end."),
	PersistenceDamaged: keptAdvice("A damaged state must not look like an empty one.", "Zinit throws a damaged state away, or ends in a loop without saying why.",
		"Mend zinit: it has to say in its log that its state is damaged, and refuse to start or restore it. Let hero_services register everything at each start, so that nothing is lost."),
}

// secretAdvice returns the advice for a secret that is found somewhere.
func secretAdvice(where, cause, change string) Advice {
	return Advice{Why: "Whoever can read " + where + " has the secret.", Cause: cause, Change: change + " Then change the secret itself: it has leaked."}
}

var imageAdvice = map[string]Advice{
	ImageNoWatchdog: {
		Why:    "A loop that starts services fights with zinit and hides its mistakes.",
		Cause:  "The entry point still has the watchdog loop or the `zinit start` loop of before the migration.",
		Change: "Remove the loop from the entry point; the report has its line. Restarts are the retry policy's alone.",
	},
	ImageStaysStopped: {
		Why:    "Whoever stops a service has to be obeyed.",
		Cause:  "Something beside zinit starts services: a program that the entry point left running, or hero_services.",
		Change: "Find who called service.start at that moment in zinit's log, and remove that loop from the entry point or hero_services.",
	},
	ImageHeroDocker: {
		Why:    "Without HERO_DOCKER=1 hero_services deletes the programs of the image.",
		Cause:  "The image does not set HERO_DOCKER, or the entry point does not export it.",
		Change: "Add `ENV HERO_DOCKER=1` to the Dockerfile of the image, or `export HERO_DOCKER=1` to the entry point before hero_services starts.",
	},
	ImageHeroDockerBaked: {
		Why:    "A variable that has to be given at each `docker run` is forgotten once.",
		Cause:  "The Dockerfile of the image does not set HERO_DOCKER.",
		Change: "Add `ENV HERO_DOCKER=1` to the Dockerfile of the image.",
	},
	ImageBinariesKept: {
		Why:    "A service whose program was deleted never starts again.",
		Cause:  "HERO_DOCKER does not reach hero_services (the image or the entry point does not set or export it), or hero_services ignores it in stop_and_clean().",
		Change: "Set `ENV HERO_DOCKER=1` in the Dockerfile and export it in the entry point. If it is set, mend stop_and_clean() of hero_services: it must delete nothing then.",
	},
	ImageSocketsPrivate: {
		Why:    "Every user of the container could stop services, or read what they answer.",
		Cause:  "A program, or zinit for its own socket, creates a socket with mode 0666 or under umask 0.",
		Change: "Let the program or zinit create the sockets that the report names with mode 0600 or 0660, or set `umask 077` in the entry point.",
	},
	ImageSecretLogs: secretAdvice("a log", "The entry point, a program or zinit prints its environment (`env`, `set -x`), or an error with the secret in it; or encodes that.",
		"Remove that line from the entry point or the program; the report says in which log it was."),
	ImageSecretArguments: secretAdvice("the process list or zinit's definitions", "Hero_services writes the secret into a registered command, or the entry point or zinit gives it to a program as an argument.",
		"Hand it over in the environment: env in the definition, or export in the entry point, and let the program read it from there."),
	ImageSecretStatus: secretAdvice("zinit's status", "Zinit reports the environment or the command of a service, which hold the secret.",
		"Take the secret out of the definition and let the program read it from its environment or a file of mode 0600; or mend zinit, which must not report env."),
	ImageSecretFiles: secretAdvice("that file", "Hero_services, zinit or a program writes its environment to a file.",
		"Stop hero_services or that program from writing it, or create the file with mode 0600 on a volume that is not backed up; the report has its path."),
	ImageProbeTools: {
		Why:    "A probe whose program is missing never says anything about the service.",
		Cause:  "The health check calls a program that the image does not have, such as socat, curl or wget.",
		Change: "Install it in the Dockerfile of the image, or let the exec of {health-action} use what the image has.",
	},
}

var loadAdvice = map[string]Advice{
	LoadHerd: zinitAdvice("After a crash of everything, such as out of memory, all services have to come back.", "Zinit loses exits that come at the same time, or deadlocks over them.",
		"it has to reap and restart every one within its own budget"),
	LoadSingle: zinitAdvice("Two processes of one service fight for its socket and its data.", "Zinit starts a service twice if many exits come at once.",
		"a start waits until the old process was reaped"),
	LoadRPC: zinitAdvice("A supervisor that does not answer cannot be operated, and the health of everything is unknown.", "Zinit does slow work, such as restarts or logs, in the loop that answers its RPC.",
		"its RPC has to answer within 2 s under load"),
	LoadFlood: zinitAdvice("One talkative service must harm nobody.", "Zinit does not drain the output of a service, ends its log reader at odd bytes, or blocks over it.",
		"the log reader has to go on whatever is written; a program that writes less hides it"),
	LoadLogBounded: zinitAdvice("A supervisor that keeps every log line runs out of memory, and everything with it.", "Zinit keeps all lines of a log in memory.",
		"the log has to be bounded; a program that writes less hides it"),
	LoadPaused: zinitAdvice("Machines sleep and are migrated; afterwards everything has to run.", "Zinit takes the health checks that a pause cut for failures, and stops services for good.",
		"after a pause all services run again"),
	LoadPausedUntouched: zinitAdvice("A pause of the machine must not restart healthy services.", "Zinit measures intervals by a clock that runs on in a pause, and kills what was not even due.",
		"only checks that were running or due may be affected"),
	LoadClientsAnswered: zinitAdvice("One client that misbehaves must not keep everybody from operating the supervisor.", "Zinit serves its connections one after the other, or waits for a slow one.",
		"each connection has to be served for itself, with a time limit"),
	LoadClientsHarmless: zinitAdvice("A program that sends garbage must not be an outage.", "Zinit ends, or its main loop stops, at a broken request or a lost client.",
		"an error of a connection ends that connection alone"),
	LoadClientsLeft: zinitAdvice("A supervisor that runs for months dies of what each client leaves behind.", "Zinit keeps the file or the thread of a client that has left.",
		"it has to close what belongs to a connection that ended"),
	LoadClientsMemory: zinitAdvice("One huge request must not use up the memory of the container.", "Zinit reads requests of any size, and keeps the buffer.",
		"it has to refuse requests beyond a limit and give the buffer back"),
}

var smokeAdvice = map[string]Advice{
	SmokePaths: {
		Why:    "These paths are what users open first.",
		Cause:  "The service behind the path answers with an error, the proxy does not route it, or its program is not ready in time.",
		Change: "Ask the path inside the container, then the service behind it, and read `zinit logs` of its run action. Mend the program or the route; if another status is right, change smoke in the target file.",
	},
}

var isolationAdvice = map[string]Advice{
	IsolationBystanders: {
		Why:    "Services that change without a fault are outages that nobody caused.",
		Cause:  "Zinit or something else in the image restarts services by itself: a clock, a pid that was used again, a watcher of the entry point or of hero_services, or a program that crashes.",
		Change: "Look in zinit's log for {service} at the time in the report. If zinit sent the signal, mend zinit; if the program ended, mend the program; else remove the watcher.",
	},
	IsolationReachable: {
		Why:    "A service whose process lives and whom nobody reaches is an outage that no restart mends.",
		Cause:  "Something that runs at another service's start or end removes its socket, takes its port, or stops its process.",
		Change: "Look in zinit's log for what began or ended at the time in the report. Sockets and signals have to name one service, not all whose names begin alike.",
	},
}
