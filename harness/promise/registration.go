package promise

import "slices"

// The promises of the theme registration.
const (
	RegistrationRoundTrip       = "registration.round-trip"
	RegistrationResetSupervised = "registration.reset-supervised"
	RegistrationResetPolicy     = "registration.reset-policy"
	RegistrationResetExec       = "registration.reset-exec"
	RegistrationUniqueActions   = "registration.unique-actions"
	RegistrationActionNames     = "registration.action-names"
	RegistrationCollision       = "registration.collision"
	RegistrationSharedAction    = "registration.shared-action"
	RegistrationNoSelf          = "registration.no-self-dependency"
	RegistrationSelf            = "registration.self-dependency"
	RegistrationSelfDelete      = "registration.self-dependency-delete"
	RegistrationUnknown         = "registration.unknown-dependency"
	RegistrationMissingAction   = "registration.missing-action"
	RegistrationCycle           = "registration.cycle"
	RegistrationDelete          = "registration.delete"
	RegistrationDeleteActions   = "registration.delete-actions"
	RegistrationDeleteOthers    = "registration.delete-neighbours"
	RegistrationDeleteDependent = "registration.delete-dependents"
	RegistrationBadCommand      = "registration.bad-command"
	RegistrationBadName         = "registration.bad-name"
	RegistrationBadPolicy       = "registration.bad-policy"
	RegistrationBadType         = "registration.bad-type"
	RegistrationBadHarmless     = "registration.bad-harmless"
	RegistrationUnknownMembers  = "registration.unknown-members"
	RegistrationLongNames       = "registration.long-names"
	RegistrationOddNames        = "registration.odd-names"
	RegistrationNoReload        = "registration.no-reload"
	RegistrationNoTOML          = "registration.no-toml"
	RegistrationShippedPolicy   = "registration.shipped-policy"
)

// Where the promises of this theme come from, besides the contract.
const (
	sourceActionNames = "hero_zero, Supervision, action names"
	sourceReload      = "hero_zero, Supervision, service.reload"
	sourceBugsFound   = "hero_zero, the bugs found on the way"
)

func registration() []Promise {
	return slices.Concat(definitions(), owners(), removals(), refusals(), rpcOnly())
}

// nested are the assumptions that a definition's shape rests on.
func nested() []string { return []string{"service-actions-member", "action-nesting"} }

func definitions() []Promise {
	return []Promise{
		{
			ID: RegistrationRoundTrip, Sentence: "A service and its actions are read back as they were registered, in every member.",
			Source: sourceSemantics + "8", Severity: Blocking, Assumptions: nested(),
		},
		{
			ID: RegistrationResetSupervised, Sentence: "A service that is registered again while it runs is supervised as before: killed, it comes back.",
			Source: sourceSemantics + "1 and 8", Severity: Blocking,
		},
		{
			ID: RegistrationResetPolicy, Sentence: "A retry policy that is set again takes effect with the next run.",
			Source: sourceSemantics + "8", Severity: Blocking, Assumptions: []string{"reset-next-run", "action-nesting"},
		},
		{
			ID: RegistrationResetExec, Sentence: "A command that is set again takes effect with the next run.",
			Source: sourceSemantics + "8", Severity: Blocking, Assumptions: []string{"reset-next-run"},
		},
	}
}

