package promise

// The promises of the theme persistence.
const (
	PersistenceDefinitions = "persistence.definitions"
	PersistenceStopped     = "persistence.stopped"
	PersistenceSingle      = "persistence.single"
	PersistenceServing     = "persistence.serving"
	PersistenceHealth      = "persistence.health"
	PersistenceDeleted     = "persistence.deleted"
	PersistenceStopInTime  = "persistence.stop-in-time"
	PersistenceDamaged     = "persistence.damaged"
)

func persistence() []Promise {
	survives := []string{"definitions-survive"}
	return []Promise{
		{
			ID: PersistenceDefinitions, Sentence: "What was registered is there, unchanged, after a restart of the supervisor or of the container.",
			Source: sourceSemantics + "9", Severity: Blocking, Assumptions: survives,
		},
		{
			ID: PersistenceStopped, Sentence: "A service that was stopped stays stopped over a restart of the supervisor or of the container.",
			Source: sourceSemantics + "1 and 9", Severity: Blocking, Assumptions: survives,
		},
		{
			ID: PersistenceSingle, Sentence: "After a restart of the supervisor or of the container no service runs twice.",
			Source: sourceSemantics + "6 and 9", Severity: Blocking, Assumptions: survives,
		},
		{
			ID: PersistenceServing, Sentence: "After a restart of the supervisor or of the container every service serves within the boot budget.",
			Source: sourceSemantics + "9", Severity: Blocking, Assumptions: []string{"definitions-survive", "boot-within-60s"},
		},
		{
			ID: PersistenceHealth, Sentence: "After a restart of the supervisor or of the container the health checks go on.",
			Source: "hero_zero, checklist 3; " + sourceSemantics + "9", Severity: Blocking, Assumptions: survives,
		},
		{
			ID: PersistenceDeleted, Sentence: "A service that was deleted stays away over a restart of the supervisor or of the container.",
			Source: sourceSemantics + "8 and 9; hero_zero, Supervision, service.reload", Severity: Blocking, Assumptions: survives,
		},
		{
			ID: PersistenceStopInTime, Sentence: "The container ends by itself on `docker stop`, before it would be killed.",
			Source: "our own: a container that has to be killed may lose what its services had not written yet", Severity: Advisory,
		},
		{
			ID: PersistenceDamaged, Sentence: "After its state was damaged the supervisor has all that was registered, or refuses to start and says why.",
			Source: "our own: definitions that are lost without a word are missed when it is too late", Severity: Advisory,
		},
	}
}
