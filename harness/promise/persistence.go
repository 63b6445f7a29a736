package promise

import "forge.ourworld.tf/lhumina_code/hero_chaos/suites/contract"

// The promises of the theme persistence.
const (
	PersistenceDefinitions = "persistence.definitions"
	PersistenceStopped     = "persistence.stopped"
	PersistenceSingle      = "persistence.single"
	PersistenceServing     = "persistence.serving"
	PersistenceHealth      = "persistence.health"
	PersistenceRetried     = "persistence.retried"
	PersistenceDeleted     = "persistence.deleted"
	PersistenceStopInTime  = "persistence.stop-in-time"
	PersistenceEndSignal   = "persistence.end-signal"
	PersistenceAlike       = "persistence.circumstances"
	PersistenceDamaged     = "persistence.damaged"
	PersistenceData        = "persistence.data"
)

var persistence = []Promise{
	blocking(PersistenceDefinitions, "Registered definitions are unchanged after a restart of the supervisor or of the container, and used: the stop signal as well.", from(contract.Persistence), "definitions-survive"),
	blocking(PersistenceStopped, "A stopped service stays stopped over a restart of the supervisor or of the container.", from(contract.Restart, contract.Persistence), "definitions-survive"),
	blocking(PersistenceSingle, "After a restart of the supervisor or of the container no service runs twice.", from(contract.ProcessTree, contract.Persistence), "definitions-survive"),
	blocking(PersistenceServing, "After a restart of the supervisor or of the container every service serves within the boot budget.", from(contract.Persistence), "definitions-survive", "boot-within-60s"),
	blocking(PersistenceHealth, "After a restart of the supervisor or of the container the health checks go on.", from(contract.Checklist3, contract.Persistence), "definitions-survive"),
	blocking(PersistenceRetried, "After a restart of the supervisor or of the container a service that ends is run again by its policy.", from(contract.Restart, contract.Persistence), "definitions-survive"),
	blocking(PersistenceDeleted, "A deleted service stays deleted over a restart of the supervisor or of the container.", from(contract.Definitions, contract.Persistence, contract.Supervision), "definitions-survive"),
	blocking(PersistenceData, "What lies in the data folder is unchanged after a restart of services, of the supervisor or of the container.", from(contract.Image)),
	advisory(PersistenceStopInTime, "On `docker stop` the container ends by itself, before Docker kills it.", from(contract.ContainerEnd)),
	blocking(PersistenceEndSignal, "On `docker stop` a service is told by its own stop signal, and has its stop timeout to end.", from(contract.ContainerEnd, contract.RegisteredIsUsed)),
	blocking(PersistenceAlike, "After a restart of the supervisor or of the container every service runs in the same circumstances as before.", from(contract.Circumstances), "definitions-survive"),
	advisory(PersistenceDamaged, "If its state was damaged, the supervisor still has every definition, or refuses to start and says why.", from(contract.Ours)),
}