func owners() []Promise {
	return []Promise{
		{
			ID: RegistrationUniqueActions, Sentence: "No two services of the image share an action, and every action that a service names is there.",
			Source: sourceBugsFound, Severity: Blocking, Assumptions: []string{"service-actions-member"},
		},
		{
			ID: RegistrationActionNames, Sentence: "The run and health actions of a service of the image are called after it.",
			Source: sourceActionNames, Severity: Advisory, Assumptions: []string{"service-actions-member"},
		},
		{
			ID: RegistrationCollision, Sentence: "An action's name that another service owns is refused or visibly replaced, never taken over in silence.",
			Source: sourceSemantics + "8", Severity: Blocking, Assumptions: []string{"action-ownership"},
		},
		{
			ID: RegistrationSharedAction, Sentence: "A service that names another's action does not run it a second time.",
			Source: sourceSemantics + "8", Severity: Blocking, Assumptions: []string{"action-ownership"},
		},
		{
			ID: RegistrationNoSelf, Sentence: "No service of the image depends on itself.",
			Source: sourceBugsFound, Severity: Blocking,
		},
		{
			ID: RegistrationSelf, Sentence: "A service that is registered with a dependency on itself is refused, or runs all the same.",
			Source: sourceSemantics + "7", Severity: Blocking, Assumptions: []string{"self-dependency"},
		},
		{
			ID: RegistrationSelfDelete, Sentence: "A service with a dependency on itself can be deleted, and the supervisor outlives it.",
			Source: sourceOwn, Severity: Blocking,
		},
		{
			ID: RegistrationUnknown, Sentence: "A service that requires an unknown one does not run, until that one is registered.",
			Source: sourceSemantics + "8", Severity: Blocking, Assumptions: []string{"missing-accepted", "start-within-2s"},
		},
		{
			ID: RegistrationMissingAction, Sentence: "A service that is registered before its action starts as soon as the action is there.",
			Source: sourceSemantics + "8", Severity: Blocking, Assumptions: []string{"missing-accepted", "start-within-2s"},
		},
		{
			ID: RegistrationCycle, Sentence: "A service that would close a cycle of dependencies is refused, and the others stay as they were.",
			Source: sourceSemantics + "7", Severity: Blocking,
		},
	}
}

func removals() []Promise {
	return []Promise{
		{
			ID: RegistrationDelete, Sentence: "A deleted service is gone, and so are its processes.",
			Source: sourceSemantics + "8", Severity: Blocking, Assumptions: []string{"effect-around-answer"},
		},
		{
			ID: RegistrationDeleteActions, Sentence: "The actions of a deleted service are gone.",
			Source: sourceSemantics + "8", Severity: Blocking, Assumptions: []string{"action-ownership"},
		},
		{
			ID: RegistrationDeleteOthers, Sentence: "The neighbours of a deleted service stay as they are, and stay supervised.",
			Source: sourceOwn, Severity: Blocking,
		},
		{
			ID: RegistrationDeleteDependent, Sentence: "A service stays registered when the one that it requires is deleted.",
			Source: sourceOwn, Severity: Advisory,
		},
	}
}

func refusals() []Promise {
	return []Promise{
		{
			ID: RegistrationBadCommand, Sentence: "An action whose command is empty, missing or no text is refused.",
			Source: sourceOwn, Severity: Advisory,
		},
		{
			ID: RegistrationBadName, Sentence: "A definition whose name is empty, missing or no text is refused.",
			Source: sourceOwn, Severity: Advisory,
		},
		{
			ID: RegistrationBadPolicy, Sentence: "A policy or schedule with negative or senseless values is refused.",
			Source: sourceOwn, Severity: Advisory, Assumptions: []string{"action-nesting"},
		},
		{
			ID: RegistrationBadType, Sentence: "A definition with members of a wrong type or an unknown word is refused.",
			Source: sourceOwn, Severity: Advisory, Assumptions: nested(),
		},
		{
			ID: RegistrationBadHarmless, Sentence: "A definition that is refused changes nothing: what was registered stays, runs on and is supervised.",
			Source: sourceOwn, Severity: Blocking,
		},
		{
			ID: RegistrationUnknownMembers, Sentence: "Members of a definition that the supervisor does not know are ignored.",
			Source: sourceSemantics + "8", Severity: Blocking, Assumptions: []string{"unknown-members-ignored"},
		},
		{
			ID: RegistrationLongNames, Sentence: "A very long name is refused or stored intact.",
			Source: sourceSemantics + "8", Severity: Blocking, Assumptions: []string{"long-names"},
		},
		{
			ID: RegistrationOddNames, Sentence: "A name with unusual characters is refused or stored intact.",
			Source: sourceOwn, Severity: Advisory,
		},
	}
}

func rpcOnly() []Promise {
	return []Promise{
		{
			ID: RegistrationNoReload, Sentence: "Nothing in the image calls service.reload.",
			Source: sourceReload, Severity: Blocking,
		},
		{
			ID: RegistrationShippedPolicy, Sentence: "The services of the image are registered with the retry policy, the health interval and the timeout that are expected.",
			Source: "hero_zero, Supervision", Severity: Blocking, Assumptions: []string{"action-nesting"},
		},
		{
			ID: RegistrationNoTOML, Sentence: "No service is written down in a TOML file.",
			Source: sourceBugsFound, Severity: Blocking,
		},
	}
}
