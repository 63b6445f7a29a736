package promise

// refusedAdvice returns the advice for a wrong definition that is accepted.
func refusedAdvice(what string) Advice {
	return Advice{
		Why:    "A wrong definition that is accepted fails later, where nobody looks for it.",
		Cause:  "Zinit does not check " + what + " in action.set or service.set.",
		Change: "Let hero_services check its definitions before it registers them, or mend zinit: it has to refuse them with an error.",
	}
}

// zinitAdvice returns the advice for what only zinit can mend.
func zinitAdvice(why, cause, rule string) Advice {
	return Advice{Why: why, Cause: cause, Change: "Mend or replace zinit: " + rule + ". No definition changes that."}
}

var registrationAdvice = map[string]Advice{
	RegistrationRoundTrip: zinitAdvice("What is registered and what is in force would differ, unseen.", "Zinit rounds durations, or loses members of a definition.",
		"service.get and action.get have to give back what was set"),
	RegistrationResetSupervised: zinitAdvice("Each update registers services that run; they must not lose their supervision by that.",
		"Zinit deadlocks at service.set of a running service, or forgets to watch it.", "a service that is set again stays supervised"),
	RegistrationResetPolicy: zinitAdvice("A mended policy has to take effect without a restart of the container.", "Zinit keeps the policy of the first registration.",
		"action.set takes effect with the next run"),
	RegistrationResetExec: zinitAdvice("A mended command has to take effect without a restart of the container.", "Zinit keeps the command of the first registration.",
		"action.set takes effect with the next run"),
	RegistrationResetAround: zinitAdvice("Whoever mends a variable restarts the service by order, and believes that it runs with the new one.",
		"Zinit keeps env, dir or exec of the run before when service.restart replaces it.", "service.restart runs the action as it was set last"),
	RegistrationResetCheck: zinitAdvice("A probe that was mended, or only registered again, has to find the next hang.", "Zinit keeps the check of the first registration, or ends the checks of a process when its service is set again.",
		"action.set takes effect with the next run of a check, and the checks go on"),
	RegistrationUniqueActions: {
		Why:    "Services that share an action overwrite each other's command.",
		Cause:  "Hero_services gives two services the same action name, or lists an action that it never registers.",
		Change: "Name every action after its service, such as {run-action} and {health-action}, and register each one that a definition lists.",
	},
	RegistrationActionNames: {
		Why:    "Names after the service are what people and this harness find an action by.",
		Cause:  "Hero_services registers a service without listing its actions, or names them otherwise.",
		Change: "Name them {run-action} and {health-action}, and list both under actions in the definition of the service.",
	},
	RegistrationCollision: zinitAdvice("A service must not lose its command because another one uses the name.", "Zinit replaces an action that another service owns without a word.",
		"action.set has to refuse the name of another service's action, or show the new owner"),
	RegistrationSharedAction: zinitAdvice("A program that runs twice fights for its socket and its data.", "Zinit runs an action once for each service that names it.",
		"an action runs for its own service only"),
	RegistrationNoSelf: {
		Why:    "A service that depends on itself waits for itself.",
		Cause:  "Hero_services registers dependencies without filtering out the service's own name.",
		Change: "Filter the name of {service} out of requires and after in its definition, in register_service_sdk() of hero_services.",
	},
	RegistrationSelf: zinitAdvice("One wrong definition must not leave a service down without a word.", "Zinit accepts a dependency of a service on itself and waits for it.",
		"it has to refuse such a definition or ignore that dependency"),
	RegistrationSelfDelete: zinitAdvice("The supervisor is what everything hangs on; it must survive any order.", "Zinit crashes when a service that depends on itself is deleted.",
		"service.delete has to survive cycles"),
	RegistrationUnknown: zinitAdvice("A service must not run before what it needs.", "Zinit takes a dependency that is not registered for met.",
		"such a service waits until that one is registered and runs"),
	RegistrationMissingAction: zinitAdvice("Definitions are registered in any order.", "Zinit does not look again at a service whose action comes later.",
		"it has to start such a service as soon as its action exists"),
	RegistrationCycle: zinitAdvice("Services in a cycle wait for each other for good.", "Zinit does not look for cycles when a definition is set.",
		"service.set has to refuse the definition that closes a cycle"),
	RegistrationDelete: zinitAdvice("A deleted service that runs on holds its socket and its data.", "Zinit forgets the service before it has stopped it.",
		"service.delete has to stop the processes first"),
	RegistrationDeleteActions: zinitAdvice("Left actions collide with the next registration.", "Zinit deletes the service and leaves its actions.",
		"service.delete has to delete the actions that the service owns"),
	RegistrationDeleteOthers: zinitAdvice("Removing one service must not be an outage of another.", "Zinit stops a neighbour of the deleted service, or no longer restarts it.",
		"service.delete touches no other service"),
	RegistrationDeleteDependent: zinitAdvice("A service must not vanish because another one does.", "Zinit deletes the services that require the deleted one.",
		"dependents stay registered and wait"),
	RegistrationBadCommand: refusedAdvice("that a command is there"),
	RegistrationBadName:    refusedAdvice("that a name is there"),
	RegistrationBadPolicy:  refusedAdvice("the values of a policy or schedule"),
	RegistrationBadType:    refusedAdvice("the types and words"),
	RegistrationBadHarmless: zinitAdvice("A mistake in one definition must not harm what runs.", "Zinit removes or changes the old definition before it checks the new one.",
		"it has to check first, and change nothing if it refuses"),
	RegistrationUnknownMembers: zinitAdvice("Newer clients send members that an older zinit does not know.", "Zinit refuses definitions with unknown members.",
		"it has to ignore them"),
	RegistrationLongNames: zinitAdvice("Two names that are cut off to the same one are the same service.", "Zinit cuts long names off.",
		"it has to refuse or keep them"),
	RegistrationOddNames: zinitAdvice("A name that is changed on the way is not found again.", "Zinit replaces characters of a name.",
		"it has to refuse or keep them"),
	RegistrationNoReload: {
		Why:    "Service.reload upserts from TOML files and undoes what was registered by RPC.",
		Cause:  "Hero_services or the entry point calls service.reload after the registration.",
		Change: "Remove the call of service.reload (or `zinit reload`) where the report found it; registration by RPC needs none.",
	},
	RegistrationNoTOML: {
		Why:    "A TOML file brings back what was deleted or changed by RPC.",
		Cause:  "Hero_services still writes a TOML file for each service, or the image ships some.",
		Change: "Remove the generation of TOML files from hero_services, and the files from the image: the report lists their paths.",
	},
	RegistrationShippedPolicy: {
		Why:    "The shipped policy is what every time limit of an outage follows from.",
		Cause:  "Hero_services registers {service} with other numbers than the contract's.",
		Change: "Register {run-action} with 20 attempts, 5000 ms delay, exponential backoff, 300000 ms maximum, 60000 ms stability (now: {policy}), and {health-action} with 60000 ms interval and timeout_ms 90000 (now: interval {interval}, timeout {timeout}). Or change policy in the target file, if the new numbers are wanted.",
	},
}
