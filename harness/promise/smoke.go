package promise

// The promises of the theme smoke.
const (
	SmokePaths = "smoke.paths"
)

func smoke() []Promise {
	return []Promise{
		{
			ID: SmokePaths, Sentence: "Every path of the smoke test answers with the status that is listed for it.",
			Source: sourceChecklist + "5", Severity: Blocking, Assumptions: []string{"smoke-within-120s"},
		},
	}
}
