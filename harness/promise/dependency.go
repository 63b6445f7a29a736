package promise

// The promises of the theme dependency.
const (
	DependencyRequires      = "dependency.requires"
	DependencyAfter         = "dependency.after"
	DependencyOneshot       = "dependency.oneshot"
	DependencyOneshotFailed = "dependency.oneshot-failed"
	DependencyBoot          = "dependency.boot"
	DependencyBootShipped   = "dependency.boot-shipped"
	DependencyBaseCrash     = "dependency.base-crash"
	DependencyBoth          = "dependency.both"
	DependencyFan           = "dependency.fan"
	DependencyFanAnswers    = "dependency.fan-answers"
	DependencyDense         = "dependency.dense"
	DependencyDenseAnswers  = "dependency.dense-answers"
)

func dependency() []Promise {
	return []Promise{
		{
			ID: DependencyRequires, Sentence: "A service starts after those that it requires, whatever the order of their registration.",
			Source: sourceSemantics + "7", Severity: Blocking, Assumptions: []string{"missing-accepted"},
		},
		{
			ID: DependencyAfter, Sentence: "A service starts after those that it is ordered after, whatever the order of their registration.",
			Source: sourceSemantics + "7", Severity: Blocking, Assumptions: []string{"missing-accepted"},
		},
		{
			ID: DependencyOneshot, Sentence: "A service that requires a oneshot starts when that has succeeded.",
			Source: sourceSemantics + "7", Severity: Blocking,
		},
		{
			ID: DependencyOneshotFailed, Sentence: "A service that requires a oneshot does not start when that has failed.",
			Source: sourceSemantics + "7", Severity: Blocking,
		},
		{
			ID: DependencyBoot, Sentence: "Dependencies order the start also at boot.",
			Source: sourceSemantics + "7", Severity: Blocking, Assumptions: []string{"definitions-survive"},
		},
		{
			ID: DependencyBootShipped, Sentence: "At boot a service of the image starts after those that it depends on.",
			Source: sourceSemantics + "7", Severity: Blocking,
		},
		{
			ID: DependencyBaseCrash, Sentence: "When a service crashes and comes back, those that require it are neither stopped nor replaced.",
			Source: sourceSemantics + "7", Severity: Blocking, Assumptions: []string{"dependents-stay"},
		},
		{
			ID: DependencyBoth, Sentence: "A service that crashes while the one that it requires is down comes back as well.",
			Source: sourceSemantics + "1", Severity: Blocking,
		},
		{
			ID: DependencyFan, Sentence: "300 services that require one all run once it does, and the supervisor goes on answering.",
			Source: sourceOwn, Severity: Blocking,
		},
		{
			ID: DependencyFanAnswers, Sentence: "While 300 services are registered, started and deleted every answer comes in time.",
			Source: sourceSemantics + "10", Severity: Blocking, Assumptions: []string{"rpc-within-2s"},
		},
		{
			ID: DependencyDense, Sentence: "28 services that each require all before them all run, and the supervisor goes on answering.",
			Source: sourceOwn, Severity: Blocking,
		},
		{
			ID: DependencyDenseAnswers, Sentence: "While 28 services that require each other are registered, started and deleted every answer comes in time.",
			Source: sourceSemantics + "10", Severity: Blocking, Assumptions: []string{"rpc-within-2s"},
		},
	}
}
