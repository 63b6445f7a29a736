package promise

// The promises of the theme boot.
const (
	BootRunning = "boot.running"
)

func boot() []Promise {
	return []Promise{
		{
			ID: BootRunning, Sentence: "After the start of the container every service becomes Running.",
			Source: sourceChecklist + "1", Severity: Blocking, Assumptions: []string{"boot-within-60s"},
		},
	}
}
