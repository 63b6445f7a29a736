package promise

import "forge.ourworld.tf/lhumina_code/hero_chaos/suites/contract"

// The promises of the theme registration.
const (
	RegistrationRoundTrip       = "registration.round-trip"
	RegistrationResetSupervised = "registration.reset-supervised"
	RegistrationResetPolicy     = "registration.reset-policy"
	RegistrationResetExec       = "registration.reset-exec"
	RegistrationResetAround     = "registration.reset-environment"
	RegistrationResetCheck      = "registration.reset-check"
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

var registration = []Promise{
	// Definitions that are read back or set again.
	blocking(RegistrationRoundTrip, "A service and its actions read back exactly as they were registered.", from(contract.Definitions), "service-actions-member", "action-nesting"),
	blocking(RegistrationResetSupervised, "A service that is registered again while it runs still comes back after a kill.", from(contract.Restart, contract.Definitions)),
	blocking(RegistrationResetPolicy, "A retry policy that is set again takes effect with the next run.", from(contract.Definitions), "reset-next-run", "action-nesting"),
	blocking(RegistrationResetExec, "A command that is set again takes effect with the next run.", from(contract.Definitions), "reset-next-run"),
	blocking(RegistrationResetAround, "Arguments, variables and a folder that are set again take effect with service.restart.", from(contract.Definitions, contract.RegisteredIsUsed), "reset-next-run"),
	blocking(RegistrationResetCheck, "A health check that is set again while its service runs goes on, by its new command after a restart at the latest.", from(contract.Definitions, contract.Health), "reset-next-run"),
	// Actions and dependencies that services share.
	blocking(RegistrationUniqueActions, "No two services of the image share an action, and every action that a service names exists.", from(contract.Bugs), "service-actions-member"),
	advisory(RegistrationActionNames, "The run and health actions of a service of the image are named after it.", from(contract.Supervision), "service-actions-member"),
	blocking(RegistrationCollision, "An action name that another service owns is refused or visibly replaced, never silently taken over.", from(contract.Definitions), "action-ownership"),
	blocking(RegistrationSharedAction, "A service that names another service's action does not run it a second time.", from(contract.Definitions), "action-ownership"),
	blocking(RegistrationNoSelf, "No service of the image depends on itself.", from(contract.Bugs)),
	blocking(RegistrationSelf, "A service that is registered with a dependency on itself is refused or runs anyway.", from(contract.Order), "self-dependency"),
	blocking(RegistrationSelfDelete, "A service that depends on itself can be deleted, and the supervisor survives.", from(contract.Orders)),
	blocking(RegistrationUnknown, "A service that requires an unknown one runs only after that one is registered.", from(contract.Definitions), "missing-accepted", "start-within-2s"),
	blocking(RegistrationMissingAction, "A service that is registered before its action starts as soon as the action exists.", from(contract.Definitions), "missing-accepted", "start-within-2s"),
	blocking(RegistrationCycle, "A service that would close a cycle of dependencies is refused, and the others stay unchanged.", from(contract.Order)),
	// Deletions.
	blocking(RegistrationDelete, "A deleted service is gone, together with its processes.", from(contract.Definitions), "effect-around-answer"),
	blocking(RegistrationDeleteActions, "The actions of a deleted service are gone.", from(contract.Definitions), "action-ownership"),
	blocking(RegistrationDeleteOthers, "The neighbours of a deleted service stay as they are and stay supervised.", from(contract.Orders)),
	advisory(RegistrationDeleteDependent, "A service stays registered if the one that it requires is deleted.", from(contract.Ours)),
	// Definitions that are wrong or unusual.
	advisory(RegistrationBadCommand, "An action whose command is empty, missing or not a string is refused.", from(contract.Ours)),
	advisory(RegistrationBadName, "A definition whose name is empty, missing or not a string is refused.", from(contract.Ours)),
	advisory(RegistrationBadPolicy, "A policy or schedule with negative or meaningless values is refused.", from(contract.Ours), "action-nesting"),
	advisory(RegistrationBadType, "A definition with a member of the wrong type or an unknown word is refused.", from(contract.Ours), "service-actions-member", "action-nesting"),
	blocking(RegistrationBadHarmless, "A refused definition changes nothing: what was registered stays, keeps running and stays supervised.", from(contract.Ours)),
	blocking(RegistrationUnknownMembers, "Members of a definition that the supervisor does not know are ignored.", from(contract.Definitions), "unknown-members-ignored"),
	blocking(RegistrationLongNames, "A very long name is refused or stored intact.", from(contract.Definitions), "long-names"),
	advisory(RegistrationOddNames, "A name with unusual characters is refused or stored intact.", from(contract.Ours)),
	// What the image registers, and how.
	blocking(RegistrationNoReload, "Nothing in the image calls service.reload.", from(contract.Supervision)),
	blocking(RegistrationShippedPolicy, "The services of the image are registered with the expected retry policy, health interval and timeout.", from(contract.Supervision), "action-nesting"),
	blocking(RegistrationNoTOML, "No service is defined in a TOML file.", from(contract.Bugs)),
}
